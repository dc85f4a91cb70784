import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../../src/catalogue/catalogue.ts';
import { KNOWN_MODELS, type ProviderModels } from '../../src/client/model-ids.ts';
import { prefixed } from '../../src/client/suggestions.ts';

const catalogue = createCatalogue();

/** Every name of the type, no other: the compiler sees to both. */
const BEDROCK: Readonly<Record<ProviderModels['bedrock'], true>> = {
  'us.anthropic.claude-opus-5-5': true,
  'us.anthropic.claude-sonnet-5-5': true,
  'us.anthropic.claude-haiku-5-5': true,
  'us.anthropic.claude-opus-4-6-v1': true,
  'us.anthropic.claude-sonnet-4-6': true,
  'us.anthropic.claude-opus-4-5-20251101-v1:0': true,
  'us.anthropic.claude-sonnet-4-5-20250929-v1:0': true,
  'us.anthropic.claude-haiku-4-5-20251001-v1:0': true,
  'eu.anthropic.claude-opus-5-5': true,
  'eu.anthropic.claude-sonnet-5-5': true,
  'eu.anthropic.claude-haiku-5-5': true,
  'eu.anthropic.claude-opus-4-6-v1': true,
  'eu.anthropic.claude-sonnet-4-6': true,
  'eu.anthropic.claude-opus-4-5-20251101-v1:0': true,
  'eu.anthropic.claude-sonnet-4-5-20250929-v1:0': true,
  'eu.anthropic.claude-haiku-4-5-20251001-v1:0': true,
  'global.anthropic.claude-opus-5-5': true,
  'global.anthropic.claude-sonnet-5-5': true,
  'global.anthropic.claude-haiku-5-5': true,
  'global.anthropic.claude-opus-4-6-v1': true,
  'global.anthropic.claude-sonnet-4-6': true,
  'global.anthropic.claude-opus-4-5-20251101-v1:0': true,
  'global.anthropic.claude-sonnet-4-5-20250929-v1:0': true,
  'global.anthropic.claude-haiku-4-5-20251001-v1:0': true,
  'us.amazon.nova-2-lite-v1:0': true,
  'eu.amazon.nova-2-lite-v1:0': true,
  'global.amazon.nova-2-lite-v1:0': true,
  'amazon.nova-pro-v1:0': true,
  'amazon.nova-lite-v1:0': true,
  'amazon.nova-micro-v1:0': true,
  'openai.gpt-oss-120b-1:0': true,
  'openai.gpt-oss-20b-1:0': true,
  'mistral.mistral-large-3-675b-instruct': true,
  'deepseek.v3.2': true,
  'qwen.qwen3-235b-a22b-2507-v1:0': true,
  'amazon.titan-embed-text-v2:0': true,
  'cohere.embed-v4:0': true,
};

/** Ollama's library is not in the catalogue: its models run at home. */
const { ollama: _atHome, ...LISTED } = KNOWN_MODELS;

describe('the model names that editors complete', () => {
  it.each(Object.entries<readonly string[]>({ ...LISTED, bedrock: Object.keys(BEDROCK) }))(
    'are known to the catalogue: %s',
    (provider, models) => {
      expect(models.filter((model) => catalogue.find({ provider, model }) === undefined)).toEqual([]);
      expect(new Set(models).size).toBe(models.length);
    },
  );
});

describe('a name without its provider', () => {
  const { ollama, groq, ...makers } = KNOWN_MODELS;
  const named = Object.entries<readonly string[]>(makers).flatMap(([id, models]) => models.map((model) => `${id}/${model}`));

  it.each(named)('%s is suggested', (model) => {
    const bare = model.slice(model.indexOf('/') + 1);
    expect(prefixed(bare, new Set(Object.keys(KNOWN_MODELS)))).toBe(model);
  });

  it('only of providers that are there, and of families that are known', () => {
    expect(prefixed('claude-sonnet-4-5', new Set(['openai']))).toBeUndefined();
    expect(prefixed('some-model', new Set(Object.keys(KNOWN_MODELS)))).toBeUndefined();
    expect([...ollama.slice(0, 2), 'gemma3'].map((model) => prefixed(model, new Set(['ollama'])))).toEqual([
      'ollama/llama3.2',
      'ollama/llama3.1',
      'ollama/gemma3',
    ]);
    expect(groq.every((model) => model.includes('/'))).toBe(true);
  });
});
