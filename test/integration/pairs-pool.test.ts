import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient, Middleware, Pool } from '../../src/index.ts';
import {
  ConfigurationError,
  circuitBreaker,
  contextCheck,
  fallback,
  hedge,
  pool,
  providerInstance,
  rateLimit,
  retry,
  timeout,
} from '../../src/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, passing, readAll, SECOND, startChained, THIRD, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
const inFlight = (made: Pool): number[] => made.snapshot().map(({ inFlight }) => inFlight);
const MEMBERS = ['openai', 'groq', 'mistral'] as const;
const stream = { messages, stream: true } as const;

describe('a pool among the providers of a client', () => {
  it('shares the calls of its name out; the route names the member, and no fallback has happened', async () => {
    const llm = chained.client({ providers: { fast: pool([...MEMBERS]) } });
    const routes = [];
    for (let i = 0; i < 9; i++) {
      const { route } = await llm.chat.completions.create({ model: 'fast/mock-large', messages });
      expect(route).toMatchObject({ model: 'mock-large', fallback: false, attempts: [{ outcome: 'success' }] });
      routes.push(route.provider);
    }
    expect(routes).toEqual([...MEMBERS, ...MEMBERS, ...MEMBERS]);
    expect(chained.asked()).toEqual(routes);
    expect(chained.eventsOf('call-started')[0]?.target).toMatchObject({ provider: 'fast', model: 'mock-large' });
    expect(chained.eventsOf('call-ended')[0]?.target).toMatchObject({ provider: 'openai', memberOf: 'fast/mock-large' });
    expect(JSON.stringify(chained.eventsOf('call-started')[0]?.target)).toContain('"members":["openai","groq","mistral"]');
  });

  it('is asked for by its name alone where every member names a model', async () => {
    const llm = chained.client({
      providers: { big: pool(['openai/gpt-5', { model: 'anthropic/claude-sonnet-4-5', params: { max_tokens: 7 } }]) },
    });
    const models = [];
    for (let i = 0; i < 2; i++) models.push((await llm.chat.completions.create({ model: 'big', messages })).route.model);
    expect(models).toEqual(['gpt-5', 'claude-sonnet-4-5']);
    expect(chained.mock.requests.map(({ body }) => (body as { max_tokens?: number }).max_tokens)).toEqual([undefined, 7]);
  });

  it('of several keys of one service: instances of a provider', async () => {
    const at = chained.mock.baseURL('openai');
    const llm = chained.client({
      providers: {
        key_a: providerInstance('openai', { apiKey: 'a', baseURL: at }),
        key_b: providerInstance('openai', { apiKey: 'b', baseURL: at }),
        both: pool(['key_a', 'key_b']),
      },
      use: [fallback([])],
    });
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 30 }));
    const { route } = await llm.chat.completions.create({ model: 'both/gpt-5', messages });
    expect(route.attempts).toMatchObject([
      { provider: 'key_a', outcome: 'rate_limit' },
      { provider: 'key_b', outcome: 'success' },
    ]);
    for (let i = 0; i < 3; i++) {
      const { route } = await llm.chat.completions.create({ model: 'both/gpt-5', messages });
      expect(route.attempts, 'the limited key rests').toMatchObject([{ provider: 'key_b' }]);
    }
  });

  it('serves every operation but lists of models', async () => {
    const llm = chained.client({ providers: { fast: pool(['openai', 'mistral']) }, defaultProvider: 'fast' });
    const vectors = await llm.embeddings.create({ model: 'some-embedder', input: ['x'] });
    expect(vectors.route.provider).toBe('openai');
    const error = await rejection(llm.models.list({ provider: 'fast' }));
    expect(error).toMatchObject({ kind: 'configuration', code: 'pool_without_fallback' });
  });

  it('without a fallback layer is an error that says so', async () => {
    const llm = chained.client({ providers: { fast: pool(['openai']) }, use: [retry()] });
    const error = await rejection(llm.chat.completions.create({ model: 'fast/gpt-5', messages }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ provider: 'fast', message: expect.stringContaining('put fallback([]) into createClient.use') });
    expect(chained.mock.requests).toEqual([]);
  });

  it('is refused where a member is a pool, and where a member has no key it is passed over', async () => {
    const inner = pool(['openai']);
    const llm = chained.client({
      providers: { inner, outer: pool(['inner', 'groq']), keys: pool(['anthropic', 'openai']), anthropic: { apiKey: '' } },
    });
    expect(await rejection(llm.chat.completions.create({ model: 'outer/m', messages }))).toMatchObject({
      kind: 'configuration',
      message: expect.stringContaining('outer/m: its member "inner" is a pool itself'),
    });
    const { route } = await llm.chat.completions.create({ model: 'keys/m', messages });
    expect(route).toMatchObject({ provider: 'openai', warnings: [expect.stringContaining('anthropic/m was skipped')] });
  });
});

