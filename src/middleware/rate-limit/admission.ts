import type { Call, OperationName } from '../../contract/call.ts';
import type { WireHeaders } from '../../contract/headers.ts';
import { serverTime } from '../../contract/headers.ts';
import { limitsIn } from '../../contract/limit-headers.ts';
import { andThen } from '../../contract/maybe-promise.ts';
import type { MaybePromise, Store } from '../../contract/store.ts';
import type { Settlement } from '../../contract/stream.ts';
import type { Usage } from '../../contract/usage.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';
import { BucketLimit } from './bucket-limit.ts';
import { holding, isHeldOutside } from './held.ts';
import type { LaneRules } from './lane-rules.ts';
import { Pacing } from './pacing.ts';
import type { Place, Wait } from './place.ts';
import { TokenEstimate, totalOf, usedByFailure } from './token-estimate.ts';

/** How a call that went has ended. A layer of the user's own may end it with anything. */
export interface Ending {
  readonly settlement: Settlement | undefined;
  readonly usage: Partial<Usage> | undefined;
}

const LONGEST_HOLD = 900_000;
/** How often it is asked for places that others hold. */
const POLL_MS = 200;

type Step = (place: Place) => MaybePromise<Wait | undefined>;

/** The limits of one key: what a call must be given before it goes, and what it gives back. */
export class Admission {
  /** Calls under way. */
  running = 0;
  /** Until when the provider wants to be left alone, as far as this process knows. */
  heldUntil = 0;
  readonly #rules: LaneRules;
  readonly #store: Store;
  readonly #name: () => MaybePromise<string>;
  readonly #requests: BucketLimit | undefined;
  readonly #tokens: BucketLimit | undefined;
  readonly #estimate = new TokenEstimate();
  readonly #adaptive: AdaptiveLimit | undefined;
  readonly #pacing: Pacing | undefined;
  readonly #steps: readonly Step[];
  /** What the key is called in the store. */
  #key = '';
  #order = 0;
  /** Tokens reserved by calls under way. */
  #reserved = 0;

