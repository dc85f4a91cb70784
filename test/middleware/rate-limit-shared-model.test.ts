import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Next } from '../../src/contract/middleware.ts';
import type { Store } from '../../src/contract/store.ts';
import { isLLMError } from '../../src/errors/catalogue.ts';
import type { RateLimiter } from '../../src/middleware/rate-limit.ts';
import { rateLimit } from '../../src/middleware/rate-limit.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import { callOf } from '../support/call.ts';
import { replyOf } from '../support/layered.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { manualClock } from '../support/manual-clock.ts';

const CONCURRENCY = 3;
const PER_MINUTE = 15;
const KEY = 'openai/gpt-5-mini';

/** A store whose every answer takes its time, in an order that the test decides: as one behind a network. */
function distant(store: Store, scheduler: fc.Scheduler): Store {
  const slow = <T extends object>(part: T): T =>
    new Proxy(part, {
      get: (target, name) => {
        const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
        return async (...args: unknown[]) => {
          await scheduler.schedule(Promise.resolve(), `${String(name)} asks`);
          const answer = method.apply(target, args);
          await scheduler.schedule(Promise.resolve(), `${String(name)} is answered`);
          return answer;
        };
      },
    });
  return { ...store, buckets: slow(store.buckets), slots: slow(store.slots), cooldowns: slow(store.cooldowns) };
}

/** Two processes with one store. */
class World {
  readonly clock: ManualClock = manualClock();
  readonly store: Store = memoryStore();
  readonly scheduler: fc.Scheduler;
  readonly #limiters: readonly RateLimiter[];
  readonly #distant: Store;
  readonly running = new Map<number, () => void>();
  readonly outcomes = new Map<number, string>();
  readonly came: number[][] = [[], []];
  readonly sent: number[][] = [[], []];
  readonly moments: number[] = [];
  readonly #controllers = new Map<number, AbortController>();
  #calls = 0;

  constructor(scheduler: fc.Scheduler) {
    this.scheduler = scheduler;
    this.#distant = distant(this.store, scheduler);
    const make = () => rateLimit({ concurrency: CONCURRENCY, requestsPerMinute: PER_MINUTE });
    this.#limiters = [make(), make()];
  }

  get calls(): number {
    return this.#calls;
  }

  come(process: 0 | 1): void {
    const id = ++this.#calls;
    const controller = new AbortController();
    this.#controllers.set(id, controller);
    const { clock } = this;
    const context = { clock, store: this.#distant, signal: controller.signal, report: () => {} };
    const call = callOf('chat', { messages: [] }, context);
    const next = (() => {
      this.sent[process]?.push(id);
      this.moments.push(clock.now());
      return new Promise((resolve) => this.running.set(id, () => resolve(replyOf('gpt-5-mini'))));
    }) as unknown as Next;
    this.came[process]?.push(id);
    const settled = (outcome: string): void => void this.outcomes.set(id, outcome);
    this.#limiters[process]?.(call, next).then(
      () => settled('answered'),
      (error: unknown) => settled(isLLMError(error) ? error.kind : 'broken'),
    );
  }

  end(which: number): void {
    const ids = [...this.running.keys()];
    const id = ids[which % Math.max(1, ids.length)];
    if (id === undefined) return;
    this.running.get(id)?.();
    this.running.delete(id);
  }

  leave(which: number): void {
    const ids = [...this.#controllers.keys()].filter((id) => !this.outcomes.has(id) && !this.running.has(id));
    this.#controllers.get(ids[which % Math.max(1, ids.length)] ?? -1)?.abort();
  }

  async step(): Promise<void> {
    if (this.scheduler.count() > 0) await this.scheduler.waitOne();
    for (let turn = 0; turn < 12; turn++) await null;
  }

  check(): void {
    if (this.running.size > CONCURRENCY) throw new Error(`${this.running.size} run at once`);
  }

  /**
   * The calls of each process went in the order of their coming, and together no faster than a bucket lets them; but each process may
   * have had a request in hand, for a call that was waiting for a place.
   */
  checkOrder(): void {
    for (const process of [0, 1] as const) {
      const gone = new Set(this.sent[process]);
      expect(this.sent[process]).toEqual(this.came[process]?.filter((id) => gone.has(id)));
    }
    const most = PER_MINUTE + this.#limiters.length;
    const faster = this.moments.flatMap((from, i) =>
      this.moments.slice(i).filter((to, after) => after + 1 > most + ((to - from) * PER_MINUTE) / 60_000),
    );
    expect(faster).toEqual([]);
  }
}

describe('two limiters with one distant store', () => {
  it('never let more run together, keep the order of each, and lose nothing', async () => {
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('come 0', 'come 1') },
      { weight: 8, arbitrary: fc.constant('step') },
      { weight: 3, arbitrary: fc.nat({ max: 3 }).map((which) => `end ${which}`) },
      { weight: 1, arbitrary: fc.nat({ max: 9 }).map((which) => `leave ${which}`) },
      { weight: 1, arbitrary: fc.constantFrom('tick 100', 'tick 400', 'tick 5000') },
    );
    const reached = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(action, { maxLength: 150, size: 'max' }), async (scheduler, actions) => {
        const world = new World(scheduler);
        for (const each of actions) {
          const [verb, number = '0'] = each.split(' ');
          if (verb === 'come') world.come(number === '0' ? 0 : 1);
          else if (verb === 'end') world.end(Number(number));
          else if (verb === 'leave') world.leave(Number(number));
          else if (verb === 'tick') world.clock.tick(Number(number));
          await (verb === 'step' ? world.step() : null);
          world.check();
        }
        for (let rounds = 0; rounds < 5_000 && world.outcomes.size < world.calls; rounds++) {
          await world.step();
          world.check();
          if (scheduler.count() > 0) continue;
          if (world.running.size > 0) world.end(0);
          else world.clock.tick(500);
        }
        while (scheduler.count() > 0) await world.step();
        expect(world.outcomes.size).toBe(world.calls);
        world.checkOrder();
        expect(world.clock.pending).toBe(0);
        for (const outcome of world.outcomes.values()) reached.add(outcome);

        world.clock.tick(120_000);
        const context = { clock: world.clock, report: () => {} };
        const { buckets, slots } = world.store;
        const rule = { capacity: PER_MINUTE, refillPerSecond: PER_MINUTE / 60 };
        expect(buckets.take(`rateLimit:requests:${KEY}`, rule, 0, context)).toMatchObject({ left: PER_MINUTE });
        const places = Array.from({ length: CONCURRENCY + 1 }, () => slots.take(`rateLimit:${KEY}`, CONCURRENCY, 1, context));
        expect(places.filter((place) => place !== undefined)).toHaveLength(CONCURRENCY);
      }),
      { numRuns: 200 },
    );
    expect([...reached].sort()).toEqual(['aborted', 'answered']);
  });
});
