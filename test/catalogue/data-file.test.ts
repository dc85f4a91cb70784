import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readModelLine, writeModelLine } from '../../src/catalogue/model-line.ts';
import data from '../../src/catalogue/models.json' with { type: 'json' };
import type { TokenPrices } from '../../src/contract/catalogue.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';

const FILE = resolve(import.meta.dirname, '../../src/catalogue/models.json');
const all = Object.entries(data.models).flatMap(([provider, lines]) => lines.map((line) => ({ provider, line })));

describe('the data file', () => {
  it('says where and when its facts are from, and stays small', () => {
    expect(data.source).toMatch(/^litellm \d+\.\d+\.\d+$/);
    expect(data.date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect(statSync(FILE).size).toBeLessThan(300_000);
    expect(all.length).toBeGreaterThan(1_500);
  });

  it('knows providers of the registry only, the large ones among them', () => {
    expect(Object.keys(data.models).filter((id) => !Object.hasOwn(PROVIDERS, id))).toEqual([]);
    for (const id of ['openai', 'anthropic', 'gemini', 'vertex_ai', 'bedrock', 'azure', 'mistral', 'cohere', 'groq', 'voyage']) {
      expect(Object.keys(data.models)).toContain(id);
    }
  });

  it('is sorted, and names each model once', () => {
    expect(Object.keys(data.models)).toEqual(Object.keys(data.models).toSorted());
    for (const lines of Object.values(data.models)) {
      expect(lines).toEqual(lines.toSorted());
      expect(new Set(lines.map((line) => line.split(' ')[0])).size).toBe(lines.length);
    }
  });

  it('has numbers that can be', () => {
    const wrong = all.filter(({ line }) => {
      const { name, facts } = readModelLine(line);
      const { prices, maxInputTokens = 1, maxOutputTokens = 1 } = facts;
      const sane = (set: TokenPrices): boolean =>
        [set.input, set.output, set.cacheRead ?? 0, set.cacheWrite ?? 0].every((price) => price >= 0 && price <= 5_000) &&
        (set.cacheRead ?? 0) <= Math.max(set.input, 0.01) * 1.5;
      return !(
        name !== '' &&
        writeModelLine(name, facts) === line &&
        [maxInputTokens, maxOutputTokens].every((tokens) => Number.isInteger(tokens) && tokens > 0 && tokens <= 100_000_000) &&
        (prices === undefined || [prices, ...(prices.tiers ?? [])].every(sane))
      );
    });
    expect(wrong).toEqual([]);
  });

  it('a line says everything and nothing else', () => {
    const price = fc.double({ min: 0, max: 5000, noNaN: true }).map((value) => Number(value.toPrecision(6)));
    const set = { input: price, output: price, cacheRead: fc.option(price, { nil: undefined }) };
    const flag = fc.option(fc.boolean(), { nil: undefined });
    const tokens = fc.option(fc.integer({ min: 1, max: 10_000_000 }), { nil: undefined });
    const facts = fc.record({
      maxInputTokens: tokens,
      maxOutputTokens: tokens,
      vision: flag,
      tools: flag,
      reasoning: flag,
      structuredOutput: flag,
      prefill: flag,
      prices: fc.option(
        fc.record({
          ...set,
          cacheWrite: fc.option(price, { nil: undefined }),
          tiers: fc.array(fc.record({ above: fc.nat(), ...set }), { minLength: 1 }),
        }),
        { nil: undefined },
      ),
    });
    fc.assert(
      fc.property(facts, (given) => {
        expect(readModelLine(writeModelLine('a/b', given))).toEqual({ name: 'a/b', facts: JSON.parse(JSON.stringify(given)) });
      }),
    );
  });
});

describe('the refresh script', () => {
  const folder = mkdtempSync(join(tmpdir(), 'catalogue-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function refreshed(list: object): { readonly models: Record<string, string[]>; readonly told: string } {
    const [input, output] = [join(folder, 'list.json'), join(folder, 'models.json')];
    writeFileSync(input, JSON.stringify(list));
    const script = resolve(import.meta.dirname, '../../scripts/refresh-catalogue.ts');
    const told = execFileSync(process.execPath, [script, input, output], { encoding: 'utf8' });
    const { models, source, date } = JSON.parse(readFileSync(output, 'utf8'));
    expect(source).toBe('list.json');
    expect(date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    return { models, told };
  }

  const chat = { mode: 'chat', input_cost_per_token: 1e-6, output_cost_per_token: 2e-6, max_input_tokens: 1000 };

  it('maps names, keeps what is used here and leaves out what cannot be', () => {
    const { models, told } = refreshed({
      sample_spec: { ...chat, litellm_provider: 'openai' },
      'gpt-x': { ...chat, litellm_provider: 'openai', cache_read_input_token_cost: 1e-7, supports_vision: true },
      'gpt-x-2031-01-01': { ...chat, litellm_provider: 'openai', cache_read_input_token_cost: 1e-7, supports_vision: true },
      'gpt-x-2031-02-02': { ...chat, litellm_provider: 'openai', input_cost_per_token: 3e-6 },
      'gpt-old': { ...chat, litellm_provider: 'text-completion-openai', mode: 'completion' },
      'dall-e': { litellm_provider: 'openai', mode: 'image_generation' },
      'anthropic.claude-x-v1:0': { ...chat, litellm_provider: 'bedrock_converse', supports_assistant_prefill: false },
      'bedrock/us-east-1/anthropic.claude-x-v1:0': { ...chat, litellm_provider: 'bedrock' },
      'vertex_ai/claude-x': { ...chat, litellm_provider: 'vertex_ai-anthropic_models' },
      'gemini/gemini-x': { ...chat, litellm_provider: 'gemini', input_cost_per_token_above_200k_tokens: 4e-6 },
      'command-x': { ...chat, litellm_provider: 'cohere_chat' },
      'rerank-x': { litellm_provider: 'cohere', mode: 'rerank', input_cost_per_query: 0.002, input_cost_per_token: 0 },
      'together-ai-21.1b-41b': { ...chat, litellm_provider: 'together_ai' },
      'groq/free': { ...chat, litellm_provider: 'groq', input_cost_per_token: 0, output_cost_per_token: 0 },
      'groq/huge': { ...chat, litellm_provider: 'groq', max_input_tokens: 1e15 },
      'groq/dear': { ...chat, litellm_provider: 'groq', output_cost_per_token: 7 },
      'groq/text': { ...chat, litellm_provider: 'groq', input_cost_per_token: '1e-6' },
      'groq/negative': { ...chat, litellm_provider: 'groq', cache_read_input_token_cost: -1 },
      'dashscope/tiers': {
        litellm_provider: 'dashscope',
        mode: 'chat',
        tiered_pricing: [
          { range: [0, 1000], input_cost_per_token: 1e-6, output_cost_per_token: 2e-6 },
          { range: [1000, 9000], input_cost_per_token: 2e-6, output_cost_per_token: 4e-6 },
        ],
      },
      'elsewhere/model': { ...chat, litellm_provider: 'elsewhere' },
      'groq/nothing': null,
    });
    expect(models).toEqual({
      bedrock: ['anthropic.claude-x-v1:0 i1000 -p $1/2'],
      cohere: ['command-x i1000 $1/2', 'rerank-x $0/0 q0.002'],
      dashscope: ['tiers $1/2 >1000 $2/4'],
      gemini: ['gemini-x i1000 +o $1/2 >200000 $4/2'],
      groq: ['free i1000'],
      openai: ['gpt-old i1000 $1/2', 'gpt-x i1000 +v $1/2 r0.1', 'gpt-x-2031-02-02 i1000 $3/2'],
      vertex_ai: ['claude-x i1000 $1/2'],
    });
    for (const name of ['huge', 'dear', 'text', 'negative']) expect(told).toContain(`left out: groq/${name}`);
  });

  it('refuses a file that is no list of models', () => {
    expect(() => refreshed([])).toThrow();
  });
});
