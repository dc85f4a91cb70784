import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatParamsNonStreaming } from '../../src/index.ts';
import { fallback } from '../../src/index.ts';
import { fault } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { startChained } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

// One tool loop, begun by one provider and continued by all: what arrives must be what each of them would accept.

const CHAIN = [
  'anthropic/claude-sonnet-4-5',
  'openai/gpt-5-mini',
  'gemini/gemini-2.5-flash',
  'ollama/llama3.2',
  'mistral/mistral-large-latest',
  'bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0',
  'cohere/command-a-03-2025',
  'groq/llama-3.3-70b-versatile',
] as const;

const tools = ['get_weather', 'get_time'].map((name) => ({
  type: 'function' as const,
  function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}));

interface Origin {
  readonly ids: readonly [string, string];
  readonly turn: object;
  readonly call: object;
}

/** Turns as the providers' answers come out of this library. */
const ORIGINS: Readonly<Record<string, Origin>> = {
  anthropic: {
    ids: ['toolu_01A09q90qw90lq917835lq9', 'toolu_01B09q90qw90lq917835lq9'],
    turn: {
      reasoning_content: 'They want both.',
      thinking_blocks: [{ type: 'thinking', thinking: 'They want both.', signature: 'EqQBCgIYAhIM' }],
    },
    call: {},
  },
  openai: { ids: ['call_abc123', 'call_def456'], turn: { refusal: null, annotations: [] }, call: {} },
  gemini: {
    ids: ['call/α|1', 'call/β|1'],
    turn: { reasoning_content: 'Both, then.' },
    call: { extra_content: { google: { thought_signature: 'c2lnbmF0dXJl' } } },
  },
  vllm: {
    ids: ['chatcmpl-tool-0123456789abcdef0123456789abcdef', 'chatcmpl-tool-fedcba9876543210fedcba9876543210'],
    turn: { reasoning_content: 'Both.', thinking_blocks: [{ type: 'thinking', thinking: 'unsigned' }] },
    call: {},
  },
  mistral: { ids: ['D681PevKs', 'a1B2c3D4e'], turn: {}, call: {} },
  repeating: { ids: ['functions.get_weather:0', 'functions.get_time:1'], turn: { reasoning: 'Both.' }, call: {} },
};

const historyOf = ({ ids, turn, call }: Origin): ChatParamsNonStreaming['messages'] =>
  [
    { role: 'user', content: 'Weather and time in Oslo?' },
    {
      role: 'assistant',
      content: null,
      tool_calls: ids.map((id, i) => ({
        id,
        type: 'function',
        function: { name: tools[i]?.function.name, arguments: '{"city":"Oslo"}' },
        ...(i === 0 ? call : {}),
      })),
      ...turn,
    },
    ...ids.map((tool_call_id, i) => ({ role: 'tool', tool_call_id, content: i === 0 ? '4 degrees' : 'noon' })),
  ] as never;

type Body = Readonly<Record<string, never>> & { readonly messages: readonly never[] };

let chained: Chained;
beforeAll(async () => {
  chained = await startChained();
});
afterAll(() => chained.close());

/** The request that each target of the chain received, by provider; all of them fail. */
async function received(origin: Origin, more: object = {}): Promise<{ bodies: Map<string, Body>; texts: Map<string, string> }> {
  for (const model of CHAIN) chained.mock.enqueue(model.split('/')[0] ?? '', fault.overloaded());
  const llm = chained.client({ use: [fallback(CHAIN)], maxAttempts: CHAIN.length });
  const before = chained.mock.requests.length;
  await rejection(llm.chat.completions.create({ model: CHAIN[0], messages: historyOf(origin), tools, ...more }));
  const requests = chained.mock.requests.slice(before);
  expect(requests.map(({ provider }) => provider)).toEqual(CHAIN.map((model) => model.split('/')[0]));
  return {
    bodies: new Map(requests.map(({ provider, body }) => [provider, body as Body])),
    texts: new Map(requests.map(({ provider, body }) => [provider, JSON.stringify(body)])),
  };
}

interface Pairs {
  readonly calls: readonly string[];
  readonly results: readonly string[];
}

type Any = { readonly [field: string]: Any } & readonly Any[] & string;

const messagesOf = (bodies: ReadonlyMap<string, Body>, provider: string): readonly Any[] =>
  (bodies.get(provider)?.messages ?? []) as unknown as readonly Any[];

/** Ids of the calls and of their results, as the OpenAI dialect has them. */
const openaiPairs = (body: Body): Pairs => {
  const messages = body.messages as unknown as readonly Any[];
  return {
    calls: messages.flatMap(({ tool_calls }) => (tool_calls ?? []).map(({ id }) => id as string)),
    results: messages.filter(({ role }) => role === 'tool').map(({ tool_call_id }) => tool_call_id as string),
  };
};

function paired({ calls, results }: Pairs, form: RegExp): void {
  expect(calls).toHaveLength(2);
  expect(new Set(calls).size).toBe(2);
  expect(results).toEqual(calls);
  for (const id of calls) expect(id).toMatch(form);
}