describe('pool and breaker', () => {
  it('an open circuit is passed over without a request, and the member comes back after its trial', async () => {
    const clock = fakeClock();
    const fast = pool(['openai', 'groq']);
    const llm = chained.client({
      clock,
      providers: { fast },
      use: [fallback([]), circuitBreaker({ minCalls: 1, openFor: 40_000 })],
    });
    const ask = () => llm.chat.completions.create({ model: 'fast/m', messages });
    chained.mock.enqueue('openai', fault.unavailable());
    expect((await ask()).route.attempts).toMatchObject([{ outcome: 'service_unavailable' }, { provider: 'groq' }]);
    await clock.advance(1_500);
    const sent = chained.mock.requests.length;
    const { route } = await ask();
    expect(route.attempts).toMatchObject([
      { provider: 'openai', outcome: 'circuit_open' },
      { provider: 'groq', outcome: 'success' },
    ]);
    expect(chained.mock.requests.length - sent).toBe(1);
    expect((await ask()).route.attempts, 'it rests as long as its circuit is open').toHaveLength(1);
    await clock.advance(60_000);
    const later = [(await ask()).route.provider, (await ask()).route.provider, (await ask()).route.provider];
    expect(later).toEqual(['openai', 'openai', 'groq']);
    expect(fast.snapshot()).toEqual([
      { member: 'openai', inFlight: 0 },
      { member: 'groq', inFlight: 0 },
    ]);
  });

  it('with every circuit open the chain goes on', async () => {
    const llm = chained.client({
      providers: { fast: pool(['openai', 'groq']) },
      use: [fallback(['gemini/gemini-2.5-flash']), circuitBreaker({ minCalls: 1 })],
    });
    chained.mock.enqueue('openai', fault.unavailable());
    chained.mock.enqueue('groq', fault.unavailable());
    await llm.chat.completions.create({ model: 'fast/m', messages });
    const { route } = await llm.chat.completions.create({ model: 'fast/m', messages });
    expect(route).toMatchObject({
      provider: 'gemini',
      fallback: true,
      attempts: [{ outcome: 'circuit_open' }, { outcome: 'circuit_open' }, { provider: 'gemini' }],
    });
  });
});

describe('pool and retry', () => {
  it('another member is asked before any wait; the last one is repeated', async () => {
    const clock = fakeClock();
    const llm = chained.client({
      clock,
      providers: { fast: pool(['openai', 'groq']) },
      use: [fallback([]), retry({ maxRetries: 1 }), timeout()],
      on: { waiting: ({ ms }) => void clock.advance(ms) },
    });
    chained.mock.enqueue('openai', fault.unavailable());
    chained.mock.enqueue('groq', fault.unavailable());
    const { route } = await llm.chat.completions.create({ model: 'fast/m', messages });
    expect(route.attempts.map(({ provider, waitedMs }) => [provider, waitedMs > 0])).toEqual([
      ['openai', false],
      ['groq', false],
      ['groq', true],
    ]);
  });
});

