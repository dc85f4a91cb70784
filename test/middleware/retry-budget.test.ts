import { describe, expect, it } from 'vitest';
import type { BucketStore, Store } from '../../src/contract/store.ts';
import { ConfigurationError } from '../../src/errors/setup-errors.ts';
import { fallback } from '../../src/middleware/fallback.ts';
import type { RetryOptions } from '../../src/middleware/retry.ts';
import { retry } from '../../src/middleware/retry.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import type { Layered, Step } from '../support/layered.ts';
import { failure, layered, openStream, rejectionOf } from '../support/layered.ts';

const exact: RetryOptions = { jitter: 'none', minDelay: 0 };
const SECOND = 'anthropic/claude-sonnet-4-5';
const MODEL = 'openai/gpt-5-mini';

/** A layer whose bucket never fills up by itself. */
const still = (capacity: number, more: RetryOptions = {}) =>
  retry({ ...exact, ...more, budget: { capacity, refillPerSecond: 0, ...more.budget } });

async function outcomeOf(rig: Layered, ...given: Parameters<Layered['run']>): Promise<unknown> {
  const done = rig.run(...given).catch((error: unknown) => error);
  await rig.clock.advance(0);
  return done;
}

/** Every step but the last `times`. */
const failing = (times: number, kind: 'connection' | 'timeout' = 'connection'): Step[] =>
  Array.from({ length: times }, () => failure(kind, { retryable: true }));

describe('the retry budget', () => {
  it('holds 20 repeats by default; then failures stand at once, and each call tells it once', async () => {
    const rig = layered([retry({ ...exact, maxRetries: 4 })], failing(1));
    for (let i = 0; i < 5; i++) await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(25);
    expect(rig.eventsOf('budget-empty')).toEqual([]);
    const error = await outcomeOf(rig);
    expect(error).toMatchObject({ kind: 'connection' });
    expect(rig.attempts).toHaveLength(26);
    expect(rig.eventsOf('budget-empty')).toMatchObject([{ target: { provider: 'openai', model: 'gpt-5-mini' } }]);
    await outcomeOf(rig);
    expect(rig.eventsOf('budget-empty')).toHaveLength(2);
    expect(rig.eventsOf('waiting')).toHaveLength(20);
  });

  it('gets a token back every five seconds', async () => {
    const rig = layered([retry({ ...exact, maxRetries: 20 })], failing(1));
    await outcomeOf(rig, {}, { maxAttempts: 50 });
    expect(rig.attempts).toHaveLength(21);
    await rig.clock.advance(4_999);
    await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(22);
    await rig.clock.advance(1);
    await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(24);
  });

  it('pays two for a repeat after a timeout', async () => {
    const rig = layered([still(5, { maxRetries: 9 })], failing(1, 'timeout'));
    await outcomeOf(rig, {}, { maxAttempts: 50 });
    expect(rig.attempts).toHaveLength(3);
  });

  it('earns a token by ten successes at the first try, of whole replies and of streams that ended well', async () => {
    const streams = Array.from({ length: 4 }, openStream);
    const rig = layered([still(1, { maxRetries: 1 })], [...failing(2), ...Array(8), ...streams, ...failing(2)]);
    await outcomeOf(rig); // spends the only token
    for (let i = 0; i < 8; i++) await outcomeOf(rig);
    for (const stream of streams) expect(await outcomeOf(rig)).toBe(stream);
    streams[0]?.end();
    streams[1]?.fail(failure('stream_interrupted'));
    streams[2]?.cancel();
    await outcomeOf(rig);
    expect(rig.eventsOf('budget-empty')).toHaveLength(1); // nine and a bit
    streams[3]?.end();
    await rig.clock.advance(0);
    const before = rig.attempts.length;
    await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(before + 2);
  });

  it('earns nothing by a success that needed a repeat', async () => {
    const script: Step[] = [];
    for (let i = 0; i < 10; i++) script.push(failure('connection'), undefined);
    const rig = layered([still(10, { budget: { successRefund: 1 } })], [...script, failure('connection')]);
    for (let i = 0; i < 10; i++) await outcomeOf(rig);
    await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(21);
    expect(rig.eventsOf('budget-empty')).toHaveLength(1);
  });

  it('is never spent by first attempts or fallbacks', async () => {
    const rig = layered([fallback([SECOND]), still(1, { maxRetries: 0 })], failing(1));
    for (let i = 0; i < 30; i++) await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(60);
    expect(rig.eventsOf('budget-empty')).toEqual([]);
  });

  it('when it is empty, the chain moves on at once; the other target has a bucket of its own', async () => {
    const rig = layered([fallback([SECOND]), still(1, { maxRetries: 1 })], {
      [MODEL]: failing(1),
      [SECOND]: [failure('connection'), undefined],
    });
    await outcomeOf(rig);
    expect(rig.targets()).toEqual([MODEL, MODEL, SECOND, SECOND]);
    await outcomeOf(rig);
    expect(rig.targets().slice(4)).toEqual([MODEL, SECOND]);
  });

  it('is one for the snapshots of a model, and another for each base URL', async () => {
    const rig = layered([still(1, { maxRetries: 1 })], failing(1));
    const at = async (model: string, baseURL = ''): Promise<number> => {
      const before = rig.attempts.length;
      await outcomeOf(rig, {}, { target: { provider: 'openai', model, baseURL } });
      return rig.attempts.length - before;
    };
    expect(await at('gpt-4o-2024-08-06')).toBe(2);
    expect(await at('gpt-4o')).toBe(1);
    expect(await at('gpt-4o-mini')).toBe(2);
    expect(await at('gpt-4o', 'https://elsewhere.example/v1')).toBe(2);
  });

  it('is one for all calls at once', async () => {
    const rig = layered([still(5, { maxRetries: 1 })], failing(1));
    await Promise.all(Array.from({ length: 12 }, () => outcomeOf(rig, {}, { maxAttempts: 100 })));
    expect(rig.attempts).toHaveLength(17);
  });

  it('false: repeats cost nothing', async () => {
    const rig = layered([retry({ ...exact, budget: false })], failing(1));
    for (let i = 0; i < 20; i++) await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(60);
  });

  it('takes nothing for a repeat that was not sent', async () => {
    const refused = failure('circuit_open');
    const rig = layered([still(1, { maxRetries: 1 })], [failure('connection'), refused, failure('connection'), undefined]);
    expect(await outcomeOf(rig)).toMatchObject({ kind: 'connection' });
    expect(await outcomeOf(rig)).toMatchObject({ model: 'gpt-5-mini' });
    const caller = new AbortController();
    const left = layered([retry({ ...exact, minDelay: 50, budget: { capacity: 1, refillPerSecond: 0 } })], failing(1));
    const aborted = rejectionOf(left.run({ signal: caller.signal }));
    await left.clock.advance(0);
    caller.abort();
    expect(await aborted).toMatchObject({ kind: 'aborted' });
    const again = rejectionOf(left.run());
    await left.clock.advance(50);
    await again;
    expect(left.attempts).toHaveLength(3);
  });

  it('a policy that refuses a repeat keeps the token', async () => {
    const rig = layered([still(1, { maxRetries: 1, shouldRetry: (_, __, attempt) => attempt === 0 })], failing(1));
    await outcomeOf(rig);
    await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(2);
    expect(rig.eventsOf('budget-empty')).toEqual([]);
  });
});

