import { expect } from 'vitest';
import type { OperationName } from '../../../src/contract/call.ts';
import { fromBase64 } from '../../../src/dialects/openai/embeddings.ts';
import { fault, reply } from '../../../src/testing/index.ts';
import type { Bench, Each } from './bench.ts';
import { failureOf, typed } from './reading.ts';

const offers =
  (...operations: OperationName[]) =>
  ({ operations: all }: { readonly operations: readonly OperationName[] }): boolean =>
    operations.every((operation) => all.includes(operation));

const attempt = ({ llm, model, id }: Bench): Readonly<Record<string, () => PromiseLike<unknown>>> => ({
  complete: () => llm.completions.create({ model, prompt: 'Once' }),
  completeStream: () => llm.completions.create({ model, prompt: 'Once', stream: true }),
  embed: () => llm.embeddings.create({ model, input: 'Hi' }),
  rerank: () => llm.rerank.create({ model, query: 'Hi', documents: ['a', 'b'] }),
  models: () => llm.models.list({ provider: id }),
  listBatches: () => llm.batches.list({ provider: id }),
  listFiles: () => llm.files.list({ provider: id }),
});

export function otherOperationsConform(each: Each): void {
  each('offers what it declares, and nothing else', async (bench) => {
    let sent = 0;
    for (const [operation, call] of Object.entries(attempt(bench))) {
      if (bench.can.operations.includes(operation as OperationName)) {
        await call();
        sent++;
      } else expect(await failureOf(call())).toMatchObject({ kind: 'unsupported_operation', provider: bench.id });
    }
    expect(bench.received()).toHaveLength(sent);
  });

  each(
    'embeds as numbers and as base64',
    async ({ llm, model }) => {
      const input = ['first', 'second', 'first'];
      const plain = await llm.embeddings.create({ model, input });
      expect(plain.data.map(({ index }) => index)).toEqual([0, 1, 2]);
      const vectors = plain.data.map(({ embedding }) => embedding);
      expect(vectors[0]).toHaveLength(8);
      expect(vectors.flat().every((x) => Number.isFinite(x))).toBe(true);
      expect(vectors[2]).toEqual(vectors[0]);
      expect(vectors[1]).not.toEqual(vectors[0]);
      const float = await llm.embeddings.create({ model, input, encoding_format: 'float' });
      expect(float.data.map(({ embedding }) => embedding)).toEqual(vectors);
      const packed = await llm.embeddings.create({ model, input, encoding_format: 'base64' });
      expect(packed.data.map(({ embedding }) => fromBase64(embedding as unknown as string))).toEqual(vectors);
      expect(plain.usage.total_tokens).toBeGreaterThanOrEqual(0);
    },
    offers('embed'),
  );

  each(
    'fails to embed as it fails to chat',
    async ({ llm, model, enqueue }) => {
      enqueue(fault.contextWindow(), fault.rateLimit(), fault.html());
      for (const kind of ['context_window_exceeded', 'rate_limit', 'response_validation']) {
        expect(await failureOf(llm.embeddings.create({ model, input: 'Hi' }))).toMatchObject({ kind });
      }
    },
    offers('embed'),
  );

  each(
    'ranks documents, the most relevant first',
    async ({ llm, model, enqueue, received }) => {
      const documents = ['first text', { text: 'second text' }, 'third text'];
      const ranked = await llm.rerank.create({ model, query: 'Which?', documents, top_n: 2, return_documents: true });
      expect(ranked.results.map(({ index, document }) => [index, document?.text])).toEqual([
        [0, 'first text'],
        [1, 'second text'],
      ]);
      const [best, next] = ranked.results.map((result) => result.relevance_score);
      expect(best).toBeGreaterThan(next ?? Number.POSITIVE_INFINITY);
      const sent = JSON.stringify(received()[0]?.body);
      for (const part of ['Which?', 'first text', 'second text']) expect(sent).toContain(part);

      const all = await llm.rerank.create({ model, query: 'Which?', documents });
      expect(all.results.map(({ index, document }) => [index, document])).toEqual([0, 1, 2].map((i) => [i, undefined]));
      enqueue(fault.rateLimit(), fault.html());
      for (const kind of ['rate_limit', 'response_validation']) {
        expect(await failureOf(llm.rerank.create({ model, query: 'Which?', documents }))).toMatchObject({ kind });
      }
    },
    offers('rerank'),
  );

  each(
    'lists its models',
    async ({ llm, id, enqueue }) => {
      const { data, route } = await llm.models.list({ provider: id });
      expect(data.map((model) => model.id.replace(/:latest$/, ''))).toEqual(['mock-large', 'mock-small']);
      expect(data.every((model) => model.object === 'model' && Number.isInteger(model.created))).toBe(true);
      expect(route.provider).toBe(id);
      enqueue(fault.unavailable());
      expect(await failureOf(llm.models.list({ provider: id }))).toMatchObject({ kind: 'service_unavailable' });
    },
    offers('models'),
  );

  each(
    'completes text, whole and streamed',
    async ({ llm, model, can, enqueue }) => {
      const tale = reply({ text: ' upon a time', usage: { promptTokens: 5, completionTokens: 3 } });
      const streams = can.streams !== false;
      enqueue(tale, tale, ...(streams ? [fault.cutAfter(2)] : []), fault.quota());
      const whole = await llm.completions.create({ model, prompt: 'Once' });
      expect(whole).toMatchObject({
        object: 'text_completion',
        choices: [{ index: 0, text: ' upon a time', finish_reason: 'stop' }],
      });
      if (can.countsTokens !== false)
        expect(whole.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 });

      let text = '';
      const stream = await llm.completions.create({ model, prompt: 'Once', stream: true });
      for await (const chunk of stream) text += chunk.choices[0]?.text ?? '';
      expect(text).toBe(' upon a time');

      let error: unknown;
      text = '';
      try {
        if (streams)
          for await (const chunk of await llm.completions.create({ model, prompt: 'Once', stream: true })) {
            text += chunk.choices[0]?.text ?? '';
          }
      } catch (thrown) {
        error = thrown;
      }
      if (streams) {
        expect(typed(error)).toMatchObject({ kind: 'stream_interrupted', partial: { content: text } });
        expect(text).toBe('word1 word2');
      }
      const broke = await failureOf(llm.completions.create({ model, prompt: 'Once' }));
      expect(broke.kind).toBe('insufficient_credits');
    },
    offers('complete', 'completeStream'),
  );
}
