import type { Clock } from '../time/clock.ts';

export const BUCKETS = 10;

/**
 * The calls of a circuit that has seen no failure: so many in each part of its window, the newest first. The machine that decides is
 * made of it with the first failure; most circuits never need one.
 */
export class CalmWindow {
  readonly calls: number[] = new Array<number>(BUCKETS).fill(0);
  readonly #bucketMs: number;
  #start: number;

  constructor(windowMs: number, clock: Clock) {
    this.#bucketMs = windowMs / BUCKETS;
    this.#start = bucketStartOf(clock.now(), this.#bucketMs);
  }

  record(clock: Clock): void {
    this.turn(clock.now());
    this.calls[0] = (this.calls[0] ?? 0) + 1;
  }

  turn(now: number): void {
    const elapsed = Math.floor((now - this.#start) / this.#bucketMs);
    if (elapsed <= 0) return;
    this.#start += elapsed * this.#bucketMs;
    for (let turns = Math.min(elapsed, BUCKETS); turns > 0; turns--) {
      this.calls.pop();
      this.calls.unshift(0);
    }
  }
}

/** Parts of a window begin at multiples of their length, so that circuits here and in a shared store cut it alike. */
export const bucketStartOf = (now: number, bucketMs: number): number => Math.floor(now / bucketMs) * bucketMs;
