import type { ModelPrices, TokenCounts, TokenPrices } from '../contract/catalogue.ts';

const MILLION = 1_000_000;
/** What cohere calls a search unit: a query with up to a hundred documents. */
const DOCUMENTS_PER_REQUEST = 100;

/**
 * US dollars. Cached and audio tokens are inside the prompt's, reasoning tokens inside the answer's. A long prompt changes the
 * price of the whole request, as Google, OpenAI, Anthropic and Alibaba have it.
 */
export function costOf(prices: ModelPrices, usage: TokenCounts, documents = 0): number {
  // rerankers count all tokens as one
  const prompt = count(usage.prompt_tokens ?? usage.total_tokens);
  const { input, output, cacheRead, cacheWrite } = pricesFor(prompt, prices);
  const read = count(usage.prompt_tokens_details?.cached_tokens);
  const written = count(usage.prompt_tokens_details?.cache_write_tokens);
  const heard = count(usage.prompt_tokens_details?.audio_tokens);
  const spoken = count(usage.completion_tokens_details?.audio_tokens);
  let cost = Math.max(0, prompt - read - written) * input + count(usage.completion_tokens) * output;
  if (read > 0) cost += read * (cacheRead ?? input);
  if (written > 0) cost += written * (cacheWrite ?? input);
  if (heard > 0 && prices.audioInput !== undefined) cost += heard * (prices.audioInput - input);
  if (spoken > 0 && prices.audioOutput !== undefined) cost += spoken * (prices.audioOutput - output);
  const perRequest = (prices.perRequest ?? 0) * Math.max(1, Math.ceil(documents / DOCUMENTS_PER_REQUEST));
  return Math.max(0, cost) / MILLION + perRequest;
}

function pricesFor(promptTokens: number, prices: ModelPrices): TokenPrices {
  return prices.tiers?.findLast(({ above }) => promptTokens > above) ?? prices;
}

const count = (value: number | null | undefined): number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0;
