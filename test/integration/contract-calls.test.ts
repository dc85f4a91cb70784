import type { LLMClient } from 'holdfast';
import { createClient, LLMPromise, UnsupportedOperationError, UnsupportedParamsError } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { fault, reply, startMockServer } from 'holdfast/testing';
import { APIPromise } from 'openai/core/api-promise';
import { Stream } from 'openai/core/streaming';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

const messages = [{ role: 'user' as const, content: 'hi' }];
const ASK = { model: 'openai/gpt-5-mini', messages };

let mock: MockServer;
let llm: LLMClient;
const at = (...ids: string[]): Record<string, { apiKey: string; baseURL: string }> =>
  Object.fromEntries(ids.map((id) => [id, { apiKey: 'k', baseURL: mock.baseURL(id) }]));
beforeEach(async () => {
  mock = await startMockServer();
  llm = createClient({ providers: at('openai', 'anthropic', 'gemini', 'groq', 'ollama', 'cohere') });
});
afterEach(async () => {
  await llm.close();
  await mock.close();
});

const sent = (): { headers: Readonly<Record<string, string>>; body: Record<string, unknown> } => mock.requests.at(-1) as never;

describe('options of a call', () => {
  it('headers: an object, Headers, pairs, a client’s header taken off with null', async () => {
    const shapes = [{ 'X-One': '1' }, new Headers({ 'x-one': '1' }), [['X-One', '1']] as const, { 'x-one': ['1'] }];
    for (const headers of shapes) {
      await llm.chat.completions.create(ASK, { headers });
      expect(sent().headers['x-one']).toBe('1');
      expect(sent().headers.authorization).toBe('Bearer [redacted]');
    }
    await using other = createClient({ providers: at('openai'), headers: { 'X-One': '1', 'X-Two': '2' } });
    await other.chat.completions.create(ASK, { headers: { 'x-one': null, 'X-Two': undefined } });
    expect(sent().headers).not.toHaveProperty('x-one');
    expect(sent().headers['x-two']).toBe('2');
    await llm.chat.completions.create(ASK, { headers: null, signal: null });
    await llm.chat.completions.stream(ASK, { headers: new Headers({ 'x-one': 's' }) }).done();
    expect(sent().headers['x-one']).toBe('s');
  });

  it.each([{ 'x-one': 7 }, { 'x-one': {} }, 'x-one: 1', [['x-one', 1]], new Map([['x-one', '1']])])(
    'headers of another shape are a ConfigurationError: %j',
    async (headers) => {
      expect(await rejection(llm.chat.completions.create(ASK, { headers } as never))).toMatchObject({ kind: 'configuration' });
    },
  );

  it.each([{ 'x-one': 'a\r\nb: c' }, { 'x-one': 'ключ' }, { 'x one': '1' }])(
    'a header that HTTP does not have is a ConfigurationError before any request: %j',
    async (headers) => {
      const error = await rejection(llm.chat.completions.create(ASK, { headers }));
      expect(error).toMatchObject({ kind: 'configuration', provider: 'openai', attempts: [] });
      expect(String(error)).not.toMatch(/ключ|b: c/);
      expect(mock.requests).toHaveLength(0);
    },
  );

  it('a key with characters that HTTP does not have is told too; a line break at its end is forgiven', async () => {
    const { baseURL } = at('openai').openai ?? {};
    await using wrong = createClient({ providers: { openai: { apiKey: 'ключ', baseURL } } });
    expect(await rejection(wrong.chat.completions.create(ASK))).toMatchObject({ kind: 'configuration', attempts: [] });
    await using fromFile = createClient({ providers: { openai: { apiKey: 'sk-from-a-file\n', baseURL } } });
    await fromFile.chat.completions.create(ASK);
    mock.enqueue('openai', fault.status(401, { error: { message: 'wrong key: sk-from-a-file' } }));
    expect(String(await rejection(fromFile.chat.completions.create(ASK)))).not.toContain('sk-from-a-file');
  });

  it('idempotencyKey and correlationId; the latter is not sent unless wanted', async () => {
    mock.enqueue('openai', fault.unavailable());
    const answer = await llm.chat.completions.create(ASK, { idempotencyKey: 'idem-1', correlationId: 'corr-1' });
    expect(mock.requests.map(({ headers }) => headers['idempotency-key'])).toEqual(['idem-1', 'idem-1']);
    expect(answer.route.correlationId).toBe('corr-1');
    expect(JSON.stringify(mock.requests)).not.toContain('corr-1');
    await using telling = createClient({ providers: at('openai'), sendCorrelationId: true });
    await telling.chat.completions.create(ASK, { correlationId: 'corr-2' });
    expect(sent().headers['x-correlation-id']).toBe('corr-2');
  });

  it('maxRetries: none, and more', async () => {
    mock.enqueue('openai', fault.unavailable());
    expect(await rejection(llm.chat.completions.create(ASK, { maxRetries: 0 }))).toMatchObject({ attempts: { length: 1 } });
  });

  it('timeout and deadline', async () => {
    mock.enqueue('openai', fault.stall(), fault.stall());
    const error = await rejection(llm.chat.completions.create(ASK, { timeout: 40, maxRetries: 0 }));
    expect(error).toMatchObject({ kind: 'timeout', phase: 'attempt', retryable: true });
    const late = await rejection(llm.chat.completions.create(ASK, { deadline: 40 }));
    expect(late).toMatchObject({ kind: 'timeout', phase: 'deadline', retryable: false });
  });

  it('signal: AbortError, with what was tried', async () => {
    mock.enqueue('openai', fault.stall());
    const error = await rejection(llm.chat.completions.create(ASK, { signal: AbortSignal.timeout(40) }));
    expect(error).toMatchObject({ kind: 'aborted', name: 'AbortError', attempts: [{ outcome: 'aborted' }] });
    expect(await rejection(llm.chat.completions.create(ASK, { signal: AbortSignal.abort() }))).toMatchObject({ kind: 'aborted' });
    expect(mock.requests).toHaveLength(1);
  });

  it('metadata reaches listeners, never a provider', async () => {
    const seen: unknown[] = [];
    llm.on('call-ended', ({ call }) => seen.push(call.metadata.user));
    await llm.chat.completions.create(ASK, { metadata: { user: 'u-77' } });
    expect(seen).toEqual(['u-77']);
    expect(JSON.stringify(mock.requests)).not.toContain('u-77');
  });

  it('fallbacks: names, or objects with params', async () => {
    mock.enqueue('openai', fault.auth(), fault.quota());
    const fallbacks = [{ model: 'anthropic/claude', params: { max_tokens: 7 } }];
    const error = await rejection(llm.chat.completions.create(ASK, { fallbacks }));
    expect(error).toMatchObject({ kind: 'authentication' });
    const answer = await llm.chat.completions.create(ASK, { fallbacks });
    expect(answer.route).toMatchObject({ provider: 'anthropic', model: 'claude', fallback: true });
    expect(sent().body).toMatchObject({ max_tokens: 7 });
  });
});

