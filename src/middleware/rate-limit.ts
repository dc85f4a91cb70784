import { answerOf } from '../contract/answer.ts';
import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import { asksModel } from '../contract/call.ts';
import type { WireHeaders } from '../contract/headers.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import { ChunkStream } from '../contract/stream.ts';
import { placeOf } from '../contract/target.ts';
import type { Usage } from '../contract/usage.ts';
import { isLLMError } from '../errors/catalogue.ts';
import type { Clock } from '../time/clock.ts';
import type { LimitSnapshot } from './rate-limit/lane.ts';
import { Lanes } from './rate-limit/lanes.ts';
import type { RateLimitOptions } from './rate-limit/limit-options.ts';
import { readOptions } from './rate-limit/limit-options.ts';

export type { LimitSnapshot } from './rate-limit/lane.ts';
export type { AdaptiveOptions, RateLimitOptions } from './rate-limit/limit-options.ts';

/** The layer, with a look inside. */
export interface RateLimiter extends Middleware {
  /** Every key that is kept, the longest unused first. */
  readonly snapshot: () => readonly LimitSnapshot[];
  /** Rejects everything that waits and forgets the keys. Calls under way go on. */
  close(): void;
}

/**
 * Keeps calls within limits before the provider has to: requests and tokens per minute, calls at once, and what the provider itself
 * says of its limits. A call that must wait does so in a queue, first come first served; it leaves it with its signal or its
 * deadline, and is refused at once with `BudgetExceededError` (`queue_full`, `queue_timeout`, `over_limit`) when waiting is in vain. A
 * `fallback` around it then moves on. Lists of models are not limited.
 *
 * Belongs beneath `retry` and above `circuitBreaker` and `timeout`: each attempt takes its place, and its limits of time begin
 * when it goes.
 *
 * @throws ConfigurationError when an option is wrong.
 * @example
 * const limiter = rateLimit({ requestsPerMinute: 500, tokensPerMinute: 200_000, concurrency: 16 });
 * createClient({ use: [fallback(['openai/gpt-5-mini']), retry(), limiter, circuitBreaker(), timeout()] });
 * limiter.snapshot(); // [{ key: 'anthropic/claude-sonnet-4-5', queued: 3, running: 16, limit: 16 }]
 */
export function rateLimit(options: RateLimitOptions = {}): RateLimiter {
  const { rules, key, store } = readOptions(options);
  const lanes = new Lanes(rules, store, key === undefined ? (name) => name : digestOf);
  const keyOf = (call: Call): string => (key === undefined ? placeOf(call.target) : String(key(call)));

  async function rateLimit<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    // what asks no model is not counted by providers, and nothing will be sent for a call that is over
    if (!asksModel(call.operation) || call.signal?.aborted === true || isOver(call)) return next(call);
    const lane = lanes.of(keyOf(call), call);
    const given = lane.enter(call);
    const place = given instanceof Promise ? await given : given;
    let result: ResultOf<K>;
    try {
      result = await next(lane.sent(call, place));
    } catch (error) {
      const settlement = isLLMError(error) ? error : undefined;
      if (settlement?.headers !== undefined) lane.heard(place, Object.fromEntries(settlement.headers));
      lane.leave(place, { settlement, usage: undefined });
      throw error;
    }
    const headers = headersOf(result);
    if (headers !== undefined) lane.heard(place, headers);
    if (result instanceof ChunkStream) {
      result.onSettled((settlement) => lane.leave(place, { settlement, usage: result.usage }));
    } else lane.leave(place, { settlement: 'success', usage: usageOf(result) });
    return result;
  }

  return Object.assign(rateLimit, {
    snapshot: () => lanes.snapshot(),
    close: () => lanes.close(),
    leave: (clock: Clock) => lanes.leave(clock),
  });
}

/** Keys of the user's own may be secrets; a store may be read by others. */
async function digestOf(key: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key)));
  return Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function isOver({ deadline, clock }: Call): boolean {
  return deadline !== Number.POSITIVE_INFINITY && clock.now() >= deadline;
}

/** A layer of the user's own may answer with anything. */
function headersOf(result: unknown): WireHeaders | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  return result instanceof ChunkStream ? result.source.headers : answerOf(result)?.headers;
}

function usageOf(result: unknown): Partial<Usage> | undefined {
  return (result as { readonly usage?: Partial<Usage> | null } | null | undefined)?.usage ?? undefined;
}
