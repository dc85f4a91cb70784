import type { Clock } from '../time/clock.ts';

interface Holding {
  readonly until: number;
  renew(ms: number): void;
}

const BEATS = 3;

/**
 * What this process holds in Redis, it holds for a short while and says so again as long as it lives: when it dies, its places are
 * free soon. One timer for all, none while nothing is held.
 */
export class Leases {
  readonly #ms: number;
  readonly #clock: Clock;
  readonly #held = new Map<string, Holding>();
  #beating = false;

  /** @param ms of each lease; `Infinity`: as long as is asked, without renewal. */
  constructor(ms: number, clock: Clock) {
    this.#ms = ms;
    this.#clock = clock;
  }

  /** How long the first lease is, of a place that is to be held for `wholeMs` at most. */
  first(wholeMs: number): number {
    return Math.min(wholeMs, this.#ms);
  }

  hold(id: string, wholeMs: number, renew: (ms: number) => void): void {
    if (wholeMs <= this.#ms) return;
    this.#held.set(id, { until: this.#clock.now() + wholeMs, renew });
    this.#beatLater();
  }

  release(id: string): void {
    this.#held.delete(id);
  }

  clear(): void {
    this.#held.clear();
  }

  #beatLater(): void {
    if (this.#beating) return;
    this.#beating = true;
    this.#clock.timer(() => this.#beat(), this.#ms / BEATS).hold(false);
  }

  #beat(): void {
    this.#beating = false;
    const now = this.#clock.now();
    for (const [id, { until, renew }] of this.#held) {
      if (until > now) renew(Math.min(this.#ms, until - now));
      else this.#held.delete(id);
    }
    if (this.#held.size > 0) this.#beatLater();
  }
}