describe('where the budget is kept', () => {
  it('in a store of the layer’s own, shared by the layers that have it', async () => {
    const store = memoryStore();
    const rigs = [1, 2].map(() => layered([still(1, { maxRetries: 1, store })], failing(1)));
    for (const rig of rigs) await outcomeOf(rig);
    expect(rigs.map(({ attempts }) => attempts.length)).toEqual([2, 1]);
  });

  it('elsewhere: answers with promises, asked once for a repeat and once for ten successes', async () => {
    const memory = memoryStore();
    const asked: string[] = [];
    const buckets: BucketStore = {
      take: async (...args) => {
        asked.push(`take ${args[0]} ${args[2]}`);
        return memory.buckets.take(...args);
      },
      give: async (...args) => {
        asked.push(`give ${args[0]} ${args[2].toFixed(3)}`);
        return memory.buckets.give(...args);
      },
    };
    const store: Store = { ...memory, buckets };
    const rig = layered([still(1, { maxRetries: 1, store })], [...failing(2), ...Array(10), ...failing(2)]);
    await outcomeOf(rig);
    for (let i = 0; i < 10; i++) await outcomeOf(rig);
    await outcomeOf(rig);
    expect(rig.attempts).toHaveLength(14);
    expect(asked).toEqual([
      'take retry:openai/gpt-5-mini 1',
      'give retry:openai/gpt-5-mini 1.000',
      'take retry:openai/gpt-5-mini 1',
    ]);
  });
});

describe('the numbers of a budget', () => {
  it.each<[unknown, string]>([
    [{ capacity: 0 }, 'retry.budget.capacity: expected a number ≥ 1, got 0'],
    [{ retryCost: 0 }, 'retry.budget.retryCost: expected a number > 0, got 0'],
    [{ timeoutCost: '2' }, 'retry.budget.timeoutCost: expected a number > 0, got "2"'],
    [{ successRefund: -1 }, 'retry.budget.successRefund: expected a number ≥ 0, got -1'],
    [{ refillPerSecond: Number.NaN }, 'retry.budget.refillPerSecond: expected a number ≥ 0, got NaN'],
    [{ size: 3 }, 'retry.budget.size: unknown option; known are'],
    [true, 'retry.budget: expected false or an object, got true'],
  ])('%j is refused', (budget, message) => {
    expect(() => retry({ budget } as RetryOptions)).toThrow(ConfigurationError);
    expect(() => retry({ budget } as RetryOptions)).toThrow(message);
  });

  it('a store is one, or refused', () => {
    expect(() => retry({ store: {} as Store })).toThrow(
      'retry.store: expected a store, as memoryStore() makes them, got an object',
    );
  });
});
