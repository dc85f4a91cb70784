import * as z from 'zod/mini';
import type { Call, OperationName, ResultOf, Target } from '../contract/call.ts';
import { callback, checkOptions, milliseconds, storeOption } from '../contract/check-options.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import type { RetryBudgetOptions } from '../contract/retry-budget.ts';
import { budgetOption } from '../contract/retry-budget.ts';
import type { Store } from '../contract/store.ts';
import { whenSettled } from '../contract/stream.ts';
import { placeOf } from '../contract/target.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { countFirstTry } from '../state/first-tries.ts';
import { payFor } from '../state/retry-budget.ts';
import { Latencies, MOST_SAMPLES } from './hedge/latencies.ts';
import { Race } from './hedge/race.ts';

/** When a second request for the same answer is sent. */
export interface HedgeOptions {
  /**
   * Milliseconds without content, or the share of calls that is usually answered by then: `'p95'` waits for as long as 95 % of the
   * target's last calls took (100 of them are remembered, streams and whole replies apart). Default `'p95'`.
   */
  readonly after?: number | `p${number}` | undefined;
  /** A learned delay is never shorter, in milliseconds. Default 100. */
  readonly minAfter?: number | undefined;
  /** Nothing is sent twice before so many calls of the target have been seen: 1 to 100. Default 20. Of no effect on a fixed delay. */
  readonly minSamples?: number | undefined;
  /** Sends the second request there, `provider/model`, instead of to the same target. Not for vectors and rankings, which differ by model. */
  readonly to?: string | undefined;
  /** Whether a call may be sent twice at all. Default: every one. */
  readonly when?: ((call: Call) => boolean) | undefined;
  /** Calls that offer tools to the model are sent twice too. Default `false`: some tools act at the provider. */
  readonly tools?: boolean | undefined;
  /** What second requests are paid from: the bucket of `retry`. Empty: no second request. `false`: they cost nothing. */
  readonly budget?: false | RetryBudgetOptions | undefined;
  /** Where the budget is kept. Default: the client's store. */
  readonly store?: Store | undefined;
}

const PERCENTILE = /^p(\d{1,2}(?:\.\d+)?)$/;
const AFTER = `milliseconds ≥ 0 or a percentile from 'p1' to 'p99.9'`;
const SAMPLES = `a whole number from 1 to ${MOST_SAMPLES}`;
const TO = `'provider/model'`;

const schema = z.strictObject({
  after: z._default(z.custom<number | string>(isDelay, AFTER), 'p95'),
  minAfter: z._default(milliseconds, 100),
  minSamples: z._default(z.int(SAMPLES).check(z.gte(1, SAMPLES), z.lte(MOST_SAMPLES, SAMPLES)), 20),
  to: z.optional(z.string(TO).check(z.minLength(1, TO))),
  when: z.optional(callback<(call: Call) => boolean>()),
  tools: z._default(z.boolean(), false),
  budget: budgetOption,
  store: z.optional(storeOption),
});

function isDelay(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0;
  return typeof value === 'string' && percentileOf(value) >= 1;
}

function percentileOf(text: string): number {
  return Number(PERCENTILE.exec(text)?.[1] ?? 0);
}

/** Whether an answer of another model is as good, by operation; what is missing is never sent twice. */
const HEDGED: { readonly [K in OperationName]?: 'any model' | 'this model' } = {
  chat: 'any model',
  stream: 'any model',
  complete: 'any model',
  completeStream: 'any model',
  embed: 'this model',
  rerank: 'this model',
};

/**
 * Sends a second request for the same answer where the first one is slow, and takes the answer that has content first; the other
 * request is aborted. One more at most, paid from the budget of `retry`; both may be billed, and both are in `route.attempts`.
 *
 * It is for slowness only: a failure before the second request surfaces at once, for `retry` and `fallback` to deal with. While
 * both are running, the failure of one leaves the other running, unless it tells that the request itself is wrong.
 *
 * @throws ConfigurationError when an option is wrong. A wrong model name in `to` rejects the first call.
 * @example
 * createClient({ use: [fallback(['openai/gpt-5-mini']), retry(), hedge({ after: 'p95' }), circuitBreaker()] });
 */
export function hedge(options: HedgeOptions = {}): Middleware {
  const { after, minAfter, minSamples, to, when, tools, budget, store } = checkOptions(schema, options, 'hedge');
  const latencies = typeof after === 'string' ? new Latencies(percentileOf(after), minSamples) : undefined;

  function delayFor(key: string): number | undefined {
    if (latencies === undefined) return after as number;
    const learned = latencies.at(key);
    return learned === undefined ? undefined : Math.max(minAfter, learned);
  }

  function isWilling(call: Call): boolean {
    if (!tools && offersTools(call.request)) return false;
    try {
      return when?.(call) !== false;
    } catch (thrown) {
      const message = `hedge.when threw (${String(thrown)}); the call is not sent twice`;
      call.report({ type: 'warning', target: call.target, message });
      return false;
    }
  }

  async function hedge<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    const { clock, operation, deadline, signal } = call;
    const answers = HEDGED[operation];
    const target = to === undefined || answers !== 'any model' ? call.target : elsewhere(call, to);
    if (answers === undefined || !isWilling(call)) return next(call);
    const { buckets } = store ?? call.store;
    const key = `${operation} ${placeOf(call.target)}`;
    const delay = delayFor(key);
    const startedAt = clock.now();
    let result: ResultOf<K>;
    if (delay === undefined || startedAt + delay >= deadline || signal?.aborted === true) {
      result = await next(call);
      latencies?.add(key, clock.now() - startedAt);
    } else {
      const end = await new Race(call, next, {
        delay,
        target,
        pay: async (second) => (budget === false ? () => {} : payFor(second, buckets, budget, budget.retryCost)),
      }).run();
      latencies?.add(key, end.firstMs);
      if (end.hedged) return end.result;
      result = end.result;
    }
    if (budget !== false) {
      whenSettled(result, (outcome) => {
        if (outcome === 'success') countFirstTry(call, buckets, budget, 'other');
      });
    }
    return result;
  }

  return Object.assign(hedge, { close: () => latencies?.clear() });
}

/** @throws ConfigurationError when `to` names no model of this client. */
function elsewhere({ resolve, target }: Call, to: string): Target {
  let other: Target;
  try {
    other = resolve(to);
  } catch (error) {
    throw wrongTarget(isLLMError(error) ? error.reason : String(error), error);
  }
  if (other.pool !== undefined) throw wrongTarget('expected one model, got a pool');
  return placeOf(other) === placeOf(target) ? target : other;
}

function wrongTarget(what: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError({ message: `hedge.to: ${what}`, code: 'wrong_option', param: 'hedge.to', cause });
}

function offersTools(request: object): boolean {
  const { tools, functions } = request as { readonly tools?: unknown; readonly functions?: unknown };
  return [tools, functions].some((list) => Array.isArray(list) && list.length > 0);
}