describe('parameters that a provider lacks', () => {
  it('hints are dropped with a line in route.warnings', async () => {
    const hints = {
      user: 'u',
      metadata: { a: 'b' },
      store: true,
      service_tier: 'auto',
      safety_identifier: 's',
      prompt_cache_key: 'k',
    } as const;
    const answer = await llm.chat.completions.create({ ...ASK, ...hints, model: 'ollama/llama3.2' });
    for (const name of Object.keys(hints)) {
      expect(
        answer.route.warnings.some((line) => line.includes(name)),
        name,
      ).toBe(true);
      expect(sent().body).not.toHaveProperty(name);
    }
  });

  it('others are an UnsupportedParamsError that names both, before any request; dropped on wish', async () => {
    const ask = { ...ASK, model: 'anthropic/claude', logit_bias: { 1: 1 } };
    const error = await rejection(llm.chat.completions.create(ask));
    expect(error).toBeInstanceOf(UnsupportedParamsError);
    expect(error).toMatchObject({ param: 'logit_bias', provider: 'anthropic', status: 400, retryable: false });
    expect(String(error)).toMatch(/anthropic.*logit_bias/);
    expect(mock.requests).toHaveLength(0);
    const answer = await llm.chat.completions.create(ask, { unsupportedParams: 'drop' });
    expect(answer.route.warnings.join()).toContain('logit_bias');
    await using lenient = createClient({ providers: at('anthropic'), unsupportedParams: 'drop' });
    expect((await lenient.chat.completions.create(ask)).route.warnings.join()).toContain('logit_bias');
    expect(await rejection(lenient.chat.completions.create(ask, { unsupportedParams: 'error' }))).toMatchObject({
      param: 'logit_bias',
    });
  });

  it('an operation that a provider lacks rejects before any request', async () => {
    const calls = [
      llm.embeddings.create({ model: 'anthropic/claude', input: 'x' }),
      llm.rerank.create({ model: 'openai/gpt', query: 'q', documents: ['d'] }),
      llm.completions.create({ model: 'gemini/gemini', prompt: 'p' }),
    ];
    for (const call of calls) {
      const error = await rejection(call);
      expect(error).toBeInstanceOf(UnsupportedOperationError);
      expect(error).toMatchObject({ kind: 'unsupported_operation', attempts: [], retryable: false, status: undefined });
    }
    expect(mock.requests).toHaveLength(0);
  });

  it('providerOptions are read by their own provider only', async () => {
    const providerOptions = {
      anthropic: { thinking: { type: 'enabled' as const, budget_tokens: 1024 } },
      gemini: { safetySettings: [] },
    };
    await llm.chat.completions.create({ ...ASK, model: 'anthropic/claude', providerOptions });
    expect(sent().body).toMatchObject({ thinking: { type: 'enabled' } });
    expect(JSON.stringify(sent().body)).not.toContain('safetySettings');
    await llm.chat.completions.create({ ...ASK, providerOptions });
    expect(JSON.stringify(sent().body)).not.toMatch(/thinking|providerOptions/);
  });
});