describe('pool and the newer layers', () => {
  it('a slow member is raced by itself beneath the chain; its rest does not come of losing', async () => {
    const clock = fakeClock();
    const both = pool([FIRST, SECOND], { strategy: 'weighted' });
    const llm = chained.client({ clock, providers: { both }, use: [fallback([]), hedge({ after: 100 })] });
    chained.mock.enqueue('openai', fault.stall(0), reply('from the second'));
    const pending = llm.chat.completions.create({ model: 'both', messages });
    await until(() => chained.asked().length === 1);
    await clock.advance(100);
    const { route } = await pending;
    expect(route).toMatchObject({
      provider: 'openai',
      fallback: false,
      attempts: [{ outcome: 'aborted' }, { outcome: 'success' }],
    });
    expect(both.snapshot()).toEqual([
      { member: FIRST, inFlight: 0 },
      { member: SECOND, inFlight: 0 },
    ]);
  });

  it('a list for prompts that do not fit may hold a pool: of its members one that is large enough is asked', async () => {
    const large = pool(['openai/gpt-4o', 'gemini/gemini-2.5-flash', 'openai/gpt-4.1']);
    const llm = chained.client({ use: [fallback([SECOND], { contextWindow: [large] }), contextCheck()] });
    const book = [{ role: 'user' as const, content: 'Kelp holds on to the rock. '.repeat(30_000) }];
    const models = new Set<string>();
    for (let i = 0; i < 4; i++) {
      const { route } = await llm.chat.completions.create({ model: FIRST, messages: book });
      expect(route).toMatchObject({ fallback: true, attempts: [{ outcome: 'success' }] });
      models.add(route.model);
    }
    expect([...models].sort()).toEqual(['gemini-2.5-flash', 'gpt-4.1']);
    expect(large.snapshot().every(({ inFlight }) => inFlight === 0)).toBe(true);
  });

  it('moves to other members and along the chain are free; only the repeats of the last member are paid for', async () => {
    const clock = fakeClock();
    const budget = { capacity: 2, successRefund: 0, refillPerSecond: 0 };
    const both = pool([FIRST, SECOND], { strategy: 'weighted' });
    const llm = chained.client({
      clock,
      on: passing(clock),
      providers: { both },
      use: [fallback([THIRD]), retry({ maxRetries: 2, budget })],
    });
    const down = Array.from({ length: 20 }, () => fault.unavailable());
    chained.mock.enqueue('openai', ...down);
    chained.mock.enqueue('anthropic', ...down);
    const tried = async () => (await llm.chat.completions.create({ model: 'both', messages })).route.attempts.length;
    expect(await tried()).toBe(5); // each member, two repeats of the last one, the chain
    expect(await tried()).toBeLessThanOrEqual(5);
    for (let i = 0; i < 3; i++) await tried();
    expect(await tried()).toBe(3);
    expect(chained.eventsOf('waiting').length).toBeLessThanOrEqual(4); // two tokens in each of two buckets
    expect(chained.eventsOf('budget-empty').length).toBeGreaterThan(0);
  });

  it('a member whose queue is longer than the deadline gives way to the next one', async () => {
    const clock = fakeClock();
    const both = pool([FIRST, SECOND], { strategy: 'weighted' });
    const limiter = rateLimit({ requestsPerMinute: 1 });
    const llm = chained.client({ clock, providers: { both }, use: [fallback([THIRD]), limiter] });
    const by: string[] = [];
    for (let i = 0; i < 3; i++) {
      const { route } = await llm.chat.completions.create({ model: 'both', messages }, { deadline: 10_000 });
      by.push(route.provider);
    }
    expect(by).toEqual(['openai', 'anthropic', 'gemini']);
    expect(both.snapshot().map(({ restsUntil }) => restsUntil)).toEqual([undefined, undefined]);
  });
});

