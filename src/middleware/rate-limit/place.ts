import type { Call } from '../../contract/call.ts';
import type { CallEvent } from '../../contract/events.ts';

/** What keeps a call waiting. */
export type LimitName = Extract<CallEvent, { type: 'waiting'; reason: 'queue' }>['limit'];

/** Why a call may not go yet. */
export interface Wait {
  readonly limit: LimitName;
  /** Milliseconds until it is worth asking again; `Infinity` where only the end of another call can help. */
  readonly readyIn: number;
  /** Milliseconds that it will take at least, whatever other calls give back. */
  readonly surelyIn: number;
}

/** What a bucket has given to a call, if need be on credit. */
export interface Claim {
  readonly tokens: number;
  /** Milliseconds since the epoch: when the credit is paid back; `-Infinity` where it was none. */
  readyAt: number;
}

/** One call, from its coming to its end: its place in the queue, and what it has taken from the limits. */
export class Place {
  readonly call: Call;
  /** When it came, in milliseconds since the epoch. */
  readonly since: number;
  /** When it must have gone: the deadline of the call, or the end of its time in the queue. */
  readonly due: number;
  state: 'waiting' | 'running' | 'gone' = 'waiting';
  /** What the prompt is thought to have; `undefined` where nobody has counted it. */
  prompt: number | undefined;
  /** While it is being counted. */
  counting: Promise<void> | undefined;
  /** Tokens to reserve, prompt and answer. */
  tokens = 0;
  /** Its position among all that have gone. */
  order = 0;
  readonly claims: { requests?: Claim; tokens?: Claim } = {};
  slot: string | undefined;
  /** What it waited for last. */
  blockedBy: LimitName | undefined;
  /** For the queue. */
  earlier: Place | undefined;
  later: Place | undefined;
  resolve: ((place: this) => void) | undefined;
  reject: ((error: unknown) => void) | undefined;
  /** Why it left without having gone. */
  refusal: unknown;
  onAbort: (() => void) | undefined;

  constructor(call: Call, timeout: number) {
    this.call = call;
    this.since = call.clock.now();
    this.due = Math.min(call.deadline, this.since + timeout);
  }

  canWait(ms: number): boolean {
    return this.call.clock.now() + ms < this.due;
  }
}

/** First come, first served. Linked by hand, so that a place in the middle is left at once. */
export class Queue {
  first: Place | undefined;
  last: Place | undefined;
  size = 0;

  push(place: Place): void {
    place.earlier = this.last;
    if (this.last === undefined) this.first = place;
    else this.last.later = place;
    this.last = place;
    this.size++;
  }

  *[Symbol.iterator](): Iterator<Place> {
    let place = this.first;
    while (place !== undefined) {
      const { later } = place;
      yield place;
      place = later;
    }
  }

  /** `false` when it is not, or no longer, in the queue. */
  remove(place: Place): boolean {
    const { earlier, later } = place;
    if (earlier === undefined && this.first !== place) return false;
    if (earlier === undefined) this.first = later;
    else earlier.later = later;
    if (later === undefined) this.last = earlier;
    else later.earlier = earlier;
    place.earlier = undefined;
    place.later = undefined;
    this.size--;
    return true;
  }
}
