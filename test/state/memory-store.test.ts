import { describe, expect, it } from 'vitest';
import { memoryStore } from '../../src/state/memory-store.ts';
import { manualClock } from '../support/manual-clock.ts';
import { storeModels } from './models.ts';
import { storeContract } from './store-contract.ts';

describe('state in memory', () => {
  const shared = memoryStore();
  storeContract(() => shared);
  storeModels(() => shared, 300);

  const clock = manualClock();
  const context = { clock, report: () => {} };
  const bucket = { capacity: 1, refillPerSecond: 0 };
  const account = { limit: 1, windowMs: 1_000 };
  const rule = { failureRate: 0.5, minCalls: 1, windowMs: 1_000, enoughCalls: 10, openForMs: 1_000 };

  it('is there at once, without a promise', () => {
    const store = memoryStore();
    const admission = store.circuits.admit('k', rule, 1, context);
    const results = [
      store.buckets.take('k', bucket, 1, context),
      store.buckets.give('k', bucket, 1, context),
      store.slots.take('k', 1, 1, context),
      store.slots.release('k', '1', context),
      store.cooldowns.start('k', 1, context),
      store.cooldowns.left('k', context),
      store.cooldowns.end('k', context),
      store.spending.spend('k', 1, account, context),
      store.spending.settle('k', 1, account, context),
      store.answers.get('k', context),
      store.answers.set('k', 'a', 1, context),
      store.answers.delete('k', context),
      admission,
    ];
    expect(results.filter((result) => result instanceof Promise)).toEqual([]);
    expect(store.circuits.admit('k', rule, 1, context)).toBe(admission); // a closed circuit makes nothing new
  });

  it('holds ten thousand keys of a sort; the one that was used longest ago goes', () => {
    const { buckets, spending, cooldowns } = memoryStore();
    for (let i = 0; i < 10_000; i++) {
      buckets.take(`k${i}`, bucket, 1, context);
      spending.spend(`k${i}`, 1, account, context);
      cooldowns.start(`k${i}`, 1_000, context);
    }
    buckets.take('k0', bucket, 1, context);
    spending.spend('k0', 0, account, context);
    cooldowns.left('k0', context);
    buckets.take('one more', bucket, 1, context);
    spending.spend('one more', 1, account, context);
    cooldowns.start('one more', 1_000, context);
    expect([0, 2, 1].map((i) => buckets.take(`k${i}`, bucket, 1, context))).toMatchObject([
      { taken: false },
      { taken: false },
      { taken: true },
    ]);
    expect(spending.settle('k1', 0, account, context)).toMatchObject({ spent: 0 });
    expect(spending.settle('k0', 0, account, context)).toMatchObject({ spent: 1 });
    expect([cooldowns.left('k0', context), cooldowns.left('k1', context)]).toEqual([1_000, 0]);
  });

  it('holds a thousand circuits', () => {
    const { circuits } = memoryStore();
    for (let i = 0; i < 1_000; i++) circuits.admit(`k${i}`, rule, 1, context);
    circuits.admit('k0', rule, 1, context);
    circuits.admit('one more', rule, 1, context);
    const keys = circuits.known('').map(({ key }) => key);
    expect(keys).toHaveLength(1_000);
    expect(keys).not.toContain('k1');
    expect(keys.slice(-2)).toEqual(['k0', 'one more']);
  });

  it('holds 32 Mi characters of answers', () => {
    const { answers } = memoryStore();
    const big = 'x'.repeat(2 ** 23);
    for (const key of ['a', 'b', 'c', 'd']) answers.set(key, big, 1_000, context);
    answers.set('a', big, 1_000, context); // in its own place
    answers.get('b', context);
    answers.set('e', 'one more', 1_000, context);
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => answers.get(key, context) !== undefined)).toEqual(['a', 'b', 'd', 'e']);
    answers.set('huge', `${big.repeat(4)}x`, 1_000, context);
    expect(answers.get('huge', context)).toBeUndefined();
    for (const key of ['a', 'b', 'd', 'e']) answers.delete(key, context);
    for (const key of ['f', 'g', 'h', 'i']) answers.set(key, big, 1_000, context);
    expect(answers.get('f', context)).toBe(big);
  });

  it('is gone when it is closed, and usable anew', () => {
    const store = memoryStore();
    store.buckets.take('k', bucket, 1, context);
    const slot = store.slots.take('k', 1, 1_000, context);
    store.cooldowns.start('k', 1_000, context);
    store.spending.spend('k', 1, account, context);
    store.answers.set('k', 'a', 1_000, context);
    const admission = store.circuits.admit('k', rule, 1, context);
    if (admission instanceof Promise || admission.permit === undefined) throw new Error('not let through');
    store.close();
    expect(store.circuits.known('')).toEqual([]);
    expect(store.circuits.settle('k', rule, admission.permit, 'failure', 0, context)).toBeUndefined();
    expect(store.buckets.take('k', bucket, 1, context)).toMatchObject({ taken: true });
    expect(store.slots.take('k', 1, 1_000, context)).not.toBe(slot);
    expect(store.cooldowns.left('k', context)).toBe(0);
    expect(store.spending.spend('k', 1, account, context)).toMatchObject({ accepted: true });
    expect(store.answers.get('k', context)).toBeUndefined();
  });
});
