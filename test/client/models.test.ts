import { afterEach, describe, expect, it } from 'vitest';
import type { LLMClient } from '../../src/index.ts';
import { createClient, modelFacts } from '../../src/index.ts';
import { rejection } from '../support/client.ts';

let llm: LLMClient | undefined;
afterEach(() => llm?.close());

const client = (options: Parameters<typeof createClient>[0] = {}): LLMClient => {
  llm = createClient(options);
  return llm;
};

describe('what is known of models', () => {
  it('is told without a key or a call', async () => {
    const { models } = client();
    expect(await models.facts('openai/gpt-5-mini')).toMatchObject({ maxInputTokens: 272_000, prices: { input: 0.25 } });
    expect(await models.facts('google/gemini-2.5-pro')).toMatchObject({ maxInputTokens: 1_048_576 });
    expect(await models.facts('openai/nobody-knows')).toBeUndefined();
    expect(await models.cost('openai/gpt-5-mini', { prompt_tokens: 1_000_000 })).toBe(0.25);
    expect(await models.cost('openai/nobody-knows', { prompt_tokens: 1_000_000 })).toBeUndefined();
    expect(await models.countTokens({ model: 'openai/gpt-5', messages: [{ role: 'user', content: 'one two' }] })).toBe(9);
    expect(await models.countTokens({ model: 'openai/text-embedding-3-small', input: 'one two' })).toBe(2);
    expect(await rejection(models.facts('opnai/gpt-5' as 'openai/gpt-5'))).toMatchObject({ kind: 'configuration' });
  });

  it('can be added to, under every name of a provider', async () => {
    const catalogue = { 'google/our-tune': { maxInputTokens: 10, prices: { input: 1, output: 2 } }, 'gpt-5': { tools: false } };
    const { models } = client({ catalogue: modelFacts(catalogue), defaultProvider: 'openai' });
    expect(await models.facts('gemini/our-tune')).toEqual(catalogue['google/our-tune']);
    expect(await models.facts('openai/gpt-5')).toMatchObject({ tools: false, maxInputTokens: 272_000 });
  });

  it.each([
    ['an unknown provider', { 'opnai/gpt-5': {} }, /createClient\.catalogue: unknown provider "opnai"; did you mean "openai/],
    ['a name without a provider', { 'our-model': {} }, /createClient\.catalogue: "our-model" names no provider/],
    ['an unknown fact', { 'openai/x': { maxTokens: 5 } }, /modelFacts\["openai\/x"\]\.maxTokens: unknown option/],
    ['half a price', { 'openai/x': { prices: { input: 5 } } }, /\.prices\.output: expected US dollars for a million tokens/],
    ['a negative price', { 'openai/x': { prices: { input: -1, output: 1 } } }, /\.prices\.input: expected US dollars/],
    [
      'a window of nothing',
      { 'openai/x': { maxInputTokens: 0 } },
      /maxInputTokens: expected a whole number of tokens ≥ 1, got 0/,
    ],
    ['no object', 'gpt-5', /modelFacts: expected an object/],
  ])('%s is refused at once', (_, catalogue, message) => {
    expect(() => createClient({ catalogue: modelFacts(catalogue as never) })).toThrow(message);
  });

  it('plain facts are refused with the function to use', () => {
    expect(() => createClient({ catalogue: {} as never })).toThrow(
      /createClient\.catalogue: expected facts, as modelFacts\(\) makes/,
    );
  });
});
