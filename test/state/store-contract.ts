import { beforeEach, describe, expect, it } from 'vitest';
import type { CallEvent } from '../../src/contract/events.ts';
import type { BucketRule, SpendingRule, Store, StoreContext } from '../../src/contract/store.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { manualClock } from '../support/manual-clock.ts';
import { circuitContract } from './circuit-contract.ts';

/** What every store does, whatever keeps its state. The clock of the calls rules; `store` is asked for anew before each test. */
export function storeContract(store: () => Store): void {
  const rig = new Rig(store);
  beforeEach(() => rig.renew());

  describe('buckets', () => bucketContract(rig));
  describe('slots', () => slotContract(rig));
  describe('cooldowns', () => cooldownContract(rig));
  describe('spending', () => spendingContract(rig));
  describe('answers', () => answerContract(rig));
  describe('circuits', () => circuitContract(rig));
}

/** A store, a clock that is moved by hand, and a key that no other test has. */
export class Rig {
  readonly #store: () => Store;
  clock: ManualClock = manualClock();
  key = '';
  readonly events: CallEvent[] = [];
  #count = 0;

  constructor(store: () => Store) {
    this.#store = store;
  }

  get store(): Store {
    return this.#store();
  }

  get context(): StoreContext {
    return { clock: this.clock, report: (event) => this.events.push(event) };
  }

