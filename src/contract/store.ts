import type { Clock } from '../time/clock.ts';
import type { BreakerState, CallEvent } from './events.ts';

/** A value that is mostly there at once: state in memory answers without a promise, state elsewhere with one. */
export type MaybePromise<T> = T | Promise<T>;

/** What a store may ask of the call that it works for; every `Call` fits. */
export interface StoreContext {
  readonly clock: Clock;
  readonly report: (event: CallEvent) => void;
}

/**
 * What layers remember between calls. `memoryStore()` keeps it in this process, `redisStore()` of `holdfast/redis` shares it with
 * others; one suite of tests holds both to the same behaviour. Every step is atomic, and no method rejects: a store that
 * loses its server goes on locally and says so with a `store-degraded` event.
 *
 * Keys are the caller's, `<layer>:<what>`; a store may prefix them. Its maps are bounded.
 */
export interface Store {
  readonly buckets: BucketStore;
  readonly slots: SlotStore;
  readonly cooldowns: CooldownStore;
  readonly spending: SpendingStore;
  readonly answers: AnswerStore;
  readonly circuits: CircuitStore;
  /** Forgets what is kept in this process and frees connections that the store itself has opened. */
  close(): MaybePromise<void>;
}

/** Size and speed of a token bucket. A bucket nobody has used is full. */
export interface BucketRule {
  /** Tokens that fit. */
  readonly capacity: number;
  /** Tokens that come back by themselves, per second. */
  readonly refillPerSecond: number;
}

/** What came of taking tokens. */
export interface BucketTake {
  readonly taken: boolean;
  /** Tokens after it; below zero while a bucket is in debt. */
  readonly left: number;
  /** Whole milliseconds until as many tokens will be there, 0 when they were taken; `Infinity` when that never comes. */
  readonly waitMs: number;
}

/** Token buckets: retry budgets, requests and tokens per minute. */
export interface BucketStore {
  /** Takes all of `tokens` or none. */
  take(key: string, rule: BucketRule, tokens: number, context: StoreContext): MaybePromise<BucketTake>;
  /** Puts tokens back, never above the capacity. A negative number takes more than there may be: the bucket is in debt then. */
  give(key: string, rule: BucketRule, tokens: number, context: StoreContext): MaybePromise<void>;
}

/** Places that are held for a while: calls at once. A holder that dies loses its place when the lease ends. */
export interface SlotStore {
  /** The id of a free place; `undefined` when `limit` of them are taken. */
  take(key: string, limit: number, leaseMs: number, context: StoreContext): MaybePromise<string | undefined>;
  release(key: string, slot: string, context: StoreContext): MaybePromise<void>;
}

/** Targets that asked to be left alone. */
export interface CooldownStore {
  /** Never shortens a running one. */
  start(key: string, ms: number, context: StoreContext): MaybePromise<void>;
  /** Milliseconds that are left, 0 when it is over. */
  left(key: string, context: StoreContext): MaybePromise<number>;
  end(key: string, context: StoreContext): MaybePromise<void>;
}

/** How much may be spent. The window begins with the first amount that is added, and ends `windowMs` later. */
export interface SpendingRule {
  readonly limit: number;
  /** Milliseconds; `Infinity` for a limit that never begins anew. */
  readonly windowMs: number;
}

/** What came of adding an amount. */
export interface Spending {
  readonly accepted: boolean;
  /** What is spent in the window, with this amount if it was accepted. */
  readonly spent: number;
  /** Milliseconds until the window ends, all of them while it has not begun; `Infinity` for never. */
  readonly resetMs: number;
}

/** Money and tokens spent. */
export interface SpendingStore {
  /** Adds `amount` if the limit allows it. */
  spend(key: string, amount: number, rule: SpendingRule, context: StoreContext): MaybePromise<Spending>;
  /** Adds `amount`, which may be negative, whatever the limit: the difference between an estimate and the bill. Never below 0. */
  settle(key: string, amount: number, rule: SpendingRule, context: StoreContext): MaybePromise<Spending>;
}

/** Answers kept for equal questions, as text. */
export interface AnswerStore {
  get(key: string, context: StoreContext): MaybePromise<string | undefined>;
  set(key: string, answer: string, ttlMs: number, context: StoreContext): MaybePromise<void>;
  delete(key: string, context: StoreContext): MaybePromise<void>;
}

/** When a circuit opens, and for how long. */
export interface CircuitRule {
  /** Opens when more than this share of the counted outcomes are failures: at least 0, below 1. */
  readonly failureRate: number;
  /** Nothing is decided on fewer outcomes than this. */
  readonly minCalls: number;
  /** How far back outcomes count, in milliseconds: ten steps, the running one among them. */
  readonly windowMs: number;
  /** Steps older than the newest ones that together hold so many outcomes do not count. */
  readonly enoughCalls: number;
  /** Milliseconds until the first trial, before chance; twice as long for each further opening in a row. */
  readonly openForMs: number;
}

/** What an attempt says about the health of its target. `neutral`: nothing. */
export type CircuitVerdict = 'success' | 'failure' | 'neutral';

/** Leave to send one attempt, to be handed back as it is. It holds for the state it was given in: who comes back later decides nothing. */
export interface CircuitPermit {
  readonly trial: boolean;
}

/** A circuit has changed its state. */
export interface CircuitChange {
  readonly from: BreakerState;
  readonly to: BreakerState;
  /** When it opened. */
  readonly openForMs?: number;
}

/** Why nothing is to be sent. */
export interface CircuitRefusal {
  /** `half-open`: a trial is under way. */
  readonly state: 'open' | 'half-open';
  /** Milliseconds until the next trial; half-open, when nobody knows, the rule's `openForMs`. */
  readonly retryAfterMs: number;
  /** The outcomes that opened it; 0 after a failed trial. */
  readonly calls: number;
  readonly failures: number;
}

/** Whether an attempt may be sent: a permit, or the reason why not. */
export type CircuitAdmission =
  | { readonly permit: CircuitPermit; readonly changed?: CircuitChange }
  | { readonly permit?: undefined; readonly refusal: CircuitRefusal };

/** A circuit as it stands, for dashboards and tests. */
export interface CircuitSnapshot {
  readonly key: string;
  readonly state: BreakerState;
  /** When the next trial is let through, in milliseconds since the epoch; while `open` only. */
  readonly trialAt?: number;
}

/**
 * Circuits: closed, open for a while, then half-open with one trial at a time until one of them decides. A circuit nobody has
 * used is closed.
 */
export interface CircuitStore {
  /** For callers that can not wait for `settle`: resolves when it answers at once. Absent where it never does. */
  prepare?(): MaybePromise<unknown>;
  /** @param leaseMs when a trial that has not settled is taken for lost. */
  admit(key: string, rule: CircuitRule, leaseMs: number, context: StoreContext): MaybePromise<CircuitAdmission>;
  /**
   * To be called once for each permit, when its attempt has really ended.
   *
   * @param retryAfterMs how long a failing provider asked to be left alone; 0 if it did not.
   */
  settle(
    key: string,
    rule: CircuitRule,
    permit: CircuitPermit,
    verdict: CircuitVerdict,
    retryAfterMs: number,
    context: StoreContext,
  ): MaybePromise<CircuitChange | undefined>;
  /**
   * The circuits whose keys begin with `prefix`, as far as this process knows them, the longest unused first; one that is kept
   * elsewhere as it was last seen.
   */
  known(prefix: string): readonly CircuitSnapshot[];
  /** Forgets those in this process; what is kept elsewhere stays for the others. */
  forget(prefix: string): void;
}
