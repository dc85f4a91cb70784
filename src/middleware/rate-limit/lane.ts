import type { Call, OperationName } from '../../contract/call.ts';
import type { WireHeaders } from '../../contract/headers.ts';
import type { MaybePromise, Store } from '../../contract/store.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import type { Clock } from '../../time/clock.ts';
import type { Ending } from './admission.ts';
import { Admission } from './admission.ts';
import { Alarm } from './alarm.ts';
import type { LaneRules } from './lane-rules.ts';
import type { Wait } from './place.ts';
import { Place, Queue } from './place.ts';
import type { Refusal } from './prospects.ts';
import { Prospects } from './prospects.ts';
import { abortedInQueue, closedInQueue, pastDeadline, waitedTooLong } from './refusals.ts';

/** The calls with one key, as they stand. */
export interface LimitSnapshot {
  readonly key: string;
  readonly queued: number;
  readonly running: number;
  /** How many may run at once now; absent where neither `concurrency` nor `adaptive` bounds them. */
  readonly limit?: number;
  /** Until when the provider wants to be left alone, in milliseconds since the epoch. */
  readonly heldUntil?: number;
}

/** The calls with one key: one queue, first come first served, and one timer for all that wait in it. */
export class Lane {
  readonly key: string;
  readonly #rules: LaneRules;
  readonly #admission: Admission;
  readonly #queue = new Queue();
  readonly #prospects: Prospects;
  /** The head, while the store is being asked about it. */
  #asked: Place | undefined;
  #askAgain = false;
  /** For the head, or for the first whose time in the queue ends. */
  readonly #alarm = new Alarm((clock, ended) => this.#wake(clock, ended));
  #soonestDue = Number.POSITIVE_INFINITY;

  constructor(key: string, rules: LaneRules, store: Store, name: () => MaybePromise<string>) {
    this.key = key;
    this.#rules = rules;
    this.#admission = new Admission(rules, store, name);
    this.#prospects = new Prospects(rules, this.#admission, this.#queue);
  }

  get idle(): boolean {
    return this.#queue.size === 0 && this.#admission.running === 0 && this.#asked === undefined;
  }

  snapshot(): LimitSnapshot {
    const { running, limit, heldUntil } = this.#admission;
    return {
      key: this.key,
      queued: this.#queue.size,
      running,
      ...(limit === Number.POSITIVE_INFINITY ? {} : { limit }),
      ...(heldUntil === 0 ? {} : { heldUntil }),
    };
  }

