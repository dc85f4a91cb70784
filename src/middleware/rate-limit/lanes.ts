import type { Call } from '../../contract/call.ts';
import type { MaybePromise, Store } from '../../contract/store.ts';
import type { Clock } from '../../time/clock.ts';
import type { LimitSnapshot } from './lane.ts';
import { Lane } from './lane.ts';
import type { LaneRules } from './lane-rules.ts';

const MOST_IDLE = 1_000;

/** The lanes by key, the longest unused first; beyond the bound those are given up in which nothing runs or waits. */
export class Lanes {
  readonly #rules: LaneRules;
  readonly #store: Store | undefined;
  readonly #nameOf: (key: string) => MaybePromise<string>;
  readonly #byKey = new Map<string, Lane>();
  #latest: Lane | undefined;

  /** @param nameOf what a key is called in a store, where others may read it. */
  constructor(rules: LaneRules, store: Store | undefined, nameOf: (key: string) => MaybePromise<string>) {
    this.#rules = rules;
    this.#store = store;
    this.#nameOf = nameOf;
  }

  of(key: string, call: Call): Lane {
    if (this.#latest?.key === key) return this.#latest;
    const lane = this.#byKey.get(key) ?? new Lane(key, this.#rules, this.#store ?? call.store, () => this.#nameOf(key));
    this.#byKey.delete(key);
    this.#byKey.set(key, lane);
    this.#latest = lane;
    if (this.#byKey.size > MOST_IDLE) this.#dropIdle(lane);
    return lane;
  }

  snapshot(): LimitSnapshot[] {
    return [...this.#byKey.values()].map((lane) => lane.snapshot());
  }

  close(): void {
    const lanes = [...this.#byKey.values()];
    this.#byKey.clear();
    this.#latest = undefined;
    for (const lane of lanes) lane.close();
  }

  leave(clock: Clock): void {
    for (const lane of this.#byKey.values()) lane.giveUp(clock);
  }

  #dropIdle(kept: Lane): void {
    for (const [key, lane] of this.#byKey) {
      if (lane === kept || !lane.idle) continue;
      this.#byKey.delete(key);
      return;
    }
  }
}
