import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modelFamily } from '../../src/state/model-family.ts';

describe('the family of a model', () => {
  it.each([
    ['gpt-4o-2024-08-06', 'gpt-4o'],
    ['gpt-4o-mini-2024-07-18', 'gpt-4o-mini'],
    ['gpt-4-0613', 'gpt-4'],
    ['gpt-3.5-turbo-1106', 'gpt-3.5-turbo'],
    ['chatgpt-4o-latest', 'chatgpt-4o'],
    ['ft:gpt-4o-mini-2024-07-18:acme::7p4lURel', 'ft:gpt-4o-mini'],
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5'],
    ['claude-sonnet-4-5@20250929', 'claude-sonnet-4-5'],
    ['Claude-Sonnet-4-5', 'claude-sonnet-4-5'],
    ['claude-3-5-haiku-latest', 'claude-3-5-haiku'],
    ['us.anthropic.claude-3-5-sonnet-20241022-v2:0', 'us.anthropic.claude-3-5-sonnet'],
    ['amazon.nova-pro-v1:0', 'amazon.nova-pro'],
    ['gemini-1.5-pro-002', 'gemini-1.5-pro'],
    ['gemini-2.5-flash-preview-05-20', 'gemini-2.5-flash-preview'],
    ['gemini-2.0-flash@001', 'gemini-2.0-flash'],
    ['mistral-large-2411', 'mistral-large'],
    ['command-r-plus-08-2024', 'command-r-plus'],
    ['grok-2-1212', 'grok-2'],
    ['llama3.2:latest', 'llama3.2'],
    ['publishers/google/models/gemini-2.5-pro@default', 'publishers/google/models/gemini-2.5-pro'],
  ])('%s → %s', (model, family) => expect(modelFamily(model)).toBe(family));

  it.each([
    'gpt-5-mini',
    'o3',
    'llama3.2:3b',
    'llama-3.1-70b-instruct',
    'deepseek-v3',
    'text-embedding-3-large',
    'llama3-70b-8192',
    'claude-3-5-sonnet',
    '@cf/meta/llama-3-8b-instruct',
    'qwen2.5-vl-72b',
    '',
    'latest',
    '-latest',
  ])('%s is one', (model) => expect(modelFamily(model)).toBe(model));

  it('of a family is the family, whatever the text', () => {
    const part = fc.oneof(
      fc.constantFrom('-latest', ':latest', '@20250929', '-2024-08-06', '-0613', '-002', '-v1:0', '-08-2024', '@default', 'Gpt'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const family = modelFamily(parts.join(''));
        expect(modelFamily(family)).toBe(family);
      }),
    );
  });
});
