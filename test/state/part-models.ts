import fc from 'fast-check';
import { expect } from 'vitest';
import type { CallEvent } from '../../src/contract/events.ts';
import type { BucketRule, SpendingRule, Store, StoreContext } from '../../src/contract/store.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { manualClock } from '../support/manual-clock.ts';

interface Real {
  readonly store: Store;
  readonly key: string;
  readonly context: StoreContext & { readonly clock: ManualClock };
}

/** A step of a model `M` and of a store at once: does both, and compares what they say. */
class Step<M extends object> implements fc.AsyncCommand<M, Real> {
  readonly #name: string;
  readonly #both: (model: M, real: Real) => Promise<void>;

  constructor(name: string, both: (model: M, real: Real) => Promise<void>) {
    this.#name = name;
    this.#both = both;
  }

  check = () => true;
  run = (model: M, real: Real) => this.#both(model, real);
  toString = () => this.#name;
}

const tick = <M extends object>(...lengths: readonly number[]) =>
  fc.constantFrom(...lengths).map((ms) => new Step<M>(`tick(${ms})`, async (_, { context }) => context.clock.tick(ms)));

async function run<M extends object>(
  store: Store,
  numRuns: number,
  start: (now: number) => M,
  steps: fc.Arbitrary<Step<M>>[],
): Promise<void> {
  const events: CallEvent[] = [];
  let runs = 0;
  const property = fc.asyncProperty(fc.commands(steps, { maxCommands: 80, size: 'max' }), async (commands) => {
    const clock = manualClock();
    const real = { store, key: `model-${runs++}`, context: { clock, report: (event: CallEvent) => events.push(event) } };
    await fc.asyncModelRun(() => ({ model: start(clock.now()), real }), commands);
  });
  await fc.assert(property, { numRuns });
  expect(events).toEqual([]);
}

/** A token bucket, in exact numbers: 8 tokens, one every 250 ms; counted in quarters of a millisecond's worth. */
export async function runBucketModel(store: Store, numRuns: number): Promise<void> {
  const RULE: BucketRule = { capacity: 8, refillPerSecond: 4 };
  interface Model {
    /** Tokens × 250, so that a millisecond is worth one. */
    worth: number;
    at: number;
  }
  const refill = (model: Model, now: number): void => {
    model.worth = Math.min(8 * 250, model.worth + (now - model.at));
    model.at = now;
  };
  const take = (tokens: number) =>
    new Step<Model>(`take(${tokens})`, async (model, { store, key, context }) => {
      refill(model, context.clock.now());
      const wanted = tokens * 250;
      const taken = model.worth >= wanted;
      if (taken) model.worth -= wanted;
      const expected = { taken, waitMs: taken ? 0 : tokens > 8 ? Number.POSITIVE_INFINITY : wanted - model.worth };
      const result = await store.buckets.take(key, RULE, tokens, context);
      expect(result).toMatchObject(expected);
      expect(result.left).toBeCloseTo(model.worth / 250, 6);
    });
  const give = (tokens: number) =>
    new Step<Model>(`give(${tokens})`, async (model, { store, key, context }) => {
      refill(model, context.clock.now());
      model.worth = Math.min(8 * 250, model.worth + tokens * 250);
      await store.buckets.give(key, RULE, tokens, context);
    });
  await run<Model>(store, numRuns, (now) => ({ worth: 8 * 250, at: now }), [
    fc.constantFrom(0, 1, 1, 2, 3, 8, 9).map(take),
    fc.constantFrom(1, 2, 8, -1, -3, -20).map(give),
    tick(1, 100, 249, 250, 251, 1_000, 10_000),
  ]);
}

/** Places: a list of who holds one until when. */
export async function runSlotModel(store: Store, numRuns: number): Promise<void> {
  interface Model {
    holders: { readonly slot: string; readonly ends: number }[];
    /** Every slot that there ever was. */
    readonly given: string[];
  }
  const take = (limit: number, leaseMs: number) =>
    new Step<Model>(`take(${limit}, ${leaseMs})`, async (model, { store, key, context }) => {
      const now = context.clock.now();
      model.holders = model.holders.filter(({ ends }) => ends > now);
      const slot = await store.slots.take(key, limit, leaseMs, context);
      expect(slot !== undefined).toBe(model.holders.length < limit);
      if (slot === undefined) return;
      expect(model.given).not.toContain(slot);
      model.given.push(slot);
      model.holders.push({ slot, ends: now + leaseMs });
    });
  const release = (which: number) =>
    new Step<Model>(`release(${which})`, async (model, { store, key, context }) => {
      const slot = model.given[which % Math.max(1, model.given.length)] ?? 'never given';
      model.holders = model.holders.filter((holder) => holder.slot !== slot);
      await store.slots.release(key, slot, context);
    });
  await run<Model>(store, numRuns, () => ({ holders: [], given: [] }), [
    fc.tuple(fc.constantFrom(1, 3, 3, 3, 5), fc.constantFrom(100, 1_000)).map(([limit, leaseMs]) => take(limit, leaseMs)),
    fc.nat({ max: 30 }).map(release),
    tick(1, 50, 99, 100, 900, 1_000),
  ]);
}

/** An account: a sum and the end of its window. In cents here, in dollars there. */
export async function runSpendingModel(store: Store, numRuns: number): Promise<void> {
  const RULE: SpendingRule = { limit: 1, windowMs: 1_000 };
  interface Model {
    cents: number;
    ends: number | undefined;
  }
  const add = (way: 'spend' | 'settle', cents: number) =>
    new Step<Model>(`${way}(${cents})`, async (model, { store, key, context }) => {
      const now = context.clock.now();
      if (model.ends !== undefined && model.ends <= now) Object.assign(model, { cents: 0, ends: undefined });
      const accepted = way === 'settle' || model.cents + cents <= 100;
      if (accepted && (cents > 0 || model.ends !== undefined)) {
        model.ends ??= now + RULE.windowMs;
        model.cents = Math.max(0, model.cents + cents);
      }
      const result = await store.spending[way](key, cents / 100, RULE, context);
      expect(result).toEqual({
        accepted,
        spent: expect.closeTo(model.cents / 100, 9),
        resetMs: (model.ends ?? now + 1_000) - now,
      });
    });
  const amounts = fc.constantFrom(0, 1, 7, 10, 33, 50, 101);
  await run<Model>(store, numRuns, () => ({ cents: 0, ends: undefined }), [
    amounts.map((cents) => add('spend', cents)),
    amounts.map((cents) => add('spend', cents)),
    fc.constantFrom(-50, -7, -1, 0, 3, 60).map((cents) => add('settle', cents)),
    tick(1, 300, 999, 1_000),
  ]);
}