  /** @param name what the key is called in the store; asked once. */
  constructor(rules: LaneRules, store: Store, name: () => MaybePromise<string>) {
    const { requestsPerMinute, tokensPerMinute, concurrency, adaptive, paceMaxWait } = rules;
    this.#rules = rules;
    this.#store = store;
    this.#name = name;
    if (requestsPerMinute !== undefined) this.#requests = new BucketLimit('requests', requestsPerMinute, store.buckets);
    if (tokensPerMinute !== undefined) this.#tokens = new BucketLimit('tokens', tokensPerMinute, store.buckets);
    if (adaptive !== undefined) this.#adaptive = new AdaptiveLimit(adaptive);
    if (paceMaxWait !== undefined) this.#pacing = new Pacing(paceMaxWait);
    this.#steps = [
      this.#named,
      ...(tokensPerMinute === undefined ? [] : [this.#counted]),
      ...(paceMaxWait === undefined ? [] : [this.#asProviderSays]),
      this.#amongOwn,
      ...(requestsPerMinute === undefined ? [] : [this.#withRequest]),
      ...(tokensPerMinute === undefined ? [] : [this.#withTokens]),
      ...(concurrency === undefined ? [] : [this.#withSlot]),
    ];
  }

  /** How many calls may be under way now. */
  get limit(): number {
    return Math.min(this.#rules.concurrency ?? Number.POSITIVE_INFINITY, this.#adaptive?.current ?? Number.POSITIVE_INFINITY);
  }

  /** Milliseconds from one call to the next when it is the number of requests that holds them up. */
  get requestInterval(): number {
    return this.#requests?.timeFor(1) ?? 0;
  }

  /** Counts the tokens of a call that has come; a promise while the counter is being loaded. */
  count(place: Place): MaybePromise<void> {
    if (this.#tokens !== undefined) return this.#estimate.count(place, this.#tokens.rule.capacity);
  }

  /** It can never go, however long it waits. */
  neverFits({ prompt, tokens }: Place): boolean {
    return this.#tokens !== undefined && prompt !== undefined && tokens > this.#tokens.rule.capacity;
  }

  /** `undefined`: it may go. What it was given stays with the place. */
  ask(place: Place, from = 0): MaybePromise<Wait | undefined> {
    for (let at = from; at < this.#steps.length; at++) {
      const wait = this.#steps[at]?.(place);
      if (wait instanceof Promise)
        return wait.then((said) => (place.state === 'gone' ? said : (said ?? this.ask(place, at + 1))));
      if (wait !== undefined) return wait;
    }
    return undefined;
  }

  start(place: Place): void {
    place.state = 'running';
    place.order = ++this.#order;
    this.running++;
    this.#reserved += place.claims.tokens?.tokens ?? 0;
    this.#pacing?.started(place.tokens, place.call.clock.now());
  }

  /** The call as it goes on, with what it was given. */
  sent<K extends OperationName>(call: Call<K>, { slot }: Place): Call<K> {
    return slot === undefined ? call : holding(call, this.#store, this.#keyOfSlots);
  }

  /** The provider has spoken: with an answer, the beginning of a stream, or a failure. */
  heard({ call, order }: Place, headers: WireHeaders): void {
    if (this.#pacing === undefined) return;
    const now = call.clock.now();
    this.#pacing.note(limitsIn(headers, serverTime(headers, now)), order, now);
  }

  /** It is over: everything that it did not use is given back. */
  end(place: Place, { settlement, usage }: Ending): MaybePromise<void> {
    const error = settlement === undefined || typeof settlement === 'string' ? undefined : settlement;
    const total = totalOf(usage);
    this.#adaptive?.settled(place, settlement, this.running, this.#order);
    this.running--;
    this.#reserved -= place.claims.tokens?.tokens ?? 0;
    if (settlement === 'success' && usage !== undefined) this.#estimate.learn(usage);
    if (total !== undefined && total > 0) this.#pacing?.used(total);
    const held = error === undefined ? undefined : this.#hold(place, error);
    if (error !== undefined && !wasSent(error)) return both(held, this.giveBack(place));
    const used = total ?? (error === undefined ? place.claims.tokens?.tokens : usedByFailure(error, place));
    return both(held, this.#settle(place, used ?? 0, 0));
  }

  /** It never went: everything is given back. */
  giveBack(place: Place): MaybePromise<void> {
    return this.#settle(place, 0, place.claims.requests?.tokens ?? 0);
  }

  #settle(place: Place, usedTokens: number, requests: number): MaybePromise<void> {
    const { claims, slot, call } = place;
    place.slot = undefined;
    const freed = slot === undefined ? undefined : this.#store.slots.release(this.#keyOfSlots, slot, call);
    const given = requests === 0 ? undefined : this.#requests?.give(place, this.#key, requests);
    const settled =
      claims.tokens === undefined ? undefined : this.#tokens?.give(place, this.#key, claims.tokens.tokens - usedTokens);
    return both(both(freed, given), settled);
  }

  #hold({ call }: Place, { kind, retryAfterMs = 0 }: LLMError): MaybePromise<void> {
    if (this.#pacing === undefined || retryAfterMs <= 0) return;
    if (kind !== 'rate_limit' && kind !== 'service_unavailable') return;
    const ms = Math.min(retryAfterMs, LONGEST_HOLD);
    this.heldUntil = Math.max(this.heldUntil, call.clock.now() + ms);
    return this.#store.cooldowns.start(this.#keyOfSlots, ms, call);
  }

  get #keyOfSlots(): string {
    return `rateLimit:${this.#key}`;
  }

  readonly #named: Step = () => {
    if (this.#key !== '') return undefined;
    return andThen(this.#name(), (name) => {
      this.#key = name;
      return undefined;
    });
  };

  readonly #counted: Step = ({ counting }) => counting?.then(() => undefined);

  readonly #asProviderSays: Step = (place) =>
    andThen(this.#store.cooldowns.left(this.#keyOfSlots, place.call), (held) => {
      const now = place.call.clock.now();
      this.heldUntil = held > 0 ? now + held : 0;
      const ms = Math.max(held, this.#pacing?.wait(place.tokens, now) ?? 0);
      return ms > 0 ? { limit: 'provider', readyIn: ms, surelyIn: ms } : undefined;
    });

  readonly #amongOwn: Step = () => (this.running < this.limit ? undefined : untilOneEnds);

  readonly #withRequest: Step = (place) => this.#requests?.ask(place, this.#key, 1, 0);

  readonly #withTokens: Step = (place) => this.#tokens?.ask(place, this.#key, place.tokens, this.#reserved);

  readonly #withSlot: Step = (place) => {
    if (place.slot !== undefined || isHeldOutside(place.call, this.#store, this.#keyOfSlots)) return undefined;
    const { concurrency = 1, lease } = this.#rules;
    return andThen(this.#store.slots.take(this.#keyOfSlots, concurrency, lease, place.call), (slot) => {
      place.slot = slot;
      if (slot !== undefined) return undefined;
      return { limit: 'concurrency', readyIn: POLL_MS * (1 + place.call.clock.random()), surelyIn: 0 };
    });
  };
}

const untilOneEnds: Wait = { limit: 'concurrency', readyIn: Number.POSITIVE_INFINITY, surelyIn: 0 };

/** Failures of our own, before anything was sent. */
function wasSent({ kind, headers }: LLMError): boolean {
  switch (kind) {
    case 'circuit_open':
    case 'budget_exceeded':
    case 'configuration':
    case 'unsupported_operation':
      return false;
    case 'unsupported_params':
      return headers !== undefined;
    default:
      return true;
  }
}

function both(one: MaybePromise<void>, other: MaybePromise<void>): MaybePromise<void> {
  if (one instanceof Promise || other instanceof Promise) return Promise.all([one, other]).then(() => {});
}
