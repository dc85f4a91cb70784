import * as z from 'zod/mini';
import type { ModelOverrides } from '../catalogue/catalogue.ts';
import { checkOptions } from '../contract/check-options.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import type { Targets } from './targets.ts';

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

const PATH = 'createClient.catalogue';

/**
 * The option `catalogue` with its models as the client reads them.
 *
 * @throws ConfigurationError for wrong facts and for models of a provider that is unknown.
 */
export function ownModels(given: unknown, { resolve }: Targets): ModelOverrides {
  const own: Record<string, ModelOverrides[string]> = {};
  for (const [name, facts] of Object.entries(checkOptions(schema, given ?? {}, PATH))) {
    try {
      const { provider, model } = resolve(name);
      own[`${provider}/${model}`] = facts;
    } catch (error) {
      const reason = isLLMError(error) ? error.reason.replace('model: ', '') : String(error);
      throw new ConfigurationError({ message: `${PATH}: ${reason}`, code: 'wrong_option', param: PATH });
    }
  }
  return own;
}