  /**
   * A call comes. Its place, at once where it may go; otherwise a promise of it.
   *
   * @throws BudgetExceededError where it need not even wait.
   */
  enter(call: Call): Place | Promise<Place> {
    const place = new Place(call, this.#rules.queueTimeout);
    const counting = this.#admission.count(place);
    if (counting !== undefined) this.#awaitCount(place, counting);
    const refusal = this.#prospects.ofNewcomer(place);
    if (refusal !== undefined) throw told(place, refusal);
    if (place.due < this.#soonestDue) this.#soonestDue = place.due;
    place.blockedBy = this.#prospects.limit;
    this.#queue.push(place);
    if (this.#queue.first === place) this.#pump();
    else this.#arm();
    if (place.state === 'running') return place;
    if (place.refusal !== undefined) throw place.refusal;
    return this.#waiting(place);
  }

  /** The call that goes to its place. */
  sent<K extends OperationName>(call: Call<K>, place: Place): Call<K> {
    return this.#admission.sent(call, place);
  }

  /** The provider has spoken to a call that went. */
  heard(place: Place, headers: WireHeaders): void {
    this.#admission.heard(place, headers);
  }

  /** A call that went has ended. */
  leave(place: Place, ending: Ending): void {
    quietly(this.#admission.end(place, ending));
    if (this.#queue.first !== undefined) this.#pump();
  }

  /** Ends the waiting of all that wait. Those that run give back what they hold when they end. */
  close(): void {
    for (const place of this.#queue) this.#drop(place, closedInQueue(place));
    this.#arm();
  }

  /** Ends the waiting of one client. */
  giveUp(clock: Clock): void {
    this.#end(clock);
    this.#pump();
  }

  #end(clock: Clock): void {
    for (const place of this.#queue) if (place.call.clock === clock) this.#drop(place, closedInQueue(place));
  }

  #waiting(place: Place): Promise<Place> {
    const { signal } = place.call;
    place.onAbort = () => {
      const first = this.#queue.first === place;
      this.#drop(place, abortedInQueue(place));
      if (first) this.#pump();
    };
    signal?.addEventListener('abort', place.onAbort);
    return new Promise((resolve, reject) => {
      place.resolve = resolve;
      place.reject = reject;
    });
  }

  #awaitCount(place: Place, counting: Promise<void>): void {
    place.counting = counting.then(() => {
      place.counting = undefined;
      if (place.state === 'waiting' && this.#admission.neverFits(place)) {
        this.#refuse([{ place, error: this.#prospects.tooLarge(place) }]);
      }
    });
  }

  /** Goes through the queue until somebody must wait. */
  #pump(): void {
    if (this.#asked === undefined) this.#goThrough();
    else this.#askAgain = true;
    this.#arm();
  }

  #goThrough(): void {
    for (let head = this.#queue.first; head !== undefined; head = this.#queue.first) {
      const wait = this.#admission.ask(head);
      if (wait instanceof Promise) return this.#awaitAnswer(head, wait);
      if (!this.#decide(head, wait)) return;
    }
  }

  #awaitAnswer(head: Place, asking: Promise<Wait | undefined>): void {
    this.#asked = head;
    this.#askAgain = false;
    asking.then(
      (wait) => {
        this.#asked = undefined;
        if (this.#decide(head, wait) || this.#askAgain) this.#pump();
        else this.#arm();
      },
      (error: unknown) => {
        this.#asked = undefined;
        this.#drop(head, error);
        this.#pump();
      },
    );
  }

  /** @returns whether the next one is to be asked about. */
  #decide(head: Place, wait: Wait | undefined): boolean {
    if (head.state === 'gone') {
      quietly(this.#admission.giveBack(head));
      return true;
    }
    if (wait === undefined) {
      this.#go(head);
      return true;
    }
    const now = head.call.clock.now();
    head.blockedBy = wait.limit;
    this.#prospects.headWaits(wait, now);
    this.#refuse(this.#prospects.hopeless());
    return this.#queue.first !== head;
  }

  #go(place: Place): void {
    this.#queue.remove(place);
    this.#prospects.forget();
    this.#admission.start(place);
    unlisten(place);
    reportWait(place);
    place.resolve?.(place);
  }

  #refuse(refused: readonly Refusal[]): void {
    for (const { place, error } of refused) this.#drop(place, error);
    for (const { place, error } of refused) told(place, error);
  }

  /** Out of the queue, with what it was given. */
  #drop(place: Place, error: unknown): void {
    if (!this.#queue.remove(place)) return;
    place.state = 'gone';
    unlisten(place);
    if (this.#asked !== place) quietly(this.#admission.giveBack(place));
    place.refusal = error;
    place.reject?.(error);
  }

  #arm(): void {
    const head = this.#queue.first;
    if (head === undefined) {
      this.#prospects.forget();
      this.#soonestDue = Number.POSITIVE_INFINITY;
      return this.#alarm.cancel();
    }
    const until = this.#asked === undefined ? this.#prospects.until : Number.POSITIVE_INFINITY;
    this.#alarm.set(head.call.clock, Math.min(until, this.#soonestDue));
  }

  #wake(clock: Clock, ended: boolean): void {
    const now = clock.now();
    if (ended) this.#end(clock);
    this.#soonestDue = Number.POSITIVE_INFINITY;
    const refused: Refusal[] = [];
    for (const place of this.#queue) {
      if (place.due > now) this.#soonestDue = Math.min(this.#soonestDue, place.due);
      else if (place.due === place.call.deadline) this.#drop(place, pastDeadline(place));
      else refused.push({ place, error: waitedTooLong(place, this.#prospects.facts()) });
    }
    this.#refuse(refused);
    this.#pump();
  }
}

/** Tells of a refusal, and of the wait before it. */
function told(place: Place, error: LLMError): LLMError {
  const { report, target } = place.call;
  reportWait(place);
  report({ type: 'skipped', target, reason: 'limit', error });
  return error;
}

function reportWait({ call: { report, target, clock }, since, blockedBy, resolve }: Place): void {
  if (resolve === undefined || blockedBy === undefined) return;
  const ms = clock.now() - since;
  if (ms > 0) report({ type: 'waiting', target, ms, reason: 'queue', limit: blockedBy });
}

function unlisten({ call: { signal }, onAbort }: Place): void {
  if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
}

/** A store rejects nothing; one of the user's own that does must not end the process. */
function quietly(work: MaybePromise<void>): void {
  if (work instanceof Promise) work.catch(() => {});
}
