import type { Call, ClientOptions, LLMClient, Middleware } from 'holdfast';
import * as holdfast from 'holdfast';
import { circuitBreaker, createClient, fallback, retry, timeout } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { fault, startMockServer } from 'holdfast/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

const messages = [{ role: 'user' as const, content: 'hi' }];
const ASK = { model: 'openai/gpt-5-mini', messages };

let mock: MockServer;
beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(() => mock.close());

const make = (use: Middleware[], more: ClientOptions = {}): LLMClient =>
  createClient({
    providers: Object.fromEntries(
      ['openai', 'groq', 'anthropic', 'gemini'].map((id) => [id, { apiKey: 'k', baseURL: mock.baseURL(id) }]),
    ),
    use,
    ...more,
  });

describe('a layer of one’s own', () => {
  it('gets a call that cannot be changed, with all that the contract names', async () => {
    let seen: Call | undefined;
    const look: Middleware = (call, next) => {
      seen = call;
      return next(call);
    };
    const signal = new AbortController().signal;
    await make([look]).chat.completions.create(ASK, { signal, deadline: 5000, metadata: { a: 1 }, correlationId: 'c' });
    const fields = [
      'operation',
      'target',
      'request',
      'signal',
      'deadline',
      'limits',
      'options',
      'metadata',
      'correlationId',
      'report',
    ];
    for (const field of fields) expect(seen, field).toHaveProperty(field);
    expect(seen).toMatchObject({
      operation: 'chat',
      target: { provider: 'openai', model: 'gpt-5-mini' },
      metadata: { a: 1 },
      correlationId: 'c',
    });
    expect(seen?.signal).toBe(signal);
    expect(Object.isFrozen(seen)).toBe(true);
  });

  it('may call next again, change the target or the request, answer by itself, and stand anywhere', async () => {
    const twice: Middleware = (call, next) => next(call).catch(() => next(call));
    const elsewhere: Middleware = (call, next) => next({ ...call, target: call.resolve('groq/llama') });
    mock.enqueue('groq', fault.unavailable());
    for (const use of [
      [twice, elsewhere],
      [retry(), elsewhere, timeout(), twice, circuitBreaker()],
    ]) {
      const answer = await make(use).chat.completions.create(ASK);
      expect(answer.route).toMatchObject({ provider: 'groq', fallback: true });
    }
    const canned: Middleware = async () => ({ id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [] }) as never;
    const answer = await make([canned]).chat.completions.create(ASK);
    expect(answer).toMatchObject({ id: 'x', route: { attempts: [] } });
    expect((await make([canned]).chat.completions.create(ASK).withResponse()).request_id).toBeNull();
  });

  it('that throws ends the call with its own error', async () => {
    const own = new RangeError('mine');
    const broken: Middleware = () => {
      throw own;
    };
    expect(await rejection(make([retry(), broken]).chat.completions.create(ASK))).toBe(own);
  });
});

describe('each alone', () => {
  it.each([
    ['retry', () => retry({ minDelay: 1 })],
    ['fallback', () => fallback(['groq/llama'])],
  ])('%s', async (_, layer) => {
    mock.enqueue('openai', fault.unavailable());
    expect((await make([layer()]).chat.completions.create(ASK)).route.attempts).toHaveLength(2);
  });

  it('timeout and circuitBreaker', async () => {
    mock.enqueue('openai', fault.stall(), fault.unavailable());
    expect(await rejection(make([timeout({ attempt: 40 })]).chat.completions.create(ASK))).toMatchObject({ phase: 'attempt' });
    const llm = make([circuitBreaker({ minCalls: 1 })]);
    await rejection(llm.chat.completions.create(ASK));
    expect(await rejection(llm.chat.completions.create(ASK))).toMatchObject({
      kind: 'circuit_open',
      retryAfterMs: expect.any(Number),
    });
    expect((await llm.chat.completions.create({ ...ASK, model: 'openai/other' })).route.model).toBe('other');
  });
});

describe('fallback', () => {
  it('a map from models, and from any', async () => {
    const llm = make([
      fallback({ 'openai/gpt-5-mini': ['groq/llama'], '*': [{ model: 'gemini/g', params: { temperature: 0 } }] }),
    ]);
    mock.enqueue('openai', fault.unavailable(), fault.unavailable());
    expect((await llm.chat.completions.create(ASK)).route.provider).toBe('groq');
    expect((await llm.chat.completions.create({ ...ASK, model: 'openai/other' })).route.provider).toBe('gemini');
    expect(mock.requests.at(-1)?.body).toMatchObject({ generationConfig: { temperature: 0 } });
  });

  it('moves on for what another may do better, not for a wrong request or a refused key', async () => {
    const moves = [
      'rateLimit',
      'overloaded',
      'unavailable',
      'quota',
      'refused',
      'resetBeforeHeaders',
      'html',
      'contextWindow',
    ] as const;
    for (const name of moves) {
      mock.enqueue('openai', fault[name]());
      expect((await make([fallback(['groq/llama'])]).chat.completions.create(ASK)).route.provider, name).toBe('groq');
    }
    const stays = [fault.status(400), fault.status(422), fault.auth(), fault.status(403), fault.contentPolicy()];
    for (const item of stays) {
      mock.enqueue('openai', item);
      expect(await rejection(make([fallback(['groq/llama'])]).chat.completions.create(ASK))).toMatchObject({
        attempts: { length: 1 },
      });
    }
  });

  it('lists of their own for overflow and policy', async () => {
    const llm = make([fallback(['groq/llama'], { contextWindow: ['gemini/long'], contentPolicy: ['anthropic/claude'] })]);
    mock.enqueue('openai', fault.contextWindow(), fault.contentPolicy());
    expect((await llm.chat.completions.create(ASK)).route.provider).toBe('gemini');
    expect((await llm.chat.completions.create(ASK)).route.provider).toBe('anthropic');
  });

  it('skips a target without a key or with an unsupported parameter, with a warning', async () => {
    const llm = createClient({
      providers: Object.fromEntries(
        ['openai', 'anthropic', 'groq'].map((id) => [id, { apiKey: 'k', baseURL: mock.baseURL(id) }]),
      ),
      use: [fallback(['mistral/m', 'anthropic/claude', 'groq/llama'])],
    });
    mock.enqueue('openai', fault.unavailable());
    const { route } = await llm.chat.completions.create({ ...ASK, presence_penalty: 0.5 });
    expect(route.provider).toBe('groq');
    expect(route.warnings.join('\n')).toMatch(/mistral[\s\S]*anthropic/);
    expect(route.attempts).toHaveLength(2);
  });

  it('is streamed alike', async () => {
    mock.enqueue('openai', fault.unavailable());
    const stream = await make([fallback(['groq/llama'])]).chat.completions.create({ ...ASK, stream: true });
    for await (const _ of stream);
    expect(stream.route).toMatchObject({ provider: 'groq', model: 'llama', fallback: true });
  });
});

describe('what is not asked for yet', () => {
  it('is not exported, not even as a stub', async () => {
    const later = ['degrade', 'sanitize', 'telemetry', 'asFetch', 'createHandler'];
    for (const name of later) expect(holdfast).not.toHaveProperty(name);
    const llm = make([]);
    for (const name of ['images', 'audio', 'moderations', 'responses']) expect(llm).not.toHaveProperty(name);
    const error = new holdfast.NotFoundError({ message: 'x' });
    for (const name of ['toChutesJSON', 'toUserResponse']) expect(error).not.toHaveProperty(name);
  });
});
