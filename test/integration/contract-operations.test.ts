import type { LLMClient, ProviderSettings } from 'holdfast';
import { createClient, isLLMError } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { fault, reply, startMockServer } from 'holdfast/testing';
import { zodResponseFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { rejection } from '../support/client.ts';
import { settingsAt } from '../support/provider-settings.ts';

const DIALECTS = ['openai', 'anthropic', 'gemini', 'ollama', 'cohere', 'mistral', 'groq', 'bedrock', 'watsonx', 'azure'] as const;
const messages = [{ role: 'user' as const, content: 'How deep?' }];

let mock: MockServer;
let llm: LLMClient;
const IDS = [...DIALECTS, 'jina_ai', 'voyage', 'together_ai', 'huggingface', 'deepseek', 'text-completion-openai'];
beforeAll(async () => {
  mock = await startMockServer();
  const settings = (id: string): ProviderSettings => ({
    ...settingsAt(id, '', mock.baseURL('watsonx_iam')),
    baseURL: mock.baseURL(id),
  });
  llm = createClient({ providers: Object.fromEntries(IDS.map((id) => [id, settings(id)])), use: [] });
});
afterAll(async () => {
  await llm.close();
  await mock.close();
});

describe.each(DIALECTS)('%s', (id) => {
  const model = `${id}/m`;

  it('parse gives what the schema says, and wraps what does not fit', async () => {
    const response_format = zodResponseFormat(z.object({ depth: z.number() }), 'answer');
    mock.enqueue(id, reply('{"depth":30}'), reply('{"depth":"deep"}'), reply('not JSON'));
    const good = await llm.chat.completions.parse({ model, messages, response_format });
    expect(good.choices[0]?.message.parsed).toEqual({ depth: 30 });
    expect(good.route.provider).toBe(id);
    for (let i = 0; i < 2; i++) {
      const error = await rejection(llm.chat.completions.parse({ model, messages, response_format }));
      expect(error).toMatchObject({
        name: 'ResponseValidationError',
        kind: 'response_validation',
        provider: id,
        attempts: { length: 1 },
      });
    }
  });

  it('stream is openai’s helper', async () => {
    mock.enqueue(id, reply({ chunks: ['so ', 'deep'] }), fault.auth());
    const texts: string[] = [];
    const stream = llm.chat.completions.stream({ model, messages }).on('content', (delta) => texts.push(delta));
    const final = await stream.finalChatCompletion();
    expect(texts.join('')).toBe('so deep');
    expect(final.choices[0]?.message.content).toBe('so deep');
    expect(isLLMError(await rejection(llm.chat.completions.stream({ model, messages }).done()), 'authentication')).toBe(true);
  });

  it('runTools calls functions until there is an answer', async () => {
    mock.enqueue(id, reply({ toolCalls: [{ id: 'call12345', name: 'measure', arguments: { at: 'reef' } }] }), reply('30 metres'));
    const seen: unknown[] = [];
    const runner = llm.chat.completions.runTools({
      model,
      messages,
      tools: [
        {
          type: 'function',
          function: {
            name: 'measure',
            description: 'Measures.',
            parameters: { type: 'object', properties: { at: { type: 'string' } } },
            parse: JSON.parse,
            function: (args: { at: string }) => {
              seen.push(args);
              return '30';
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toBe('30 metres');
    expect(seen).toEqual([{ at: 'reef' }]);
    expect(JSON.stringify(mock.requests.at(-1)?.body)).toContain('30');
  });

  it('models.list is the provider’s live list', async () => {
    const list = await llm.models.list({ provider: id });
    expect(list.object).toBe('list');
    expect(list.data.length).toBeGreaterThan(0);
    expect(list.data[0]).toMatchObject({ id: expect.any(String), object: 'model' });
    expect(list.route).toMatchObject({ provider: id, model: '' });
  });
});

describe('embeddings', () => {
  it.each(['openai', 'gemini', 'ollama', 'cohere', 'mistral', 'azure', 'bedrock', 'watsonx', 'voyage', 'jina_ai', 'huggingface'])(
    '%s: numbers, or base64 of float32',
    async (id) => {
      const model = `${id}/${id === 'bedrock' ? 'amazon.titan-embed-text-v2:0' : 'm'}`;
      const numbers = await llm.embeddings.create({ model, input: ['a', 'b'] });
      expect(numbers).toMatchObject({ object: 'list', data: [{ object: 'embedding', index: 0 }, { index: 1 }] });
      expect(numbers.data.every(({ embedding }) => Array.isArray(embedding) && typeof embedding[0] === 'number')).toBe(true);
      const packed = await llm.embeddings.create({ model, input: 'a', encoding_format: 'base64' });
      const bytes = Buffer.from(String(packed.data[0]?.embedding), 'base64');
      expect(bytes.length).toBe((numbers.data[0]?.embedding.length ?? 0) * 4);
      expect(bytes.readFloatLE(0)).toBeCloseTo(numbers.data[0]?.embedding[0] ?? Number.NaN, 5);
    },
  );

  it.each(['openai', 'gemini', 'jina_ai'])('%s: dimensions', async (id) => {
    const { data } = await llm.embeddings.create({ model: `${id}/m`, input: 'a', dimensions: 8 });
    expect(data[0]?.embedding).toHaveLength(8);
  });
});

describe('completions and rerank', () => {
  it.each(['openai', 'text-completion-openai', 'together_ai', 'ollama'])(
    '%s: a legacy text completion, whole and streamed',
    async (id) => {
      const whole = await llm.completions.create({ model: `${id}/m`, prompt: 'Once' });
      expect(whole).toMatchObject({ object: 'text_completion', choices: [{ text: 'Hello from the mock server.' }] });
      let text = '';
      for await (const chunk of await llm.completions.create({ model: `${id}/m`, prompt: 'Once', stream: true }))
        text += chunk.choices[0]?.text;
      expect(text).toBe('Hello from the mock server.');
    },
  );

  it.each(['cohere', 'jina_ai', 'voyage', 'together_ai', 'huggingface'])('%s: an order of documents', async (id) => {
    const ask = { model: `${id}/m`, query: 'kelp', documents: ['a rock', 'kelp', { text: 'kelp forest' }] };
    const { results } = await llm.rerank.create({ ...ask, top_n: 2, return_documents: true });
    expect(results).toHaveLength(2);
    expect(results[0]).toMatchObject({
      index: expect.any(Number),
      relevance_score: expect.any(Number),
      document: { text: expect.any(String) },
    });
    expect((await llm.rerank.create(ask)).results[0]).not.toHaveProperty('document');
  });
});

describe('message extras', () => {
  it('reasoning and signatures go back on the next turn; cache_control reaches Anthropic', async () => {
    mock.enqueue('anthropic', reply({ text: 'Deep.', reasoning: 'Kelp holds fast.' }));
    const first = await llm.chat.completions.create({ model: 'anthropic/m', messages });
    const { message } = first.choices[0] ?? {};
    expect(message?.reasoning_content).toBe('Kelp holds fast.');
    expect(message?.thinking_blocks).toMatchObject([
      { type: 'thinking', thinking: 'Kelp holds fast.', signature: expect.any(String) },
    ]);
    if (message === undefined) return;
    const next = [
      { ...messages[0], role: 'user' as const, content: 'How deep?', cache_control: { type: 'ephemeral' as const } },
      message,
      ...messages,
    ];
    await llm.chat.completions.create({ model: 'anthropic/m', messages: next });
    const sent = JSON.stringify(mock.requests.at(-1)?.body);
    expect(sent).toContain('"type":"thinking"');
    expect(sent).toContain('"cache_control":{"type":"ephemeral"}');
    for (const other of ['openai', 'gemini', 'ollama', 'cohere', 'mistral', 'groq']) {
      await llm.chat.completions.create({ model: `${other}/m`, messages: next });
      expect(JSON.stringify(mock.requests.at(-1)?.body), other).not.toMatch(/cache_control|thinking_blocks/);
    }
  });

  it('deepseek gives reasoning_content', async () => {
    mock.enqueue('deepseek', reply({ text: 'Deep.', reasoning: 'Hm.' }));
    const answer = await llm.chat.completions.create({ model: 'deepseek/m', messages });
    expect(answer.choices[0]?.message.reasoning_content).toBe('Hm.');
  });
});
