import * as z from 'zod/mini';
import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import { asksModel } from '../contract/call.ts';
import { callback, checkOptions } from '../contract/check-options.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import type { FallbackList, FallbackMap } from './fallback/chain.ts';
import { Chain, listSchema, readChains } from './fallback/chain.ts';
import type { Journey } from './fallback/journey.ts';
import type { Ways } from './fallback/route.ts';

export type { FallbackList, FallbackMap } from './fallback/chain.ts';

/** Which failures move a call on, and where to. */
export interface FallbackOptions {
  /**
   * Targets for a prompt that does not fit. Without it the general list is used, past every host of the same model. Of either list
   * the first target that fits is asked: those whose window the catalogue knows to be too small are skipped, unknown ones are tried.
   */
  readonly contextWindow?: FallbackList | undefined;
  /** Targets for a prompt or answer that a safety filter stopped. Without it such a failure does not move on. */
  readonly contentPolicy?: FallbackList | undefined;
  /**
   * Whether a failure moves the call along the general list. Default: every one but bad request, unprocessable, authentication
   * and permission. Not asked when a target has no key or lacks a parameter (it is skipped), about a failure with a list of its
   * own, or when the caller or the deadline has ended the call. One that throws moves nothing on, with a warning.
   */
  readonly when?: ((error: LLMError, call: Call) => boolean) | undefined;
  /**
   * Whether a stream that breaks after its first content is gone on with: at the next target, and when there is none, once more at
   * the same. Its reader gets the rest in the same stream, what was written before is not repeated; `route.resumed` and the event
   * `resumed` mark the seam. For text only: not once a tool call has begun, and not with `response_format`, `n`, `logprobs` or audio.
   * Default `false`: the loop throws a typed error with everything that came.
   */
  readonly resume?: boolean | undefined;
}

const schema = z.strictObject({
  contextWindow: z.optional(listSchema),
  contentPolicy: z.optional(listSchema),
  when: z.optional(callback<(error: LLMError, call: Call) => boolean>()),
  resume: z._default(z.boolean(), false),
});

/**
 * Asks other models when one fails: the call's own first, then the list without it, each target once. When all have failed, the
 * error of the first is thrown; only the caller's abort and the call's deadline come before it. A target without a key, or one
 * that lacks a parameter of the request, is skipped with a warning. Nothing is remembered from one call to the next.
 *
 * @param chain A list of `'provider/model'` or `{ model, params?, providerOptions? }`, or a map from models to such lists. The
 * `fallbacks` of a call replace it.
 * @throws ConfigurationError when a list or option has the wrong shape. An unknown provider in a list rejects the first call.
 * @example
 * fallback(['anthropic/claude-sonnet-4-5', { model: 'openai/gpt-5-mini', params: { reasoning_effort: 'low' } }]);
 * fallback({ 'openai/gpt-5': ['azure/gpt-5'], '*': ['ollama/llama3.2'] }, { contextWindow: ['gemini/gemini-2.5-pro'] });
 */
export function fallback(chain: FallbackList | FallbackMap, options: FallbackOptions = {}): Middleware {
  const generalOf = readChains(chain, 'fallback');
  const { when, resume, ...own } = checkOptions(schema, options, 'fallback');
  const contextWindow = own.contextWindow && new Chain(own.contextWindow, 'fallback.contextWindow');
  const contentPolicy = own.contentPolicy && new Chain(own.contentPolicy, 'fallback.contentPolicy');

  function waysOf(call: Call): Ways {
    const { fallbacks } = call.options;
    const general = fallbacks === undefined ? generalOf(call) : new Chain(fallbacks, 'fallbacks');
    return {
      general: general.stops(call),
      contextWindow: contextWindow?.stops(call),
      contentPolicy: contentPolicy?.stops(call),
      when,
      resume,
    };
  }

  return function fallback<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    if (!asksModel(call.operation)) return next(call); // no provider knows the models, batches and files of another
    const ways = waysOf(call);
    if (call.target.pool !== undefined || (resume && call.operation === 'stream'))
      return setOut(call, next, ways).then((journey) => journey.begin());
    return next(call).catch(async (error: unknown) => {
      if (!isLLMError(error)) throw error;
      return (await setOut(call, next, ways)).moveOn(error);
    });
  };
}

/** Loaded when a call leaves its first target, which most never do. */
async function setOut<K extends OperationName>(call: Call<K>, next: Next, ways: Ways): Promise<Journey<K>> {
  const { Journey } = await import('./fallback/journey.ts');
  return new Journey(call, next, ways);
}
