import * as z from 'zod/mini';
import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import { callback, checkOptions, count, milliseconds, storeOption } from '../contract/check-options.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import type { RetryBudgetOptions } from '../contract/retry-budget.ts';
import { budgetOption } from '../contract/retry-budget.ts';
import type { MaybePromise, Store } from '../contract/store.ts';
import { whenSettled } from '../contract/stream.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import type { ErrorKind } from '../errors/kinds.ts';
import { KINDS } from '../errors/kinds.ts';
import { coolingLeft } from '../state/cooldowns.ts';
import { countFirstTry } from '../state/first-tries.ts';
import type { Jitter } from '../time/backoff.ts';
import type { KindRetryOptions, RetryPolicy } from './retry/policy.ts';

export type { KindRetryOptions } from './retry/policy.ts';

/** When and how often a failed attempt is repeated at the same target. */
export interface RetryOptions {
  /** Repeats after the first attempt; `maxRetries` of a call replaces it and then also bounds `by`. Default 2. */
  readonly maxRetries?: number | undefined;
  /** Milliseconds before the first repeat, doubled for each further one, before jitter. Twice as long after `rate_limit`. Default 500. */
  readonly minDelay?: number | undefined;
  /** The longest such wait in milliseconds, before jitter. Default 20 000. */
  readonly maxDelay?: number | undefined;
  /** How waits are spread: anywhere below the delay (`full`), its upper half, not at all, or its upper quarter. Default `full`. */
  readonly jitter?: Jitter | undefined;
  /** A provider that asks for a longer wait than this, in milliseconds, is not asked again. `Infinity`: any wait. Default 60 000. */
  readonly maxRetryAfter?: number | undefined;
  /**
   * Other rules for some kinds of failure: a number of repeats, or an object. `{ rate_limit: 5, timeout: { maxRetries: 1 } }`.
   * Default `{ conflict: 1 }`.
   */
  readonly by?: { readonly [K in ErrorKind]?: number | KindRetryOptions | undefined } | undefined;
  /**
   * Asked about a failure that would be repeated; `false` lets it stand, and so does one that throws, with a warning. It
   * cannot make a failure repeatable. `attempt` counts from 1 at each target.
   */
  readonly shouldRetry?: ((error: LLMError, call: Call, attempt: number) => boolean) | undefined;
  /**
   * What repeats are paid from: a bucket for each provider, base URL and family of models, shared with `hedge`. Empty: no repeat, and the
   * failure stands, so that a chain moves on. `false`: repeats cost nothing. Default: see {@link RetryBudgetOptions}.
   */
  readonly budget?: false | RetryBudgetOptions | undefined;
  /**
   * Whether a target is left alone for as long as it asked for (up to 15 minutes), where that is longer than `maxRetryAfter` or than the
   * call has time: until then calls to it reject with `CircuitOpenError`, code `cooling_down`, and a chain moves on. Default `true`.
   */
  readonly cooldown?: boolean | undefined;
  /** Where budget and cooldowns are kept. Default: the client's store. */
  readonly store?: Store | undefined;
}

const wait = z.custom<number>((value) => typeof value === 'number' && value >= 0, 'milliseconds ≥ 0 or Infinity');

const delays = z.object({ minDelay: z.optional(milliseconds), maxDelay: z.optional(milliseconds) });
const inOrder = z.refine<z.output<typeof delays>>(
  ({ minDelay = 0, maxDelay = minDelay }) => minDelay <= maxDelay,
  'minDelay ≤ maxDelay',
);

const kindSchema = z
  .strictObject({
    maxRetries: z.optional(count),
    minDelay: z.optional(milliseconds),
    maxDelay: z.optional(milliseconds),
    maxRetryAfter: z.optional(wait),
  })
  .check(inOrder);

const schema = z.strictObject({
  maxRetries: z._default(count, 2),
  minDelay: z._default(milliseconds, 500),
  maxDelay: z._default(milliseconds, 20_000),
  jitter: z._default(z.enum(['full', 'equal', 'none', 'proportional']), 'full'),
  maxRetryAfter: z._default(wait, 60_000),
  by: z._default(z.partialRecord(z.enum(Object.keys(KINDS) as ErrorKind[]), z.optional(z.union([count, kindSchema]))), {}),
  shouldRetry: z.optional(callback<(error: LLMError, call: Call, attempt: number) => boolean>()),
  budget: budgetOption,
  cooldown: z._default(z.boolean(), true),
  store: z.optional(storeOption),
});

/**
 * Repeats an attempt that failed for a passing reason (`error.retryable`), at the same target, after a wait: what the provider
 * asked for (and up to a tenth more, at most 1 s), otherwise an exponential backoff. Gives up at once when the provider asks for
 * more than `maxRetryAfter`, when the wait does not fit the call's deadline, or when the budget is spent, so that a `fallback`
 * around it moves on. The error comes out as it was.
 *
 * @throws ConfigurationError when an option is wrong.
 * @example
 * createClient({ use: [retry({ maxRetries: 3, by: { timeout: 1 } })] });
 */
export function retry(options: RetryOptions = {}): Middleware {
  const policy: RetryPolicy = { ...checkOptions(schema, options, 'retry'), reasons: new Map() };
  checkOptions(delays.check(inOrder), options, 'retry'); // as given: one of them alone goes before the default of the other
  const { budget, cooldown } = policy;

  function counted<K extends OperationName>(result: ResultOf<K>, call: Call<K>, { buckets }: Store): ResultOf<K> {
    if (budget !== false) {
      whenSettled(result, (outcome) => {
        if (outcome === 'success') countFirstTry(call, buckets, budget, 'retry');
      });
    }
    return result;
  }

  async function recovered<K extends OperationName>(call: Call<K>, next: Next, error: unknown): Promise<ResultOf<K>> {
    if (!isLLMError(error) || !concernsRetry(error)) throw error;
    return (await import('./retry/repeat.ts')).repeat(call, next, policy, error);
  }

  async function rested<K extends OperationName>(call: Call<K>, next: Next, left: MaybePromise<number>): Promise<ResultOf<K>> {
    const ms = await left;
    if (ms > 0) throw (await import('./retry/repeat.ts')).refuse(call, ms, policy.reasons);
    return attempted(call, next);
  }

  const attempted = <K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> =>
    next(call).then(
      (result) => counted(result, call, policy.store ?? call.store),
      (error) => recovered(call, next, error),
    );

  function retry<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    const left = cooldown ? coolingLeft(call, (policy.store ?? call.store).cooldowns) : 0;
    return left === 0 ? attempted(call, next) : rested(call, next, left);
  }

  return Object.assign(retry, { close: () => policy.reasons.clear() });
}

/** Whether a failure may be repeated, or asks for a rest. What our own layers refuse does neither. */
function concernsRetry({ retryable, retryAfterMs, kind }: LLMError): boolean {
  return retryable || (retryAfterMs !== undefined && kind !== 'circuit_open');
}
