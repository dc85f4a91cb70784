import type { Clock } from '../time/clock.ts';

interface Pending {
  ticks: number;
  giveUp(): void;
}

const TICKS = 4;

/**
 * A limit on the wait for replies: one timer for all of them, none while nothing is awaited. Counted in ticks rather than by the
 * clock, so that a reply which has arrived while this process was busy is still taken.
 */
export class ReplyLimit {
  readonly ms: number;
  readonly #clock: Clock;
  readonly #pending = new Set<Pending>();
  #ticking = false;

  constructor(ms: number, clock: Clock) {
    this.ms = ms;
    this.#clock = clock;
  }

  /** @param late takes a reply that comes when nobody waits any more. */
  wait<T>(reply: Promise<T>, late: (value: T) => void = () => {}): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        ticks: 0,
        giveUp: () => reject(new Error(`no answer within ${this.ms} ms`)),
      };
      this.#pending.add(pending);
      this.#tickLater();
      reply
        .then(
          (value) => (this.#pending.delete(pending) ? resolve(value) : late(value)),
          (error) => {
            this.#pending.delete(pending);
            reject(error);
          },
        )
        .catch(() => {}); // of `late`
    });
  }

  #tickLater(): void {
    if (this.#ticking) return;
    this.#ticking = true;
    this.#clock.timer(() => this.#tick(), this.ms / TICKS).hold(false);
  }

  #tick(): void {
    this.#ticking = false;
    for (const pending of this.#pending) {
      if (++pending.ticks <= TICKS) continue;
      this.#pending.delete(pending);
      pending.giveUp();
    }
    if (this.#pending.size > 0) this.#tickLater();
  }
}
