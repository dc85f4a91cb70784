import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient, Middleware, Store } from '../../src/index.ts';
import {
  budget,
  cache,
  circuitBreaker,
  coalesce,
  fallback,
  hedge,
  memoryStore,
  rateLimit,
  retry,
  timeout,
} from '../../src/index.ts';
import { redisStore } from '../../src/redis/redis-store.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, SECOND, startChained, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';

let world: Chained;
beforeEach(async () => {
  world = await startChained();
});
afterEach(() => world.close());

const ask = (llm: LLMClient, content = 'Hi') =>
  llm.chat.completions.create({ model: FIRST, messages: [{ role: 'user', content }] });

/** Answers that stay away until they are let go. */
function gate(): { readonly answer: () => Promise<ReturnType<typeof reply>>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { answer: () => opened.then(() => reply('late')), open: () => open() };
}

describe('one layer in two clients ends with the last of them', () => {
  it('rateLimit: who waits in its queue for the other client goes on waiting', async () => {
    const limiter = rateLimit({ concurrency: 1 });
    const [one, two] = [world.client({ use: [limiter] }), world.client({ use: [limiter] })];
    const { answer, open } = gate();
    world.mock.enqueue('openai', answer);
    const running = ask(two);
    await until(() => world.asked().length === 1);
    const queued = [ask(two), rejection(ask(one))] as const;
    await until(() => limiter.snapshot()[0]?.queued === 2);
    await one.close();
    expect(await queued[1]).toMatchObject({ kind: 'aborted' });
    open();
    expect((await running).choices).toHaveLength(1);
    expect((await queued[0]).choices).toHaveLength(1);
    await until(() => limiter.snapshot()[0]?.running === 0);
    expect(world.asked()).toHaveLength(2);
    await two.close();
    expect(limiter.snapshot()).toEqual([]);
  });

  it('circuitBreaker: what has opened for one stays open when the other ends', async () => {
    const breaker = circuitBreaker({ minCalls: 1, failureRate: 0 });
    const [one, two] = [world.client({ use: [breaker] }), world.client({ use: [breaker] })];
    world.mock.enqueue('openai', fault.unavailable());
    await rejection(ask(two));
    await one.close();
    expect(await rejection(ask(two))).toMatchObject({ kind: 'circuit_open' });
  });

  it('every other layer works on', async () => {
    const layers = [
      cache(),
      coalesce(),
      budget({ maxTokens: 10_000 }),
      fallback([SECOND]),
      retry(),
      hedge({ after: 60_000 }),
      timeout(),
    ];
    const [one, two] = [world.client({ use: layers }), world.client({ use: layers })];
    await Promise.all([ask(one), ask(two)]);
    await one.close();
    expect((await ask(two)).route.cached).toBe(true);
    world.mock.enqueue('openai', fault.quota());
    expect((await ask(two, 'Another question')).route.provider).toBe('anthropic');
  });

  it('given twice to one client it ends once', async () => {
    let closed = 0;
    const own: Middleware = Object.assign(((call, next) => next(call)) as Middleware, { close: () => void closed++ });
    const [one, two] = [world.client({ use: [own, own] }), world.client({ use: [own] })];
    await ask(one);
    await one.close();
    await one.close();
    expect(closed).toBe(0);
    await two.close();
    expect(closed).toBe(1);
  });
});

describe('two of one layer in one client', () => {
  it('budgets by job and for everybody, limits by account and by model, circuits by account and by model', async () => {
    const job = budget({ maxTokens: 100, key: ({ metadata }) => String(metadata.job) });
    const all = budget({ maxTokens: 1_000 });
    const byAccount = rateLimit({ concurrency: 2, key: ({ target }) => target.provider });
    const byModel = rateLimit({ concurrency: 1 });
    const account = circuitBreaker({ minCalls: 1, failureRate: 0, key: ({ target }) => target.provider });
    const model = circuitBreaker({ minCalls: 1, failureRate: 0 });
    const llm = world.client({ use: [all, job, byAccount, byModel, account, model] });
    world.mock.enqueue('openai', reply({ usage: { promptTokens: 50, completionTokens: 40 } }));
    const question = { model: FIRST, messages, max_tokens: 20 };
    await llm.chat.completions.create(question, { metadata: { job: 'a' } });
    expect(await rejection(llm.chat.completions.create(question, { metadata: { job: 'a' } }))).toMatchObject({
      kind: 'budget_exceeded',
      details: { limit: 100 },
    });
    expect((await all.spent()).tokens?.spent).toBe(90);
    await Promise.all([1, 2, 3].map(() => llm.chat.completions.create(question, { metadata: { job: 'b' } }).catch(() => {})));
    for (const limiter of [byAccount, byModel]) expect(limiter.snapshot()).toMatchObject([{ queued: 0, running: 0 }]);
    world.mock.enqueue('openai', fault.unavailable());
    await rejection(llm.chat.completions.create(question, { metadata: { job: 'c' } }));
    expect([account, model].map((breaker) => breaker.snapshot()[0]?.state)).toEqual(['open', 'open']);
  });

  it('an inner cache with a store of its own is asked where the outer one has nothing', async () => {
    const [near, far] = [memoryStore(), memoryStore()];
    const make = () => world.client({ use: [cache({ store: near }), cache({ store: far })] });
    await ask(make());
    near.close();
    expect((await ask(make())).route).toMatchObject({ cached: true, attempts: [] });
    expect(world.asked()).toHaveLength(1);
  });
});

