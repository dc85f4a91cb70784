import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fallback, hedge, retry } from '../../src/index.ts';
import { redisStore } from '../../src/redis/redis-store.ts';
import { fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, SECOND, startChained } from '../support/chained.ts';
import { rejection } from '../support/client.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';

const model = FIRST;

describe.skipIf(redisMissing() !== undefined)('what clients with a store in Redis remember together', () => {
  let server: RedisServer;
  let chained: Chained;
  const stores: { close(): unknown }[] = [];
  beforeAll(async () => {
    server = await startRedis();
  });
  beforeEach(async () => {
    chained = await startChained();
  });
  afterEach(async () => {
    await chained.close();
    for (const store of stores.splice(0)) await store.close();
  });
  afterAll(() => server.close());

  /** A store of its own, as another process would have it. */
  function shared(prefix: string) {
    const store = redisStore(server.url, { prefix, commandTimeout: 10_000, connectTimeout: 10_000 });
    stores.push(store);
    return store;
  }

  it('a target that asked one of them for a rest is left alone by the other', async () => {
    const [one, other] = [1, 2].map(() => chained.client({ store: shared('rest:'), use: [fallback([SECOND]), retry()] }));
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 120 }));
    await one?.chat.completions.create({ model, messages });
    const answer = await other?.chat.completions.create({ model, messages });
    expect(answer?.route.attempts).toMatchObject([{ outcome: 'circuit_open' }, { provider: 'anthropic', outcome: 'success' }]);
    expect(chained.asked()).toEqual(['openai', 'anthropic', 'anthropic']);
    const failed = await rejection(
      chained.client({ store: shared('rest:'), use: [retry()] }).chat.completions.create({ model, messages }),
    );
    expect(failed).toMatchObject({ code: 'cooling_down', reason: 'cooling down: the provider asked to be left alone' });
    expect((failed as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(120_000);
  });

  it('repeats and second requests of both are paid from one budget, and ten first tries of either fill it', async () => {
    const budget = { capacity: 2, refillPerSecond: 0 };
    const store = [shared('pay:'), shared('pay:')] as const;
    const repeating = chained.client({ store: store[0], use: [retry({ minDelay: 0, maxRetries: 1, budget })] });
    const hedging = chained.client({ store: store[1], use: [hedge({ after: 0, budget })] });
    const spent = () => chained.eventsOf('budget-empty').length;
    chained.mock.enqueue('openai', fault.unavailable(), reply(), fault.stall(), reply());
    await repeating.chat.completions.create({ model, messages });
    await hedging.chat.completions.create({ model, messages });
    expect([chained.mock.requests.length, spent()]).toEqual([4, 0]);
    chained.mock.enqueue('openai', fault.unavailable());
    await rejection(repeating.chat.completions.create({ model, messages }));
    expect([chained.mock.requests.length, spent()]).toEqual([5, 1]);
    for (let i = 0; i < 10; i++) await repeating.chat.completions.create({ model, messages });
    chained.mock.enqueue('openai', fault.unavailable());
    await repeating.chat.completions.create({ model, messages });
    expect([chained.mock.requests.length, spent()]).toEqual([17, 1]);
  });
});
