import { APIPromise } from 'openai/core/api-promise';
import { Stream } from 'openai/core/streaming';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChatChunk } from '../../src/index.ts';
import { isLLMError, LLMPromise } from '../../src/index.ts';
import type { Setup } from '../support/client.ts';
import { rejection, setUp } from '../support/client.ts';
import { failure, reply, silence, stream, textStream, USAGE } from '../support/openai-server.ts';

const messages = [{ role: 'user' as const, content: 'Hi' }];
const model = 'mine/small-1';

let setup: Setup;
beforeEach(async () => {
  setup = await setUp();
});
afterEach(() => setup.close());

const read = async (chunks: AsyncIterable<ChatChunk>): Promise<string> => {
  let text = '';
  for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? '';
  return text;
};

describe('a whole reply', () => {
  it('is openai’s object, with the route beside it', async () => {
    const result = await setup.llm.chat.completions.create({ model, messages, temperature: 0 });
    expect(result.choices[0]?.message.content).toBe('Hello');
    expect(Object.keys(result)).not.toContain('route');
    expect(JSON.stringify(result)).not.toContain('correlationId');
    expect(result._request_id).toBe('req_1');
    expect(result.route).toMatchObject({ provider: 'mine', model: 'small-1', warnings: [], fallback: false, usage: USAGE });
    expect(result.route.attempts).toMatchObject([
      { provider: 'mine', model: 'small-1', number: 1, waitedMs: 0, outcome: 'success', status: 200, requestId: 'req_1' },
    ]);
    expect(setup.server.requests[0]).toMatchObject({ path: '/v1/chat/completions', body: { model: 'small-1', temperature: 0 } });
    expect(setup.server.requests[0]?.headers.authorization).toBe('Bearer sk-secret-key');
  });

  it('comes in a promise that is openai’s', async () => {
    const promise = setup.llm.chat.completions.create({ model, messages });
    expect(promise).toBeInstanceOf(APIPromise);
    expect(promise).toBeInstanceOf(LLMPromise);
    const { data, response, request_id } = await promise.withResponse();
    expect(data).toBe(await promise);
    expect(response.headers.get('x-request-id')).toBe('req_1');
    expect(response.bodyUsed).toBe(true);
    expect(request_id).toBe('req_1');
    const asked = await promise.asResponse();
    expect(await asked.json()).toMatchObject({ object: 'chat.completion', choices: [{ message: { content: 'Hello' } }] });
    expect(await (await promise.rawResponse()).json()).toMatchObject({ id: 'chatcmpl-1' });
    expect(setup.server.requests).toHaveLength(1);
  });

  it('keeps its route through _thenUnwrap', async () => {
    const mapped = await setup.llm.chat.completions.create({ model, messages })._thenUnwrap((r) => ({ text: r.id }));
    expect(mapped).toEqual({ text: 'chatcmpl-1' });
    expect((mapped as { route?: { provider: string } }).route?.provider).toBe('mine');
  });

  it('rejects with a typed error that knows its attempts', async () => {
    setup.server.answer(failure(429, 'slow down', { 'retry-after': '7' }));
    const error = await rejection(setup.llm.chat.completions.create({ model, messages }, { correlationId: 'job-1' }));
    if (!isLLMError(error, 'rate_limit')) throw error;
    expect(error).toMatchObject({ provider: 'mine', model: 'small-1', status: 429, retryAfterMs: 7000, correlationId: 'job-1' });
    expect(error.attempts).toMatchObject([{ outcome: 'rate_limit', status: 429, retryAfterMs: 7000 }]);
    expect(error.attempts[0]?.error).toBe(error);
    expect(JSON.stringify(error.attempts)).not.toContain('"error"');
    expect(await rejection(setup.llm.chat.completions.create({ model, messages }).withResponse())).toMatchObject({ status: 429 });
    expect(await rejection(setup.llm.chat.completions.create({ model, messages }).asResponse())).toMatchObject({ status: 429 });
  });
});

