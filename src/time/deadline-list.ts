import type { Clock, Timer } from './clock.ts';

/** Something that must happen before a moment. The list reads `due` when its timer fires, so moving it later costs nothing. */
export interface Watched {
  /** Milliseconds since the epoch; may be moved later at any time, and earlier through {@link DeadlineList.hasten}. */
  due: number;
  /** Called once, when `due` has passed; the entry has left the list by then. */
  expire(now: number): void;
}

/**
 * All the time limits of a client behind one timer: no timer and no AbortSignal per call or chunk.
 * The timer holds the process only while something is watched.
 */
export class DeadlineList {
  readonly #clock: Clock;
  readonly #entries = new Set<Watched>();
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(entry: Watched): void {
    this.#entries.add(entry);
    if (entry.due < this.#timerDue) this.#arm(entry.due);
    else if (this.#entries.size === 1) this.#timer?.hold(true);
  }

  /** To be called after `entry.due` was moved to an earlier moment. */
  hasten(entry: Watched): void {
    if (entry.due < this.#timerDue) this.#arm(entry.due);
  }

  remove(entry: Watched): void {
    if (this.#entries.delete(entry) && this.#entries.size === 0) this.#timer?.hold(false);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
    this.#entries.clear();
  }

  #arm(due: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDue = due;
    if (due === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.timer(() => this.#sweep(), Math.max(0, Math.ceil(due - this.#clock.now())));
  }

  #sweep(): void {
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const entry of [...this.#entries]) {
      if (entry.due > now) next = Math.min(next, entry.due);
      else if (this.#entries.delete(entry)) entry.expire(now);
    }
    if (this.#entries.size > 0 && next < this.#timerDue) this.#arm(next);
  }
}