describe('LLMPromise', () => {
  it('is openai’s APIPromise with rawResponse', async () => {
    mock.enqueue('anthropic', reply('one'));
    const promise = llm.chat.completions.create({ ...ASK, model: 'anthropic/claude' });
    expect(promise).toBeInstanceOf(LLMPromise);
    expect(promise).toBeInstanceOf(APIPromise);
    expect(promise).toBeInstanceOf(Promise);
    const { data, response, request_id } = await promise.withResponse();
    expect(data).toBe(await promise);
    expect(request_id).toBe((data as { _request_id?: string })._request_id);
    expect(response.headers.get('request-id')).toBe(request_id);
    expect(response.bodyUsed).toBe(true);
    const shaped = await promise.asResponse();
    expect(await shaped.json()).toEqual(JSON.parse(JSON.stringify(data)));
    const raw = await promise.rawResponse();
    expect(await raw.json()).toMatchObject({ type: 'message', content: [{ type: 'text', text: 'one' }] });
    expect(mock.requests).toHaveLength(1);
  });

  it('has then, catch and finally; a stream is openai’s Stream', async () => {
    let ended = 0;
    await llm.chat.completions.create(ASK).finally(() => ended++);
    mock.enqueue('openai', fault.auth());
    expect(await llm.chat.completions.create(ASK).catch((error: Error) => error.name)).toBe('AuthenticationError');
    expect(ended).toBe(1);
    const { data } = await llm.chat.completions.create({ ...ASK, stream: true }).withResponse();
    expect(data).toBeInstanceOf(Stream);
    const shaped = await llm.chat.completions.create({ ...ASK, model: 'gemini/g', stream: true }).asResponse();
    expect(await shaped.text()).toMatch(/^data: \{[\s\S]*"chat.completion.chunk"[\s\S]*data: \[DONE\]\n\n$/);
  });
});

describe('route', () => {
  it('is on results, not enumerable', async () => {
    mock.enqueue('openai', fault.unavailable());
    const answer = await llm.chat.completions.create(ASK);
    const { route } = answer;
    expect(Object.keys(answer)).not.toContain('route');
    expect(JSON.stringify(answer)).not.toContain('waitedMs');
    expect(Object.keys(route).sort()).toEqual([
      'attempts',
      'correlationId',
      'costUSD',
      'fallback',
      'model',
      'provider',
      'usage',
      'warnings',
    ]);
    expect(route.attempts.map(({ number }) => number)).toEqual([1, 2]);
    const [first, second] = route.attempts;
    expect(Object.keys(first ?? {}).sort()).toEqual(
      ['durationMs', 'model', 'number', 'outcome', 'provider', 'requestId', 'startedAt', 'status', 'waitedMs'].sort(),
    );
    expect(first).toMatchObject({
      provider: 'openai',
      model: 'gpt-5-mini',
      outcome: 'service_unavailable',
      status: 503,
      waitedMs: 0,
    });
    expect(first?.error).toMatchObject({ kind: 'service_unavailable' });
    expect(second).toMatchObject({ outcome: 'success', status: 200, waitedMs: expect.any(Number) });
    expect(second?.error).toBeUndefined();
    for (const result of [
      await llm.embeddings.create({ model: 'openai/e', input: 'x' }),
      await llm.models.list({ provider: 'groq' }),
    ]) {
      expect(result.route.attempts).toHaveLength(1);
      expect(Object.keys(result)).not.toContain('route');
    }
  });

  it('is on streams, whose usage it has whether asked for or not', async () => {
    for (const include_usage of [false, true]) {
      const stream = await llm.chat.completions.create({ ...ASK, stream: true, stream_options: { include_usage } });
      expect(Object.keys(stream)).not.toContain('route');
      const usages: unknown[] = [];
      for await (const chunk of stream) if (chunk.usage) usages.push(chunk.usage);
      expect(usages).toHaveLength(include_usage ? 1 : 0);
      expect(stream.route.usage?.total_tokens).toBeGreaterThan(0);
      expect(sent().body).toMatchObject({ stream_options: { include_usage: true } });
    }
  });

  it('stream may be a boolean variable', async () => {
    for (const stream of [true, false] as boolean[]) {
      const answer = await llm.chat.completions.create({ ...ASK, stream });
      expect('controller' in answer).toBe(stream);
      expect(answer.route.provider).toBe('openai');
    }
  });
});
