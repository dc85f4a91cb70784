import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../../src/catalogue/catalogue.ts';
import { costOf } from '../../src/catalogue/cost.ts';

const catalogue = createCatalogue();

const prices = { input: 2, output: 10, cacheRead: 0.5, cacheWrite: 3 };
const M = 1_000_000;
const usage = (
  prompt: number,
  completion: number,
  details: Record<string, number> = {},
  output: Record<string, number> = {},
) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  prompt_tokens_details: details,
  completion_tokens_details: output,
});

describe('the cost of an answer', () => {
  it.each([
    ['prompt and answer', usage(M, M), 12],
    ['nothing', usage(0, 0), 0],
    ['cached tokens, which are inside the prompt', usage(M, 0, { cached_tokens: M / 2 }), 1.25],
    ['tokens written to the cache', usage(M, 0, { cache_write_tokens: M / 2 }), 2.5],
    ['both', usage(M, 0, { cached_tokens: M / 2, cache_write_tokens: M / 2 }), 1.75],
    ['reasoning, which is inside the answer', usage(0, M, {}, { reasoning_tokens: M }), 10],
    ['more cached tokens than there are', usage(M, 0, { cached_tokens: 2 * M }), 1],
    ['counts that are none', { prompt_tokens: Number.NaN, completion_tokens: -5 }, 0],
    ['an answer without output, as embeddings have it', { prompt_tokens: M, total_tokens: M }, 2],
  ])('%s', (_, counts, dollars) => {
    expect(costOf(prices, counts)).toBeCloseTo(dollars, 10);
  });

  it('takes cached tokens for plain ones where they have no price', () => {
    expect(costOf({ input: 2, output: 10 }, usage(M, 0, { cached_tokens: M / 2, cache_write_tokens: M / 2 }))).toBe(2);
  });

  it('counts audio apart where it has a price', () => {
    const audio = { ...prices, audioInput: 40, audioOutput: 80 };
    expect(costOf(audio, usage(M, M, { audio_tokens: M / 2 }, { audio_tokens: M / 2 }))).toBe(1 + 20 + 5 + 40);
    expect(costOf(prices, usage(M, M, { audio_tokens: M / 2 }))).toBe(12);
  });

  it('a long prompt changes the price of the whole request', () => {
    const tiered = {
      ...prices,
      tiers: [
        { above: 100_000, input: 4, output: 20 },
        { above: 200_000, input: 8, output: 40, cacheRead: 1 },
      ],
    };
    expect(costOf(tiered, usage(100_000, 1000))).toBeCloseTo(0.2 + 0.01, 10);
    expect(costOf(tiered, usage(100_001, 1000))).toBeCloseTo(0.400004 + 0.02, 10);
    expect(costOf(tiered, usage(300_000, 0, { cached_tokens: 300_000 }))).toBeCloseTo(0.3, 10);
  });

  it('a reranker is paid by the hundred documents', () => {
    const perRequest = { input: 0, output: 0, perRequest: 0.002 };
    expect([0, 1, 100, 101, 250].map((documents) => costOf(perRequest, { prompt_tokens: 0 }, documents))).toEqual([
      0.002, 0.002, 0.002, 0.004, 0.006,
    ]);
  });

  it('is never below zero, nor above what every token would cost at the dearest price', () => {
    const count = fc.nat({ max: 2_000_000 });
    fc.assert(
      fc.property(count, count, count, count, (prompt, completion, cached, written) => {
        const cost = costOf(prices, usage(prompt, completion, { cached_tokens: cached, cache_write_tokens: written }));
        expect(cost).toBeGreaterThanOrEqual(0);
        expect(cost).toBeLessThanOrEqual(((Math.max(prompt, cached + written) * 3 + completion * 10) / M) * 1.000001);
      }),
    );
  });

  it('is unknown where the price is, never nothing', () => {
    expect(catalogue.cost({ provider: 'openai', model: 'nobody-knows' }, usage(1, 1))).toBeUndefined();
    expect(catalogue.cost({ provider: 'cloudflare', model: '@cf/google/gemma-2b-it-lora' }, usage(1, 1))).toBeUndefined();
    expect(catalogue.cost({ provider: 'openai', model: 'gpt-5-mini' }, usage(1000, 100, { cached_tokens: 400 }))).toBeCloseTo(
      (600 * 0.25 + 400 * 0.025 + 100 * 2) / M,
      12,
    );
  });
});
