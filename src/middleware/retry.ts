import * as z from 'zod/mini';
import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import { callback, checkOptions, count, milliseconds } from '../contract/check-options.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import type { ErrorKind } from '../errors/kinds.ts';
import { KINDS } from '../errors/kinds.ts';
import { AbortError } from '../errors/wire-errors.ts';
import type { Jitter } from '../time/backoff.ts';
import { backoffDelay, obeyRetryAfter } from '../time/backoff.ts';
import { sleep } from '../time/clock.ts';

/** When and how often a failed attempt is repeated at the same target. */
export interface RetryOptions {
  /** Repeats after the first attempt; `maxRetries` of a call replaces it and then also bounds `by`. Default 2. */
  readonly maxRetries?: number | undefined;
  /** Milliseconds before the first repeat, doubled for each further one, before jitter. Default 500. */
  readonly minDelay?: number | undefined;
  /** The longest such wait in milliseconds, before jitter. Default 20 000. */
  readonly maxDelay?: number | undefined;
  /** How waits are spread: anywhere below the delay (`full`), its upper half, not at all, or its upper quarter. Default `full`. */
  readonly jitter?: Jitter | undefined;
  /** A provider that asks for a longer wait than this, in milliseconds, is not asked again. `Infinity`: any wait. Default 60 000. */
  readonly maxRetryAfter?: number | undefined;
  /** Another number of repeats for some kinds of failure: `{ rate_limit: 5, timeout: 0 }`. Default `{ conflict: 1 }`. */
  readonly by?: { readonly [K in ErrorKind]?: number | undefined } | undefined;
  /** Asked about a failure that would be repeated; `false` lets it stand. It cannot make a failure repeatable. `attempt` counts from 1 at each target. */
  readonly shouldRetry?: ((error: LLMError, call: Call, attempt: number) => boolean) | undefined;
}

const schema = z.strictObject({
  maxRetries: z._default(count, 2),
  minDelay: z._default(milliseconds, 500),
  maxDelay: z._default(milliseconds, 20_000),
  jitter: z._default(z.enum(['full', 'equal', 'none', 'proportional']), 'full'),
  maxRetryAfter: z._default(z.custom<number>(isWait, 'milliseconds ≥ 0 or Infinity'), 60_000),
  by: z._default(z.partialRecord(z.enum(Object.keys(KINDS) as ErrorKind[]), z.optional(count)), {}),
  shouldRetry: z.optional(callback<(error: LLMError, call: Call, attempt: number) => boolean>()),
});

type Policy = z.output<typeof schema>;

function isWait(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}

/**
 * Repeats an attempt that failed for a passing reason (`error.retryable`), at the same target, after a wait: what the provider
 * asked for (and up to a tenth more, at most 1 s), otherwise an exponential backoff. Gives up at once when the provider asks for
 * more than `maxRetryAfter` or the wait does not fit the call's deadline, so that a `fallback` around it moves on. The error
 * comes out as it was.
 *
 * @throws ConfigurationError when an option is wrong.
 * @example
 * createClient({ use: [retry({ maxRetries: 3, by: { timeout: 1 } })] });
 */
export function retry(options: RetryOptions = {}): Middleware {
  const policy: Policy = checkOptions(schema, options, 'retry');

  return async function retry<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    try {
      // p-retry is entered after a failure only: it costs 0.2 µs and two objects that most calls do not need.
      return await next(call);
    } catch (error) {
      if (!isLLMError(error) || !error.retryable) throw error;
      return repeat(call, next, policy, error);
    }
  };
}

type Outcome<R> = { readonly result: R } | { readonly thrown: unknown };

/** p-retry sees failures of a passing kind only: everything else would be wrapped or judged by its class. */
async function repeat<K extends OperationName>(call: Call<K>, next: Next, policy: Policy, first: LLMError): Promise<ResultOf<K>> {
  const seen = new Map<ErrorKind, number>();
  let last = first;

  const { default: pRetry } = await import('p-retry');
  const outcome = await pRetry<Outcome<ResultOf<K>>>(
    async (attempt) => {
      if (attempt === 1) throw first;
      try {
        return { result: await next(call) };
      } catch (error) {
        // A repeat that our own layers refused was never sent: what the provider said before remains the failure.
        if (isLLMError(error, 'circuit_open', 'budget_exceeded')) return { thrown: last };
        if (!isLLMError(error) || !error.retryable) return { thrown: error };
        last = error;
        throw error;
      }
    },
    {
      retries: Number.POSITIVE_INFINITY, // bounded in mayRepeat, which knows the kind
      minTimeout: 0,
      maxTimeout: 0,
      factor: 1,
      randomize: false,
      maxRetryTime: Number.POSITIVE_INFINITY,
      unref: false,
      onFailedAttempt: () => {},
      shouldConsumeRetry: () => true,
      async shouldRetry({ error, attemptNumber }) {
        if (!isLLMError(error)) return false;
        const ofKind = seen.get(error.kind) ?? 0;
        seen.set(error.kind, ofKind + 1);
        if (!mayRepeat(error.kind, ofKind, attemptNumber - 1, policy, call)) return false;
        if (policy.shouldRetry?.(error, call, attemptNumber) === false) return false;
        return waitToRepeat(error, attemptNumber - 1, policy, call);
      },
    },
  );
  if ('thrown' in outcome) throw outcome.thrown;
  return outcome.result;
}

/** @param ofKind repeats so far after a failure of this kind. @param total all repeats so far. */
function mayRepeat(kind: ErrorKind, ofKind: number, total: number, policy: Policy, call: Call): boolean {
  if (call.trail.attemptsLeft <= 0) return false;
  const own = policy.by[kind];
  const most = call.options.maxRetries ?? Math.max(policy.maxRetries, own ?? 0);
  return total < most && ofKind < (own ?? (kind === 'conflict' ? 1 : most));
}

/** Waits as long as the provider asked or the backoff says. `false` at once where that is too long. */
async function waitToRepeat(error: LLMError, repeat: number, policy: Policy, call: Call): Promise<boolean> {
  const { clock, target, signal } = call;
  const asked = error.retryAfterMs !== undefined && error.retryAfterMs > 0 ? error.retryAfterMs : undefined;
  if (asked !== undefined && asked > policy.maxRetryAfter) return false;
  const ms = asked === undefined ? backoffDelay(repeat, policy, clock) : obeyRetryAfter(asked, clock);
  if (clock.now() + ms >= call.deadline) return false;
  if (signal?.aborted) throw aborted(call, signal.reason);
  call.report({ type: 'waiting', target, ms, reason: asked === undefined ? 'backoff' : 'retry-after', error });
  await sleep(clock, ms, signal).catch((reason) => {
    throw aborted(call, reason);
  });
  return true;
}

function aborted({ target: { provider, model } }: Call, cause: unknown): AbortError {
  return new AbortError({ message: 'while waiting for the next attempt', provider, model, cause });
}
