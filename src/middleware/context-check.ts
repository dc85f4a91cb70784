import * as z from 'zod/mini';
import { answerLimitOf } from '../contract/answer-limit.ts';
import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import { asksModel } from '../contract/call.ts';
import type { Catalogue, ModelFacts } from '../contract/catalogue.ts';
import { checkOptions } from '../contract/check-options.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import { ContextWindowExceededError } from '../errors/provider-errors.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { promptsOf } from './context-check/prompts.ts';

/** When a prompt counts as too long. */
export interface ContextCheckOptions {
  /** Share of the window that stays free, against prompts that are counted too short: at least 0, below 1. Default 0. */
  readonly margin?: number | undefined;
  /**
   * Whether `max_completion_tokens` or `max_tokens` take room, at models whose prompt and answer share a window. Default `true`.
   */
  readonly reserveOutput?: boolean | undefined;
  /** What happens at a model whose window nobody has told: the call passes, or is a `ConfigurationError`. Default `pass`. */
  readonly unknown?: 'pass' | 'refuse' | undefined;
}

const SHARE = 'a share of at least 0 and below 1';

const schema = z.strictObject({
  margin: z._default(z.number(SHARE).check(z.gte(0, SHARE), z.lt(1, SHARE)), 0),
  reserveOutput: z._default(z.boolean(), true),
  unknown: z._default(z.enum(['pass', 'refuse']), 'pass'),
});

/**
 * Counts the tokens of a prompt before it is sent, and rejects with `ContextWindowExceededError`, code `context_length_exceeded`,
 * when they do not fit the model: no request, no bill, and a `fallback` around it moves on as after the provider's own refusal.
 * `details` has the numbers. Each text of an embeddings call and each document of a rerank call is held against the window.
 *
 * Short prompts are seen to fit without being counted. Near the limit OpenAI's vocabulary is used if `gpt-tokenizer` is installed.
 *
 * @throws ConfigurationError when an option is wrong.
 * @example
 * createClient({ use: [fallback(['openai/gpt-5-mini', 'gemini/gemini-2.5-pro']), contextCheck(), retry()] });
 */
export function contextCheck(options: ContextCheckOptions = {}): Middleware {
  const { margin, reserveOutput, unknown } = checkOptions(schema, options, 'contextCheck');

  return async function contextCheck<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    if (!asksModel(call.operation)) return next(call);
    const loading = call.catalogue();
    const catalogue = loading instanceof Promise ? await loading : loading;
    const facts = catalogue.find(call.target);
    if (facts?.maxInputTokens === undefined) {
      if (unknown === 'refuse') throw windowUnknown(call);
      return next(call);
    }
    const window = Math.floor(facts.maxInputTokens * (1 - margin));
    const reserved = reserveOutput && facts.separateOutput !== true ? (answerLimitOf(call.request) ?? 0) : 0;
    const counted = longest(catalogue, call, window - reserved);
    const tokens = counted instanceof Promise ? await counted : counted;
    if (tokens + reserved <= window) return next(call);
    const error = overflow(call, { tokens, reserved, window, facts });
    call.report({ type: 'skipped', target: call.target, reason: 'too_small', error });
    throw error;
  };
}

/** Tokens of the longest of a call's prompts. */
function longest(catalogue: Catalogue, call: Call, room: number): number | Promise<number> {
  const prompts = promptsOf(call);
  if (prompts.length === 1) return catalogue.countTokens(call.target, prompts[0] as object, room);
  let most = 0;
  const pending: Promise<number>[] = [];
  for (const prompt of prompts) {
    const tokens = catalogue.countTokens(call.target, prompt, room);
    if (tokens instanceof Promise) pending.push(tokens);
    else most = Math.max(most, tokens);
  }
  return pending.length === 0 ? most : Promise.all(pending).then((counts) => counts.reduce((a, b) => Math.max(a, b), most));
}

interface Numbers {
  readonly tokens: number;
  readonly reserved: number;
  readonly window: number;
  readonly facts: ModelFacts;
}

function overflow(call: Call, { tokens, reserved, window, facts }: Numbers): ContextWindowExceededError {
  const { maxInputTokens = 0, maxOutputTokens } = facts;
  const kept = reserved === 0 ? '' : `, and ${reserved} are kept for the answer`;
  const margin = window === maxInputTokens ? '' : ` (${maxInputTokens} without the margin)`;
  return new ContextWindowExceededError({
    message: `not sent: the prompt has about ${tokens} tokens${kept}; ${window} fit${margin}`,
    provider: call.target.provider,
    model: call.target.model,
    code: 'context_length_exceeded',
    type: 'invalid_request_error',
    param: PARAMS[call.operation],
    details: {
      promptTokens: tokens + reserved,
      maxTokens: window,
      estimatedTokens: tokens,
      reservedTokens: reserved,
      maxInputTokens,
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    },
  });
}

const PARAMS: { readonly [K in OperationName]?: string } = {
  chat: 'messages',
  stream: 'messages',
  complete: 'prompt',
  completeStream: 'prompt',
  embed: 'input',
  rerank: 'documents',
};

const windowUnknown = ({ target: { provider, model } }: Call): ConfigurationError =>
  new ConfigurationError({
    message: `contextCheck: nobody knows the window of this model; tell it with createClient({ catalogue: modelFacts({ '${provider}/${model}': { maxInputTokens: … } }) })`,
    provider,
    model,
    code: 'unknown_window',
    param: 'contextCheck.unknown',
  });
