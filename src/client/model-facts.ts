import * as z from 'zod/mini';
import type { Call } from '../contract/call.ts';
import type { ModelFacts } from '../contract/catalogue.ts';
import { checkOptions } from '../contract/check-options.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';

const TOKENS = 'a whole number of tokens ≥ 1';
const tokens = z.optional(z.int(TOKENS).check(z.gte(1, TOKENS)));
const PRICE = 'US dollars for a million tokens';
const price = z.number(PRICE).check(z.gte(0, PRICE));
const able = z.optional(z.boolean());

const tokenPrices = { input: price, output: price, cacheRead: z.optional(price), cacheWrite: z.optional(price) };

const schema = z.record(
  z.string(),
  z.optional(
    z.strictObject({
      maxInputTokens: tokens,
      maxOutputTokens: tokens,
      prices: z.optional(
        z.strictObject({
          ...tokenPrices,
          audioInput: z.optional(price),
          audioOutput: z.optional(price),
          perRequest: z.optional(price),
          tiers: z.optional(z.array(z.strictObject({ ...tokenPrices, above: z.int(TOKENS) }))),
        }),
      ),
      vision: able,
      tools: able,
      reasoning: able,
      structuredOutput: able,
      prefill: able,
      separateOutput: able,
    }),
  ),
);

/** Facts for the option `catalogue` of a client, as {@link modelFacts} makes them. */
export interface OwnModels {
  /** For the client: the models under the names that it knows them by. */
  read(resolve: Call['resolve']): Readonly<Record<string, ModelFacts | undefined>>;
}

/**
 * Facts of models by `provider/model`: of models that the library does not know, or instead of what it knows. Prices are US dollars
 * for a million tokens.
 *
 * @throws ConfigurationError when a fact is wrong; `createClient` throws it for a provider that is unknown.
 * @example
 * const catalogue = modelFacts({ 'openai/our-model': { maxInputTokens: 128_000, prices: { input: 0.5, output: 1.5 } } });
 * const llm = createClient({ catalogue });
 */
export function modelFacts(facts: Readonly<Record<string, ModelFacts | undefined>>): OwnModels {
  const checked = Object.entries(checkOptions(schema, facts, 'modelFacts'));
  return {
    read: (resolve) => Object.fromEntries(checked.map(([name, own]) => [idOf(name, resolve), own])),
  };
}

function idOf(name: string, resolve: Call['resolve']): string {
  try {
    const { provider, model } = resolve(name);
    return `${provider}/${model}`;
  } catch (error) {
    const reason = isLLMError(error) ? error.reason.replace('model: ', '') : String(error);
    throw new ConfigurationError({
      message: `createClient.catalogue: ${reason}`,
      code: 'wrong_option',
      param: 'createClient.catalogue',
    });
  }
}