describe.each(Object.entries(ORIGINS))('a tool loop that %s began', (name, origin) => {
  it('goes on at every other dialect', async () => {
    const { bodies, texts } = await received(origin);

    const anthropic = messagesOf(bodies, 'anthropic');
    const blocks = anthropic.flatMap(({ content }) => content as readonly Any[]);
    const ofType = (type: string, id: string) => blocks.filter((b) => b.type === type).map((b) => b[id] as string);
    paired({ calls: ofType('tool_use', 'id'), results: ofType('tool_result', 'tool_use_id') }, /^[a-zA-Z0-9_-]+$/);
    expect(anthropic.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(blocks.filter(({ type }) => type === 'thinking')).toHaveLength(name === 'anthropic' ? 1 : 0);

    const bedrock = messagesOf(bodies, 'bedrock').flatMap(({ content }) => content as readonly Any[]);
    const converse = (key: string) => bedrock.filter((b) => b[key] !== undefined).map((b) => (b[key] as Any).toolUseId as string);
    paired({ calls: converse('toolUse'), results: converse('toolResult') }, /^[a-zA-Z0-9_-]{1,64}$/);

    for (const provider of ['openai', 'groq', 'cohere'] as const) paired(openaiPairs(bodies.get(provider) as Body), /^.{1,46}$/s);
    paired(openaiPairs(bodies.get('openai') as Body), /^.{1,40}$/s);
    paired(openaiPairs(bodies.get('mistral') as Body), /^[a-zA-Z0-9]{9}$/);

    const contents = (bodies.get('gemini') as unknown as Any).contents as readonly Any[];
    expect(contents.map(({ role }) => role)).toEqual(['user', 'model', 'user']);
    const parts = contents.flatMap((content) => content.parts as readonly Any[]);
    const named = (key: string) => parts.filter((p) => p[key] !== undefined).map((p) => (p[key] as Any).name as string);
    expect(named('functionCall')).toEqual(['get_weather', 'get_time']);
    expect(named('functionResponse')).toEqual(['get_weather', 'get_time']);
    expect(texts.get('gemini')?.includes('thoughtSignature')).toBe(name === 'gemini');

    const ollama = messagesOf(bodies, 'ollama');
    expect(ollama.filter(({ role }) => role === 'tool').map(({ tool_name }) => tool_name)).toEqual(['get_weather', 'get_time']);
    for (const { tool_calls } of ollama) {
      for (const call of tool_calls ?? []) expect((call.function as Any).arguments).toEqual({ city: 'Oslo' });
    }
  });

  it('leaves signatures and extras with those who understand them', async () => {
    const { texts } = await received(origin);
    for (const [provider, text] of texts) {
      if (!['anthropic', 'bedrock'].includes(provider)) expect(text, provider).not.toMatch(/thinking_blocks|EqQBCgIYAhIM/);
      if (provider !== 'gemini') expect(text, provider).not.toMatch(/extra_content|thought_signature|c2lnbmF0dXJl/);
      expect(text, provider).not.toContain('unsigned');
      if (['openai', 'mistral', 'groq'].includes(provider)) expect(text, provider).not.toMatch(/"reasoning(_content)?"/);
    }
  });
});

describe('settings that were meant for one target', () => {
  const thinking = { providerOptions: { anthropic: { thinking: { type: 'enabled', budget_tokens: 2000 } } } };

  it('thinking is asked for where the loop carries it, and left out of a loop that another provider began', async () => {
    const own = await received(ORIGINS.anthropic as Origin, { ...thinking, max_tokens: 5000 });
    expect(own.bodies.get('anthropic')).toMatchObject({ thinking: { type: 'enabled' }, max_tokens: 5000 });
    const foreign = await received(ORIGINS.openai as Origin, { ...thinking, max_tokens: 5000 });
    expect(foreign.bodies.get('anthropic')).not.toHaveProperty('thinking');
    for (const [provider, text] of foreign.texts) {
      expect(text, provider).not.toMatch(/budget_tokens|providerOptions/);
    }
    expect(chained.eventsOf('warning').map(({ message }) => message)).toContainEqual(expect.stringContaining('"thinking"'));
  });

  it('the limit of output tokens has the name that each target knows', async () => {
    for (const given of ['max_tokens', 'max_completion_tokens']) {
      const { bodies } = await received(ORIGINS.openai as Origin, { [given]: 77 });
      expect(bodies.get('anthropic')).toMatchObject({ max_tokens: 77 });
      expect(bodies.get('openai')).toMatchObject({ max_completion_tokens: 77 });
      expect(bodies.get('openai')).not.toHaveProperty('max_tokens');
      expect(bodies.get('gemini')).toMatchObject({ generationConfig: { maxOutputTokens: 77 } });
      expect(bodies.get('ollama')).toMatchObject({ options: { num_predict: 77 } });
      expect(bodies.get('mistral')).toMatchObject({ max_tokens: 77 });
      expect(bodies.get('bedrock')).toMatchObject({ inferenceConfig: { maxTokens: 77 } });
    }
  });
});
