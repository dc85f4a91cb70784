import * as z from 'zod/mini';
import type { Call } from '../../contract/call.ts';
import { callback, checkOptions, count, storeOption } from '../../contract/check-options.ts';
import type { Store } from '../../contract/store.ts';
import type { AdaptiveRule } from './adaptive-limit.ts';
import type { LaneRules } from './lane-rules.ts';

/** Bounds of a limit that finds itself. */
export interface AdaptiveOptions {
  /** Calls at once that are always allowed. Default 1. */
  readonly min?: number | undefined;
  /** Calls at once that are never exceeded. Default `concurrency`, else 100. */
  readonly max?: number | undefined;
  /** Calls at once to begin with. Default 10, within `min` and `max`. */
  readonly start?: number | undefined;
  /** What is left of the limit after an overload: above 0, below 1. Default 0.7. */
  readonly backoff?: number | undefined;
}

/** How fast, and how many at once. What is left out is not limited, except by what the provider's own headers say. */
export interface RateLimitOptions {
  /** A bucket that holds so many requests and is refilled evenly over a minute. */
  readonly requestsPerMinute?: number | undefined;
  /** The same for tokens. A call reserves its prompt and its answer before it goes, and is corrected by the usage when it has ended. */
  readonly tokensPerMinute?: number | undefined;
  /** Calls under way; a stream is until its end. */
  readonly concurrency?: number | undefined;
  /**
   * Finds how many calls at once the provider bears: one more after a full round of successes while the limit is in use, a share
   * less after rate limits, overloads and timeouts. Default off.
   */
  readonly adaptive?: boolean | AdaptiveOptions | undefined;
  /**
   * Obeys what the provider's answers say of its limits: nothing goes until the reset when nothing is left, nor while a Retry-After
   * lasts; when little is left it is spread. `maxWait`: how many milliseconds of that a call waits; where it would be more, it is
   * refused at once. Default `{ maxWait: 60_000 }`; `false`: the headers are not looked at.
   */
  readonly pace?: boolean | { readonly maxWait?: number | undefined } | undefined;
  /** Calls with the same key share limits and a queue. Default: provider, base URL and model. */
  readonly key?: ((call: Call) => string) | undefined;
  /** `size`: calls that may wait with one key, default 1 000. `timeout`: milliseconds that one may wait, default only its deadline. */
  readonly queue?: { readonly size?: number | undefined; readonly timeout?: number | undefined } | undefined;
  /**
   * Milliseconds after which a place of `concurrency` is free again though nobody gave it back: longer than the longest call. A store
   * in Redis frees those of a process that has died much sooner. Default 660 000.
   */
  readonly lease?: number | undefined;
  /** Where the limits are kept, to share them among clients or processes. Default: the client's store. */
  readonly store?: Store | undefined;
}

export interface ReadOptions {
  readonly rules: LaneRules;
  readonly key: ((call: Call) => string) | undefined;
  readonly store: Store | undefined;
}

const PACE_MAX_WAIT = 60_000;
const QUEUE_SIZE = 1_000;
const LEASE = 660_000;
const ADAPTIVE_MAX = 100;
const ADAPTIVE_START = 10;
const ADAPTIVE_BACKOFF = 0.7;

/** @throws ConfigurationError when one is wrong. */
export function readOptions(options: RateLimitOptions): ReadOptions {
  const { adaptive = false, pace = true, queue = {}, lease = LEASE, key, store, ...limits } = check(options);
  const { size = QUEUE_SIZE, timeout = Number.POSITIVE_INFINITY } = queue;
  const paceMaxWait = pace === true ? PACE_MAX_WAIT : pace === false ? undefined : (pace.maxWait ?? PACE_MAX_WAIT);
  const rules: LaneRules = {
    ...limits,
    adaptive: adaptive === false ? undefined : adaptiveRule(adaptive === true ? {} : adaptive, limits.concurrency),
    paceMaxWait,
    queueSize: size,
    queueTimeout: timeout,
    lease,
  };
  return { rules, key, store };
}

function adaptiveRule(given: AdaptiveOptions, concurrency = ADAPTIVE_MAX): AdaptiveRule {
  const { min = 1, max = Math.max(min, given.start ?? 1, concurrency), backoff = ADAPTIVE_BACKOFF } = given;
  return { min, max, start: given.start ?? Math.max(min, Math.min(ADAPTIVE_START, max)), backoff };
}

const AT_LEAST_ONE = 'a whole number ≥ 1';
const WAIT = 'a number of milliseconds > 0, or Infinity';
const LEASE_TEXT = 'a number of milliseconds > 0';
const SHARE = 'a share above 0 and below 1';
const IN_ORDER = 'min ≤ start ≤ max';

// made when it is needed: a program without this layer need not carry it
function check(options: RateLimitOptions) {
  const atLeastOne = z.optional(z.int(AT_LEAST_ONE).check(z.gte(1, AT_LEAST_ONE)));
  const wait = z.optional(z.custom<number>((value) => typeof value === 'number' && value > 0, WAIT));
  const adaptive = z.strictObject({
    min: atLeastOne,
    max: atLeastOne,
    start: atLeastOne,
    backoff: z.optional(z.number(SHARE).check(z.gt(0, SHARE), z.lt(1, SHARE))),
  });
  const schema = z.strictObject({
    requestsPerMinute: atLeastOne,
    tokensPerMinute: atLeastOne,
    concurrency: atLeastOne,
    adaptive: z.optional(z.union([z.boolean(), adaptive.check(z.refine(inOrder, IN_ORDER))])),
    pace: z.optional(z.union([z.boolean(), z.strictObject({ maxWait: wait })])),
    key: z.optional(callback<(call: Call) => string>()),
    queue: z.optional(z.strictObject({ size: z.optional(count), timeout: wait })),
    lease: z.optional(z.number(LEASE_TEXT).check(z.gt(0, LEASE_TEXT))),
    store: z.optional(storeOption),
  });
  return checkOptions(schema, options, 'rateLimit');
}

function inOrder({ min = 1, start = min, max = Math.max(min, start) }: AdaptiveOptions): boolean {
  return min <= start && start <= max;
}
