import type { Clock, Timer } from '../../time/clock.ts';

const LONGEST = 3_600_000;
/** One that goes off so much too early was ended with its client. */
const TOO_EARLY = 100;

/** The one timer of a queue: set for the first moment at which something is to be done. */
export class Alarm {
  readonly #ring: (clock: Clock, ended: boolean) => void;
  #timer: Timer | undefined;
  #at = Number.POSITIVE_INFINITY;

  /** @param ring called at the moment, or some time before; `ended` where no timer of this clock will ever be waited for again. */
  constructor(ring: (clock: Clock, ended: boolean) => void) {
    this.#ring = ring;
  }

  /** @param at milliseconds since the epoch; `Infinity`: never. An earlier alarm stays as it is: it finds nothing to do. */
  set(clock: Clock, at: number): void {
    if (at === Number.POSITIVE_INFINITY) return this.cancel();
    if (this.#at <= at) return;
    this.#timer?.cancel();
    const now = clock.now();
    const due = Math.min(at, now + LONGEST);
    this.#at = due;
    this.#timer = clock.timer(
      () => {
        this.#timer = undefined;
        this.#at = Number.POSITIVE_INFINITY;
        this.#ring(clock, due - clock.now() > TOO_EARLY);
      },
      Math.max(0, Math.ceil(due - now)),
    );
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#at = Number.POSITIVE_INFINITY;
  }
}
