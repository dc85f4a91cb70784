import type { Usage } from '../../contract/usage.ts';
import { isRecord } from '../chat-rules.ts';
import type { Fields } from './body-failure.ts';

const count = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

/** Mistral has been seen to write `prompt_token_details`. */
const singular = (raw: Fields): unknown =>
  isRecord(raw.prompt_token_details) ? raw.prompt_token_details.cached_tokens : undefined;

/**
 * A host's token counts in openai's meaning, the host's own fields kept. Cached tokens are found under DeepSeek's,
 * Moonshot's and Mistral's names too. Where the total shows that reasoning was counted beside the completion (xAI), it is added to it.
 */
export function usageOf(raw: unknown): Usage | undefined {
  if (!isRecord(raw)) return undefined;
  const usage = raw as unknown as Usage & Fields;
  const prompt = count(raw.prompt_tokens);
  let completion = count(raw.completion_tokens);
  const details = raw.completion_tokens_details;
  const reasoning = isRecord(details) ? count(details.reasoning_tokens) : count(raw.reasoning_tokens);
  if (reasoning > 0 && count(raw.total_tokens) === prompt + completion + reasoning) completion += reasoning;
  usage.prompt_tokens = prompt;
  usage.completion_tokens = completion;
  usage.total_tokens = count(raw.total_tokens) || prompt + completion;
  const cached = raw.prompt_cache_hit_tokens ?? raw.cached_tokens ?? raw.num_cached_tokens ?? singular(raw);
  if (typeof cached === 'number' && !isRecord(raw.prompt_tokens_details)) usage.prompt_tokens_details = { cached_tokens: cached };
  if (reasoning > 0 && !isRecord(details)) usage.completion_tokens_details = { reasoning_tokens: reasoning };
  return usage;
}

/** llama.cpp counts what was in its cache under `timings`, older builds there only. */
function withCached(usage: unknown, timings: unknown): unknown {
  if (!isRecord(timings) || typeof timings.cache_n !== 'number' || !isRecord(usage)) return usage;
  return isRecord(usage.prompt_tokens_details) ? usage : { ...usage, prompt_tokens_details: { cached_tokens: timings.cache_n } };
}

/** Where a host may have put its counts: at the top, under `x_groq`, or inside the first choice (Moonshot). */
export function findUsage(body: Fields): unknown {
  if (body.usage) return withCached(body.usage, body.timings);
  if (isRecord(body.x_groq) && body.x_groq.usage) return body.x_groq.usage;
  const first: unknown = Array.isArray(body.choices) ? body.choices[0] : undefined;
  return isRecord(first) ? first.usage : undefined;
}