describe('a stream', () => {
  it('is openai’s Stream with a route that learns the usage', async () => {
    setup.server.answer(stream(textStream('Hel', 'lo')));
    const chunks = await setup.llm.chat.completions.create({ model, messages, stream: true });
    expect(chunks).toBeInstanceOf(Stream);
    expect(Object.keys(chunks)).not.toContain('route');
    expect(await read(chunks)).toBe('Hello');
    expect(chunks.route).toMatchObject({ provider: 'mine', usage: USAGE });
    expect(chunks.route.attempts).toMatchObject([{ outcome: 'success', status: 200, requestId: 'req_2' }]);
    expect(setup.server.requests[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('hides the usage chunk unless it was asked for', async () => {
    setup.server.answer(stream(textStream('Hello')));
    const seen: boolean[] = [];
    for (const include_usage of [false, true]) {
      const params = { model, messages, stream: true as const, stream_options: { include_usage } };
      let usage = false;
      for await (const chunk of await setup.llm.chat.completions.create(params)) usage ||= Boolean(chunk.usage);
      seen.push(usage);
    }
    expect(seen).toEqual([false, true]);
  });

  it('can be had as the bytes that the provider sent', async () => {
    const sent = textStream('Hel', 'lo', ' there');
    for (const every of [0, 5]) {
      setup.server.answer(stream(sent, { every }));
      const response = await setup.llm.chat.completions.create({ model, messages, stream: true }).rawResponse();
      expect(response.headers.get('content-type')).toContain('text/event-stream');
      const text = await response.text();
      expect(text.match(/"content":"[^"]*"/g)?.join()).toContain('"content":" there"');
      expect(text.trimEnd().endsWith('data: [DONE]')).toBe(true);
    }
    setup.server.answer(stream(sent, { every: 5 }));
    const promise = setup.llm.chat.completions.create({ model, messages, stream: true });
    await read(await promise);
    expect(await rejection(promise.rawResponse())).toMatchObject({ kind: 'configuration', code: 'stream_consumed' });
  });

  it('can be read once, and be split', async () => {
    setup.server.answer(stream(textStream('Hel', 'lo')));
    const once = await setup.llm.chat.completions.create({ model, messages, stream: true });
    await read(once);
    expect(String(await rejection(read(once)))).toContain('Cannot iterate over a consumed stream');
    const split = await setup.llm.chat.completions.create({ model, messages, stream: true });
    const [left, right] = split.tee();
    expect(await Promise.all([read(left), read(right)])).toEqual(['Hello', 'Hello']);
    expect(right.route).toBe(split.route);
    const lines = await new Response(
      (await setup.llm.chat.completions.create({ model, messages, stream: true })).toReadableStream(),
    ).text();
    expect(
      lines
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).object),
    ).toContain('chat.completion.chunk');
  });

  it('as a response is OpenAI’s events', async () => {
    setup.server.answer(stream(textStream('Hel', 'lo')));
    const response = await setup.llm.chat.completions.create({ model, messages, stream: true }).asResponse();
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const again = Stream.fromSSEResponse<ChatChunk>(response, new AbortController());
    expect(await read(again)).toBe('Hello');
  });

  it('as a response tells a failure as an event', async () => {
    setup.server.answer(stream(textStream('Hel').slice(0, 2), { ending: 'cut' }));
    const response = await setup.llm.chat.completions.create({ model, messages, stream: true }).asResponse();
    const text = await response.text();
    expect(text).toContain('"error":{"message":"mine/small-1: stream interrupted');
    expect(text).not.toContain('[DONE]');
  });

  it('ends silently when its controller or the signal is aborted, waiting or not', async () => {
    for (const ending of ['open', 'done'] as const) {
      setup.server.answer(stream(textStream('a', 'b', 'c').slice(0, ending === 'open' ? 3 : undefined), { ending }));
      const byController = await setup.llm.chat.completions.create({ model, messages, stream: true });
      let text = '';
      for await (const chunk of byController) {
        text += chunk.choices[0]?.delta.content ?? '';
        if (text === 'a') setTimeout(() => byController.controller.abort(), ending === 'open' ? 20 : 0);
        if (text === 'a' && ending === 'done') byController.controller.abort();
      }
      expect(text).toBe(ending === 'open' ? 'ab' : 'a');

      const caller = new AbortController();
      const bySignal = await setup.llm.chat.completions.create({ model, messages, stream: true }, { signal: caller.signal });
      text = '';
      for await (const chunk of bySignal) {
        text += chunk.choices[0]?.delta.content ?? '';
        if (text === 'a') caller.abort();
      }
      expect(text).toBe('a');
      expect(bySignal.controller.signal.aborted).toBe(true);
    }
  });

  it('closes the connection when the reader leaves', async () => {
    let closed: (() => void) | undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    setup.server.answer((request, response) => {
      response.on('close', () => closed?.());
      return stream(textStream('a', 'b').slice(0, 3), { ending: 'open' })(request, response);
    });
    const chunks = await setup.llm.chat.completions.create({ model, messages, stream: true });
    for await (const chunk of chunks) if (chunk.choices[0]?.delta.content) break;
    await gone;
    expect(chunks.controller.signal.aborted).toBe(true);
  });

  it('that breaks throws with what was read, and corrects its attempt', async () => {
    setup.server.answer(stream(textStream('Hel').slice(0, 2), { ending: 'cut' }));
    const chunks = await setup.llm.chat.completions.create({ model, messages, stream: true });
    expect(chunks.route.attempts).toMatchObject([{ outcome: 'success' }]);
    const error = await rejection(read(chunks));
    if (!isLLMError(error, 'stream_interrupted')) throw error;
    expect(error.partial.content).toBe('Hel');
    expect(error.attempts).toMatchObject([{ outcome: 'stream_interrupted', number: 1 }]);
    expect(error.correlationId).toBe(chunks.route.correlationId);
    expect(chunks.route.attempts).toMatchObject([{ outcome: 'stream_interrupted' }]);
  });
});

describe('an abort', () => {
  it('before the call sends nothing', async () => {
    const error = await rejection(
      setup.llm.chat.completions.create({ model, messages }, { signal: AbortSignal.abort(new Error('stop')) }),
    );
    expect(error).toMatchObject({ kind: 'aborted', attempts: [], cause: new Error('stop') });
    expect(setup.server.requests).toHaveLength(0);
  });

  it('in a call ends it, with the attempt that was running', async () => {
    setup.server.answer(silence);
    for (const streams of [false, true]) {
      const caller = new AbortController();
      const promise = setup.llm.chat.completions.create({ model, messages, stream: streams }, { signal: caller.signal });
      setTimeout(() => caller.abort('enough'), 50);
      const error = await rejection(promise);
      expect(error).toMatchObject({ kind: 'aborted', cause: 'enough', attempts: [{ outcome: 'aborted', number: 1 }] });
    }
  });

  it('leaves no listener behind', async () => {
    const { signal } = new AbortController();
    let listening = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    const live = new Set<unknown>();
    signal.addEventListener = (name: string, listener: never, options?: never) => {
      live.add(listener);
      listening++;
      add(name, listener, options);
    };
    signal.removeEventListener = (name: string, listener: never) => {
      live.delete(listener);
      remove(name, listener);
    };
    await setup.llm.chat.completions.create({ model, messages }, { signal });
    setup.server.answer(stream(textStream('a')));
    await read(await setup.llm.chat.completions.create({ model, messages, stream: true }, { signal }));
    setup.server.answer(failure(500));
    await rejection(setup.llm.chat.completions.create({ model, messages }, { signal }));
    expect(listening).toBeGreaterThan(0);
    expect(live.size).toBe(0);
  });
});

describe('other operations', () => {
  it('complete a text', async () => {
    setup.server.answer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          id: 'cmpl-1',
          object: 'text_completion',
          created: 1,
          model: 'small-1',
          choices: [{ index: 0, text: ' world', finish_reason: 'stop', logprobs: null }],
          usage: USAGE,
        }),
      );
    });
    const result = await setup.llm.completions.create({ model, prompt: 'Hello' });
    expect(result.choices[0]?.text).toBe(' world');
    expect(result.route.usage).toEqual(USAGE);
    expect(setup.server.requests[0]).toMatchObject({ path: '/v1/completions', body: { prompt: 'Hello' } });
  });

  it('make vectors and list models', async () => {
    setup.server.answer((request, response) => {
      response.setHeader('content-type', 'application/json');
      const data = request.path.endsWith('/models')
        ? [{ id: 'small-1', object: 'model', created: 1, owned_by: 'me' }]
        : [{ object: 'embedding', index: 0, embedding: [1, 0] }];
      response.end(JSON.stringify({ object: 'list', data, model: 'small-1', usage: { prompt_tokens: 1, total_tokens: 1 } }));
    });
    const vectors = await setup.llm.embeddings.create({ model, input: 'Hi' });
    expect(vectors.data[0]?.embedding).toEqual([1, 0]);
    const models = await setup.llm.models.list({ provider: 'mine' });
    expect(models.data).toMatchObject([{ id: 'small-1' }]);
    expect(models.route).toMatchObject({ provider: 'mine', model: '' });
  });

  it('pass n and headers on', async () => {
    setup.server.answer(reply('x'));
    await setup.llm.chat.completions.create({ model, messages, n: 2 }, { headers: { 'X-Mine': 'yes' }, idempotencyKey: 'k1' });
    expect(setup.server.requests[0]?.body).toMatchObject({ n: 2 });
    expect(setup.server.requests[0]?.headers).toMatchObject({ 'x-mine': 'yes', 'idempotency-key': 'k1' });
    expect(setup.server.requests[0]?.headers['x-correlation-id']).toBeUndefined();
  });
});
