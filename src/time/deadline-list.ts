import type { Clock, Timer } from './clock.ts';

/** Something that must happen before a moment. The list reads `due` when its timer fires, so moving it later costs nothing. */
export interface Watched {
  /** Milliseconds since the epoch; may be moved later at any time, and earlier through {@link DeadlineList.hasten}. */
  due: number;
  /** Called once, when `due` has passed; the entry has left the list by then. */
  expire(now: number): void;
  /** The list is closed while the entry is on it, or was before it came. */
  closed?(): void;
  /** The list's own; `undefined` to begin with. */
  earlier: Watched | undefined;
  later: Watched | undefined;
}

/** A timer that comes so late tells that this process was busy, not that the other side was silent. */
const BUSY_MS = 25;

/**
 * All the time limits of a client behind one timer: no timer and no AbortSignal per call or chunk.
 * The timer holds the process only while something is watched. When it comes late, what has arrived meanwhile is read first.
 */
export class DeadlineList {
  readonly #clock: Clock;
  // linked by hand: a Set of short-lived entries leaves chains of dead tables in the old generation, and their contents alive
  #first: Watched | undefined;
  #last: Watched | undefined;
  #timer: Timer | undefined;
  #timerDue = Number.POSITIVE_INFINITY;
  #waitedForReads = false;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(entry: Watched): void {
    if (this.#closed) return entry.closed?.();
    const last = this.#last;
    entry.earlier = last;
    if (last === undefined) this.#first = entry;
    else last.later = entry;
    this.#last = entry;
    if (entry.due < this.#timerDue) this.#arm(entry.due);
    else if (last === undefined) this.#timer?.hold(true);
  }

  /** To be called after `entry.due` was moved to an earlier moment. */
  hasten(entry: Watched): void {
    if (entry.due < this.#timerDue && this.#holds(entry)) this.#arm(entry.due);
  }

  remove(entry: Watched): void {
    if (!this.#holds(entry)) return;
    const { earlier, later } = entry;
    if (earlier === undefined) this.#first = later;
    else earlier.later = later;
    if (later === undefined) this.#last = earlier;
    else later.earlier = earlier;
    entry.earlier = undefined;
    entry.later = undefined;
    if (this.#first === undefined) this.#timer?.hold(false);
  }

  /** Ends everything that is still watched, and whatever comes later. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries()) {
      this.remove(entry);
      entry.closed?.();
    }
  }

  #holds(entry: Watched): boolean {
    return entry.earlier !== undefined || this.#first === entry;
  }

  #entries(): Watched[] {
    const entries: Watched[] = [];
    for (let entry = this.#first; entry !== undefined; entry = entry.later) entries.push(entry);
    return entries;
  }

  #arm(due: number): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDue = due;
    if (due === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.timer(() => this.#sweep(), Math.max(0, Math.ceil(due - this.#clock.now())));
  }

  #sweep(): void {
    const now = this.#clock.now();
    const late = now - this.#timerDue > BUSY_MS;
    this.#timer = undefined;
    this.#timerDue = Number.POSITIVE_INFINITY;
    this.#waitedForReads = late && !this.#waitedForReads;
    if (this.#waitedForReads) return this.#arm(now);
    let next = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries()) {
      if (entry.due > now) next = Math.min(next, entry.due);
      else if (this.#holds(entry)) {
        this.remove(entry);
        entry.expire(now);
      }
    }
    if (this.#first !== undefined && next < this.#timerDue) this.#arm(next);
  }
}