describe('many streams at once', () => {
  const slow = () => fault.stall(1, { text: 'one two', chunks: ['one', ' two'] });

  async function open(llm: LLMClient, count: number) {
    return Promise.all(times(count, 0).map(() => llm.chat.completions.create({ ...stream, model: 'fast/m' })));
  }

  it('are spread over the members, and counted until each has ended, whatever ends it', async () => {
    const fast = pool([...MEMBERS]);
    const llm = chained.client({ providers: { fast } });
    for (const id of MEMBERS) chained.mock.enqueue(id, ...times(4, slow()));
    const streams = await open(llm, 12);
    expect(inFlight(fast)).toEqual([4, 4, 4]);
    expect(streams.map(({ route }) => route.provider).toSorted()).toEqual(MEMBERS.flatMap((id) => times(4, id)).toSorted());
    for (const stream of streams.slice(0, 6)) stream.controller.abort();
    await until(() => inFlight(fast).reduce((sum, n) => sum + n, 0) === 6);
    const reading = streams.slice(6).map(readAll);
    await llm.close();
    for (const { error } of await Promise.all(reading)) expect(error).toMatchObject({ kind: 'aborted', code: 'client_closed' });
    expect(inFlight(fast)).toEqual([0, 0, 0]);
  });

  it('a slow member gets fewer of the calls that follow', async () => {
    const fast = pool(['openai', 'groq']);
    const llm = chained.client({ providers: { fast } });
    chained.mock.enqueue('openai', ...times(2, slow()));
    const hanging = await open(llm, 4);
    for (const stream of hanging.filter(({ route }) => route.provider === 'groq')) await readAll(stream);
    expect(inFlight(fast)).toEqual([2, 0]);
    for (let i = 0; i < 4; i++) {
      const { route } = await llm.chat.completions.create({ model: 'fast/m', messages });
      expect(route.provider).toBe('groq');
    }
    for (const stream of hanging) stream.controller.abort();
    await until(() => inFlight(fast)[0] === 0);
  });

  it.each(['signal', 'deadline', 'idle limit', 'loop that is left'] as const)('the count goes down after a %s', async (end) => {
    const clock = fakeClock();
    const fast = pool(['openai', 'groq']);
    const controller = new AbortController();
    const llm = chained.client({ clock, providers: { fast }, use: [fallback([]), timeout({ idle: 1_000 })] });
    chained.mock.enqueue('openai', slow());
    const options = end === 'signal' ? { signal: controller.signal } : end === 'deadline' ? { deadline: 500 } : {};
    const opened = await llm.chat.completions.create({ ...stream, model: 'fast/m' }, options);
    expect(inFlight(fast)).toEqual([1, 0]);
    if (end === 'signal') controller.abort();
    if (end === 'loop that is left') for await (const _ of opened) break;
    const read = end === 'loop that is left' ? undefined : readAll(opened);
    await clock.advance(2_000);
    const error = (await read)?.error;
    if (end === 'deadline') expect(error).toMatchObject({ kind: 'timeout', phase: 'deadline' });
    if (end === 'idle limit') expect(error).toMatchObject({ kind: 'timeout', phase: 'idle' });
    expect(inFlight(fast)).toEqual([0, 0]);
    const rests = end === 'idle limit';
    expect(fast.snapshot().map(({ restsUntil = 0 }) => restsUntil > 0)).toEqual([rests, false]);
  });

  it('and before the first content: an abort while a member is silent, a deadline, a close', async () => {
    const clock = fakeClock();
    const fast = pool(['openai', 'groq']);
    const llm = chained.client({ clock, providers: { fast } });
    chained.mock.enqueue('openai', ...times(3, fault.stall(0)));
    chained.mock.enqueue('groq', ...times(3, fault.stall(0)));
    const controller = new AbortController();
    const ask = (options: object) => rejection(llm.chat.completions.create({ ...stream, model: 'fast/m' }, options));
    const aborted = ask({ signal: controller.signal });
    const late = ask({ deadline: 100 });
    await until(() => chained.mock.requests.length === 2);
    expect(inFlight(fast)).toEqual([1, 1]);
    controller.abort();
    expect(await aborted).toMatchObject({ kind: 'aborted' });
    await clock.advance(200);
    expect(await late).toMatchObject({ kind: 'timeout', phase: 'deadline' });
    await until(() => inFlight(fast).every((n) => n === 0));
    const closed = ask({});
    await until(() => chained.mock.requests.length === 3);
    await llm.close();
    expect(await closed).toMatchObject({ kind: 'aborted', code: 'client_closed' });
    await until(() => inFlight(fast).every((n) => n === 0));
  });
});

describe('a pool by latency', () => {
  it('leaves the member whose first content comes late', async () => {
    const clock = fakeClock();
    const fast = pool(['openai', 'groq'], { strategy: 'latency' });
    const slow: Middleware = async (call, next) => {
      const result = await next(call);
      await clock.advance(call.target.provider === 'openai' ? 250 : 50);
      return result;
    };
    const llm = chained.client({ clock, providers: { fast }, use: [fallback([]), slow] });
    const providers: string[] = [];
    for (let i = 0; i < 8; i++) providers.push((await llm.chat.completions.create({ model: 'fast/m', messages })).route.provider);
    expect(providers).toEqual(['openai', ...times(7, 'groq')]);
  });
});
