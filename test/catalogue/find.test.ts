import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../../src/catalogue/catalogue.ts';

const catalogue = createCatalogue();

const find = (text: string) => {
  const slash = text.indexOf('/');
  return catalogue.find({ provider: text.slice(0, slash), model: text.slice(slash + 1) });
};

describe('a model is found', () => {
  it('at an instance of a built-in provider as at its base, unless something is told of the instance', () => {
    const own = createCatalogue({ 'openai/gpt-5-mini': { maxInputTokens: 7 }, 'mine/gpt-5-mini': { maxInputTokens: 8 } });
    const at = (provider: string, base?: string): number | undefined =>
      own.find({ provider, model: 'gpt-5-mini', base })?.maxInputTokens;
    expect([at('openai'), at('eu', 'openai'), at('mine', 'openai'), at('eu')]).toEqual([7, 7, 8, undefined]);
    expect(catalogue.find({ provider: 'eu', model: 'gpt-5-mini', base: 'openai' })?.maxOutputTokens).toBe(128_000);
    expect(catalogue.find({ provider: 'eu', model: 'gpt-5-mini', base: 'azure' })).toEqual(find('azure/gpt-5-mini'));
  });

  it('with what its provider publishes', () => {
    expect(find('openai/gpt-5-mini')).toEqual({
      maxInputTokens: 272_000,
      maxOutputTokens: 128_000,
      separateOutput: true,
      vision: true,
      tools: true,
      reasoning: true,
      structuredOutput: true,
      prices: { input: 0.25, output: 2, cacheRead: 0.025 },
    });
    expect(find('anthropic/claude-sonnet-4-5')).toMatchObject({
      maxInputTokens: 200_000,
      prefill: true,
      prices: { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 },
    });
    expect(find('anthropic/claude-opus-4-6')?.prefill).toBe(false);
    expect(find('gemini/gemini-2.5-pro')?.prices?.tiers).toEqual([{ above: 200_000, input: 2.5, output: 15, cacheRead: 0.25 }]);
    expect(find('cohere/rerank-v3.5')?.prices).toEqual({ input: 0, output: 0, perRequest: 0.002 });
    expect(find('openai/text-embedding-3-small')).toEqual({ maxInputTokens: 8191, prices: { input: 0.02, output: 0 } });
  });

  it.each([
    ['a date', 'openai/gpt-5-mini-2031-08-07', 'openai/gpt-5-mini'],
    ['a short date', 'anthropic/claude-sonnet-4-5-20310929', 'anthropic/claude-sonnet-4-5'],
    ['a date behind @', 'vertex_ai/claude-sonnet-4-5@20310929', 'vertex_ai/claude-sonnet-4-5'],
    ['latest', 'anthropic/claude-haiku-4-5-latest', 'anthropic/claude-haiku-4-5'],
    ['a number', 'gemini/gemini-2.5-flash-009', 'gemini/gemini-2.5-flash'],
    ['the tag latest', 'ollama/llama3.1:latest', 'ollama/llama3.1'],
    ['the folder of models', 'gemini/models/gemini-2.5-pro', 'gemini/gemini-2.5-pro'],
    ['a publisher', 'vertex_ai/publishers/google/models/gemini-2.5-pro', 'vertex_ai/gemini-2.5-pro'],
    ['a region that costs no more', 'bedrock/xx.amazon.nova-pro-v1:0', 'bedrock/amazon.nova-pro-v1:0'],
    ['a fine-tuned name', 'openai/ft:gpt-4o-mini-2024-07-18:acme::8x', 'openai/ft:gpt-4o-mini-2024-07-18'],
    ['the chat twin of a provider', 'ollama_chat/llama3.1', 'ollama/llama3.1'],
    ['the completion twin', 'text-completion-openai/gpt-3.5-turbo-instruct', 'openai/gpt-3.5-turbo-instruct'],
    ['a gateway', 'openrouter/anthropic/claude-sonnet-4.5', 'anthropic/claude-sonnet-4-5'],
    ['a gateway with its own name of the maker', 'openrouter/google/gemini-2.5-pro', 'gemini/gemini-2.5-pro'],
    ['a proxy', 'litellm_proxy/openai/gpt-5-mini', 'openai/gpt-5-mini'],
  ])('under a name with %s', (_, name, known) => {
    expect(find(known)).toBeDefined();
    expect(find(name)).toEqual(find(known));
  });

  it('under the name of its region where that has prices of its own', () => {
    const [global, us] = [
      find('bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0'),
      find('bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0'),
    ];
    expect(us?.maxInputTokens).toBe(global?.maxInputTokens);
    expect(us?.prices?.input).toBe(3.3);
    expect(global?.prices?.input).toBe(3);
  });

  it.each([
    'openai/gpt-nobody-knows',
    'azure/our-deployment',
    'openai_compatible/anything',
    'mine/gpt-5-mini',
    'openrouter/openrouter/auto',
    'openrouter/anthropic/claude-sonnet-4.5:free',
    'groq/anthropic/claude-sonnet-4-5',
    'constructor/gpt-5',
    'openai/',
    '/gpt-5',
    '__proto__/toString',
  ])('or not: %s', (name) => {
    expect(find(name)).toBeUndefined();
  });
});

describe('facts of the user’s own', () => {
  const own = createCatalogue({
    'openai/our-model': { maxInputTokens: 1000, prices: { input: 1, output: 2 } },
    'openai/gpt-5-mini': { maxInputTokens: 5000 },
    'azure/our-deployment': undefined,
  });

  it('add models', () => {
    expect(own.find({ provider: 'openai', model: 'our-model' })).toEqual({
      maxInputTokens: 1000,
      prices: { input: 1, output: 2 },
    });
    expect(own.cost({ provider: 'openai', model: 'our-model' }, { prompt_tokens: 1_000_000 })).toBe(1);
  });

  it('replace single facts of a known one, here alone', () => {
    const target = { provider: 'openai', model: 'gpt-5-mini' };
    expect(own.find(target)).toEqual({ ...catalogue.find(target), maxInputTokens: 5000 });
    expect(catalogue.find(target)?.maxInputTokens).toBe(272_000);
    expect(own.find({ provider: 'azure', model: 'our-deployment' })).toBeUndefined();
  });

  it('are remembered without a bound being passed', () => {
    for (let i = 0; i < 2500; i++) expect(own.find({ provider: 'openai', model: `unheard-${i}` })).toBeUndefined();
    expect(own.find({ provider: 'openai', model: 'our-model' })?.maxInputTokens).toBe(1000);
  });
});
