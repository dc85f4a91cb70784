import type { Clock } from '../time/clock.ts';
import type { CallEvent } from './events.ts';

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

export interface BucketTake {
  readonly taken: boolean;
  /** Tokens after it; below zero while a bucket is in debt. */
  readonly left: number;
  /** Milliseconds until as many tokens will be there, 0 when they were taken; `Infinity` when they never fit. */
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

/** How much may be spent. The window begins with the first spending and then begins anew. */
export interface SpendingRule {
  readonly limit: number;
  /** Milliseconds; `Infinity` for a limit that never begins anew. */
  readonly windowMs: number;
}

export interface Spending {
  readonly accepted: boolean;
  /** What is spent in the window, with this amount if it was accepted. */
  readonly spent: number;
  /** Milliseconds until the window begins anew; `Infinity` for never. */
  readonly resetMs: number;
}

/** Money and tokens spent. */
export interface SpendingStore {
  /** Adds `amount` if the limit allows it. */
  spend(key: string, amount: number, rule: SpendingRule, context: StoreContext): MaybePromise<Spending>;
  /** Adds `amount`, which may be negative, whatever the limit: the difference between an estimate and the bill. */
  settle(key: string, amount: number, rule: SpendingRule, context: StoreContext): MaybePromise<Spending>;
}

/** Answers kept for equal questions, as text. */
export interface AnswerStore {
  get(key: string, context: StoreContext): MaybePromise<string | undefined>;
  set(key: string, answer: string, ttlMs: number, context: StoreContext): MaybePromise<void>;
  delete(key: string, context: StoreContext): MaybePromise<void>;
}