const redisIsMissing = redisMissing() !== undefined;
let redis: RedisServer | undefined;
beforeAll(async () => {
  if (!redisIsMissing) redis = await startRedis();
});
afterAll(() => redis?.close());

const STORES: Readonly<Record<string, () => Store>> = {
  memoryStore,
  redisStore: () =>
    redisStore(redis?.url ?? '', { prefix: `t${Math.random()}:`, commandTimeout: 10_000, connectTimeout: 10_000 }),
};

describe.each(Object.keys(STORES))('layers of two clients with one %s', (name) => {
  let store: Store;
  beforeEach(({ skip }) => {
    if (name === 'redisStore' && redisIsMissing) skip();
    store = (STORES[name] as () => Store)();
  });
  afterEach(() => store?.close());

  const pair = (make: () => Middleware[]): readonly [LLMClient, LLMClient] => [
    world.client({ store, use: make() }),
    world.client({ store, use: make() }),
  ];

  it('share circuits, cooldowns, spending, places and answers; the close of one leaves all of it to the other', async () => {
    const money = budget({ maxTokens: 1_000_000 });
    const [one, two] = pair(() => [cache(), money, retry(), rateLimit({ concurrency: 4 }), circuitBreaker({ minCalls: 2 })]);
    await ask(one);
    const { tokens } = await money.spent();
    expect(tokens?.spent).toBeGreaterThan(0);
    world.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 600 }));
    await rejection(ask(one, 'asked for a rest'));
    world.mock.enqueue('anthropic', ...Array.from({ length: 2 }, () => fault.unavailable()));
    for (const llm of [one, two]) {
      await rejection(llm.chat.completions.create({ model: SECOND, messages }, { maxRetries: 0 }));
    }
    await until(() => world.eventsOf('breaker-changed').length === 1);
    await one.close();
    expect((await ask(two)).route.cached).toBe(true);
    expect(await rejection(ask(two, 'not asked'))).toMatchObject({ code: 'cooling_down' });
    expect(await rejection(two.chat.completions.create({ model: SECOND, messages }))).toMatchObject({ kind: 'circuit_open' });
    expect((await money.spent()).tokens?.spent).toBeGreaterThanOrEqual(tokens?.spent ?? Number.NaN);
    expect((await two.chat.completions.create({ model: 'gemini/gemini-2.5-flash', messages })).choices).toHaveLength(1);
  });

  it('a place that a closed client held is free for the other', async () => {
    const [one, two] = pair(() => [rateLimit({ concurrency: 1 })]);
    world.mock.enqueue('openai', fault.stall(0));
    const lost = rejection(ask(one));
    await until(() => world.asked().length === 1);
    const waiting = ask(two);
    await one.close();
    expect(await lost).toMatchObject({ kind: 'aborted' });
    expect((await waiting).choices).toHaveLength(1);
  });
});

describe('layers of the user’s own', () => {
  it('before, between and after all others see calls, attempts and failures as they are', async () => {
    const seen: string[] = [];
    const watch =
      (name: string): Middleware =>
      async (call, next) => {
        seen.push(`${name} ${call.target.provider}`);
        try {
          return await next(call);
        } catch (error) {
          seen.push(`${name} ${(error as { kind: string }).kind}`);
          throw error;
        }
      };
    const clock = fakeClock();
    const llm = world.client({
      clock,
      use: [
        watch('outside'),
        coalesce(),
        fallback([SECOND]),
        watch('between'),
        retry({ maxRetries: 0 }),
        circuitBreaker(),
        watch('inside'),
      ],
    });
    world.mock.enqueue('openai', fault.unavailable());
    await ask(llm);
    expect(seen).toEqual([
      'outside openai',
      'between openai',
      'inside openai',
      'inside service_unavailable',
      'between service_unavailable',
      'between anthropic',
      'inside anthropic',
    ]);
  });
});
