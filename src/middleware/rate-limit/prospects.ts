import type { LLMError } from '../../errors/catalogue.ts';
import type { Admission } from './admission.ts';
import type { LaneRules } from './lane-rules.ts';
import type { LimitName, Place, Queue, Wait } from './place.ts';
import type { LaneFacts } from './refusals.ts';
import { queueFull, tooLarge, waitTooLong } from './refusals.ts';

/** A place that is given up, and why. */
export interface Refusal {
  readonly place: Place;
  readonly error: LLMError;
}

interface Block {
  readonly limit: LimitName;
  /** When to ask again for the head of the queue, and before when it cannot go; milliseconds since the epoch. */
  readonly until: number;
  readonly surely: number;
}

/** Let in while the head is being asked about, beyond the size of the queue: nobody knows yet whether anyone must wait. */
const MOST_UNDECIDED = 1_000;

/** What is known of the waits in a queue: who need not wait, because it would be in vain. */
export class Prospects {
  readonly #rules: LaneRules;
  readonly #admission: Admission;
  readonly #queue: Queue;
  #block: Block | undefined;

  constructor(rules: LaneRules, admission: Admission, queue: Queue) {
    this.#rules = rules;
    this.#admission = admission;
    this.#queue = queue;
  }

  /** What the head of the queue waits for; `undefined` while nobody knows. */
  get limit(): LimitName | undefined {
    return this.#block?.limit;
  }

  /** When to ask for it again. */
  get until(): number {
    return this.#block?.until ?? Number.POSITIVE_INFINITY;
  }

  headWaits({ limit, readyIn, surelyIn }: Wait, now: number): void {
    this.#block = { limit, until: now + readyIn, surely: now + surelyIn };
  }

  forget(): void {
    this.#block = undefined;
  }

  /** Why a call that has just come is not let in. */
  ofNewcomer(place: Place): LLMError | undefined {
    const { queueSize } = this.#rules;
    const { size } = this.#queue;
    if (this.#admission.neverFits(place)) return this.tooLarge(place);
    if (size >= queueSize + (this.#block === undefined ? MOST_UNDECIDED : 0)) return queueFull(place, queueSize, this.facts());
    return this.#tooLong(place, size);
  }

  /** Those in the queue for whom the wait is already known to be too long, and those beyond its size. */
  hopeless(): Refusal[] {
    const { queueSize } = this.#rules;
    const refused: Refusal[] = [];
    const now = this.#queue.first?.call.clock.now() ?? 0;
    if (this.#queue.size <= queueSize && (this.#block?.surely ?? 0) <= now) return refused;
    let ahead = 0;
    for (const place of this.#queue) {
      const error = ahead >= queueSize ? queueFull(place, queueSize, this.facts()) : this.#tooLong(place, ahead);
      if (error === undefined) ahead++;
      else refused.push({ place, error });
    }
    return refused;
  }

  tooLarge(place: Place): LLMError {
    return tooLarge(place, this.#rules.tokensPerMinute);
  }

  facts(): LaneFacts {
    const { first, size } = this.#queue;
    const readyIn = first === undefined ? Number.POSITIVE_INFINITY : this.until - first.call.clock.now();
    return {
      queued: size,
      running: this.#admission.running,
      limit: this.limit,
      readyIn: readyIn === Number.POSITIVE_INFINITY ? undefined : Math.max(0, Math.ceil(readyIn)),
    };
  }

  #tooLong(place: Place, ahead: number): LLMError | undefined {
    if (this.#block === undefined) return undefined;
    const { limit, surely } = this.#block;
    const untilHead = Math.max(0, surely - place.call.clock.now());
    const ms = untilHead + (limit === 'requests' ? ahead * this.#admission.requestInterval : 0);
    const most = limit === 'provider' ? this.#rules.paceMaxWait : undefined;
    if (most !== undefined && ms > most) return waitTooLong(place, ms, most, this.facts());
    return place.canWait(ms) ? undefined : waitTooLong(place, ms, undefined, this.facts());
  }
}