  renew(): void {
    this.clock = manualClock();
    this.events.length = 0;
    this.key = `test:${++this.#count} ü/“key” {x}`;
  }
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

function bucketContract(rig: Rig): void {
  const rule: BucketRule = { capacity: 10, refillPerSecond: 2 };
  const take = (tokens: number, of = rule, key = rig.key) => rig.store.buckets.take(key, of, tokens, rig.context);
  const give = (tokens: number, of = rule) => rig.store.buckets.give(rig.key, of, tokens, rig.context);

  it('are full to begin with, and give all or nothing', async () => {
    expect(await take(7)).toEqual({ taken: true, left: 3, waitMs: 0 });
    expect(await take(4)).toEqual({ taken: false, left: 3, waitMs: 500 });
    expect(await take(3)).toEqual({ taken: true, left: 0, waitMs: 0 });
    expect(await take(10, rule, `${rig.key} other`)).toMatchObject({ taken: true });
  });

  it('fill up with time, up to their capacity and not by time that runs backwards', async () => {
    await take(10);
    rig.clock.tick(1_500);
    expect(await take(4)).toEqual({ taken: false, left: 3, waitMs: 500 });
    rig.clock.tick(-1_000);
    expect(await take(4)).toMatchObject({ taken: false });
    rig.clock.tick(1_000);
    expect(await take(4)).toMatchObject({ taken: false, left: 3 });
    rig.clock.tick(500);
    expect(await take(4)).toMatchObject({ taken: true, left: 0 });
    rig.clock.tick(60_000);
    expect(await take(11)).toEqual({ taken: false, left: 10, waitMs: Number.POSITIVE_INFINITY });
  });

  it('say how long to wait: as many whole milliseconds, and then the tokens are there', async () => {
    const thirds = { capacity: 5, refillPerSecond: 1 / 3 };
    await take(5, thirds);
    for (const tokens of [1, 0.1, 2.7, 5, 1e-3]) {
      const { taken, waitMs } = await take(tokens, thirds);
      expect([taken, Number.isInteger(waitMs)]).toEqual([false, true]);
      rig.clock.tick(waitMs - 1);
      expect(await take(tokens, thirds)).toEqual({ taken: false, left: expect.any(Number), waitMs: 1 });
      rig.clock.tick(1);
      expect(await take(tokens, thirds)).toMatchObject({ taken: true });
    }
  });

  it('never say that waiting helps where it does not', async () => {
    const still = { capacity: 2, refillPerSecond: 0 };
    await take(2, still);
    expect(await take(1, still)).toEqual({ taken: false, left: 0, waitMs: Number.POSITIVE_INFINITY });
    rig.clock.tick(3_600_000);
    expect(await take(1, still)).toMatchObject({ taken: false });
    await give(1, still);
    expect(await take(1, still)).toMatchObject({ taken: true });
  });

  it('take back what is given, up to their capacity', async () => {
    await take(6);
    await give(2.5);
    expect(await take(0)).toMatchObject({ taken: true, left: 6.5 });
    await give(100);
    expect(await take(0)).toMatchObject({ left: 10 });
  });

  it('are in debt after a negative gift, and pay it off first', async () => {
    await give(-15);
    expect(await take(1)).toEqual({ taken: false, left: -5, waitMs: 3_000 });
    rig.clock.tick(2_500);
    expect(await take(0)).toMatchObject({ taken: true, left: 0 });
    rig.clock.tick(500);
    expect(await take(1)).toMatchObject({ taken: true, left: 0 });
  });

  it('count ten tenths as one', async () => {
    await take(10, { capacity: 10, refillPerSecond: 0 });
    for (const tenth of times(10, () => 0.1)) await give(tenth, { capacity: 10, refillPerSecond: 0 });
    expect(await take(1, { capacity: 10, refillPerSecond: 0 })).toMatchObject({ taken: true, left: 0 });
  });

  it('give a burst exactly what they hold', async () => {
    const taken = await Promise.all(times(50, () => take(1)));
    expect(taken.filter(({ taken }) => taken)).toHaveLength(10);
  });

  it('are held to the rule of the step, should it change', async () => {
    await take(1);
    expect(await take(0, { capacity: 4, refillPerSecond: 2 })).toMatchObject({ left: 4 });
    expect(await take(3, { capacity: 4, refillPerSecond: 2 })).toMatchObject({ taken: true, left: 1 });
  });
}

function slotContract(rig: Rig): void {
  const take = (limit = 2, leaseMs = 1_000) => rig.store.slots.take(rig.key, limit, leaseMs, rig.context);
  const release = (slot: string | undefined) => rig.store.slots.release(rig.key, slot ?? '', rig.context);

  it('are as many as the limit says, each with an id of its own', async () => {
    const slots = [await take(), await take()];
    expect(new Set(slots).size).toBe(2);
    expect(slots).not.toContain(undefined);
    expect(await take()).toBeUndefined();
    expect(await take(3)).toBeTypeOf('string');
    expect(await rig.store.slots.take(`${rig.key} other`, 1, 1_000, rig.context)).toBeTypeOf('string');
  });

  it('are free again once released, each once', async () => {
    const [one] = [await take(), await take()];
    await release(one);
    await release(one);
    await release('nobody’s');
    expect(await take()).toBeTypeOf('string');
    expect(await take()).toBeUndefined();
  });

  it('are free again when their lease ends', async () => {
    await take(2, 1_000);
    const late = await take(2, 3_000);
    rig.clock.tick(999);
    expect(await take()).toBeUndefined();
    rig.clock.tick(1);
    const next = await take(2, Number.POSITIVE_INFINITY);
    expect(next).toBeTypeOf('string');
    expect(await take()).toBeUndefined();
    rig.clock.tick(5_000);
    await release(late); // its lease had ended: releasing it frees no one else's place
    expect(await take(1)).toBeUndefined();
    await release(next);
    expect(await take(1)).toBeTypeOf('string');
  });

  it('give a burst no more than the limit', async () => {
    const slots = await Promise.all(times(40, () => take(7)));
    expect(slots.filter((slot) => slot !== undefined)).toHaveLength(7);
  });
}

function cooldownContract(rig: Rig): void {
  const start = (ms: number) => rig.store.cooldowns.start(rig.key, ms, rig.context);
  const left = () => rig.store.cooldowns.left(rig.key, rig.context);

  it('run down', async () => {
    expect(await left()).toBe(0);
    await start(1_000);
    rig.clock.tick(400);
    expect(await left()).toBe(600);
    rig.clock.tick(600);
    expect(await left()).toBe(0);
    expect(await rig.store.cooldowns.left(`${rig.key} other`, rig.context)).toBe(0);
  });

  it('are made longer, never shorter', async () => {
    await start(1_000);
    await start(300);
    expect(await left()).toBe(1_000);
    await start(2_500.5);
    expect(await left()).toBe(2_500.5);
    await start(0);
    await start(-5);
    expect(await left()).toBe(2_500.5);
  });

  it('end when they are told to', async () => {
    await start(1_000);
    await rig.store.cooldowns.end(rig.key, rig.context);
    expect(await left()).toBe(0);
    await start(10);
    expect(await left()).toBe(10);
  });
}

function spendingContract(rig: Rig): void {
  const rule: SpendingRule = { limit: 1, windowMs: 10_000 };
  const spend = (amount: number, of = rule) => rig.store.spending.spend(rig.key, amount, of, rig.context);
  const settle = (amount: number, of = rule) => rig.store.spending.settle(rig.key, amount, of, rig.context);

  it('is accepted up to the limit, all of an amount or nothing', async () => {
    expect(await spend(0.25)).toEqual({ accepted: true, spent: 0.25, resetMs: 10_000 });
    expect(await spend(0.5)).toEqual({ accepted: true, spent: 0.75, resetMs: 10_000 });
    expect(await spend(0.375)).toEqual({ accepted: false, spent: 0.75, resetMs: 10_000 });
    expect(await spend(0.25)).toMatchObject({ accepted: true, spent: 1 });
    expect(await rig.store.spending.spend(`${rig.key} other`, 1, rule, rig.context)).toMatchObject({ accepted: true });
  });

  it('is exact to a billionth', async () => {
    for (const amount of [0.1, 0.2, 0.3, 0.4]) expect(await spend(amount)).toMatchObject({ accepted: true });
    expect(await spend(1e-6)).toMatchObject({ accepted: false });
  });

  it('begins anew when its window has ended, which began with the first amount', async () => {
    expect(await spend(2)).toEqual({ accepted: false, spent: 0, resetMs: 10_000 });
    expect(await settle(-1)).toEqual({ accepted: true, spent: 0, resetMs: 10_000 });
    rig.clock.tick(4_000);
    await spend(0.5);
    rig.clock.tick(9_999);
    expect(await spend(0.75)).toEqual({ accepted: false, spent: 0.5, resetMs: 1 });
    rig.clock.tick(1);
    expect(await spend(0.75)).toEqual({ accepted: true, spent: 0.75, resetMs: 10_000 });
  });

  it('never begins anew with a window without end', async () => {
    const forever = { limit: 5, windowMs: Number.POSITIVE_INFINITY };
    expect(await spend(3, forever)).toEqual({ accepted: true, spent: 3, resetMs: Number.POSITIVE_INFINITY });
    rig.clock.tick(1e12);
    expect(await spend(3, forever)).toMatchObject({ accepted: false, spent: 3 });
  });

  it('is settled whatever the limit, and never below nothing', async () => {
    await spend(0.5);
    expect(await settle(2)).toMatchObject({ accepted: true, spent: 2.5 });
    expect(await spend(0)).toMatchObject({ accepted: false });
    expect(await settle(-2.25)).toMatchObject({ spent: 0.25 });
    expect(await settle(-7)).toMatchObject({ spent: 0 });
    expect(await spend(1)).toMatchObject({ accepted: true, spent: 1 });
  });

  it('lets a burst spend the limit and no more', async () => {
    const all = await Promise.all(times(40, () => spend(0.125)));
    expect(all.filter(({ accepted }) => accepted)).toHaveLength(8);
  });
}

function answerContract(rig: Rig): void {
  const get = () => rig.store.answers.get(rig.key, rig.context);
  const set = (answer: string, ttlMs = 1_000) => rig.store.answers.set(rig.key, answer, ttlMs, rig.context);

  it('are kept as they are until they are too old', async () => {
    expect(await get()).toBeUndefined();
    const answer = `“Grüße”, 你好 😀\u0000\r\n${'x'.repeat(300_000)}`;
    await set(answer);
    expect(await get()).toBe(answer);
    rig.clock.tick(999);
    expect(await get()).toBe(answer);
    rig.clock.tick(1);
    expect(await get()).toBeUndefined();
  });

  it('replace each other, with a time of their own', async () => {
    await set('one', 100);
    await set('', 5_000);
    rig.clock.tick(4_999);
    expect(await get()).toBe('');
    await set('two', Number.POSITIVE_INFINITY);
    rig.clock.tick(1e9);
    expect(await get()).toBe('two');
    await set('three', 0);
    expect(await get()).toBeUndefined();
  });

  it('go when they are deleted', async () => {
    await set('one');
    await rig.store.answers.delete(rig.key, rig.context);
    await rig.store.answers.delete(rig.key, rig.context);
    expect(await get()).toBeUndefined();
  });
}
