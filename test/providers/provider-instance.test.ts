import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CallEvent, Middleware } from '../../src/index.ts';
import { ConfigurationError, createClient, fallback, providerInstance } from '../../src/index.ts';
import { fault } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { messages, startChained } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

let chained: Chained;
beforeAll(async () => {
  chained = await startChained();
});
afterAll(() => chained.close());

const at = (id: string): { readonly baseURL: string } => ({ baseURL: chained.mock.baseURL(id) });

it('is a provider of its own: its key, its name in route and errors, its base known to layers', async () => {
  const seen: unknown[] = [];
  const spy: Middleware = (call, next) => {
    seen.push(call.target);
    return next(call);
  };
  const llm = chained.client({
    providers: {
      claude_eu: providerInstance('anthropic', { apiKey: 'eu-key', ...at('anthropic') }),
      claude_us: providerInstance('anthropic', { apiKey: 'us-key', ...at('anthropic') }),
    },
    use: [fallback(['claude_us/claude-sonnet-4-5']), spy],
  });
  chained.mock.enqueue('anthropic', fault.overloaded());
  const { route } = await llm.chat.completions.create({ model: 'claude_eu/claude-sonnet-4-5', messages });
  expect(route).toMatchObject({
    provider: 'claude_us',
    fallback: true,
    attempts: [{ provider: 'claude_eu', outcome: 'service_unavailable' }, { provider: 'claude_us' }],
  });
  expect(seen).toMatchObject([
    { provider: 'claude_eu', base: 'anthropic' },
    { provider: 'claude_us', base: 'anthropic' },
  ]);
  expect(chained.mock.requests.slice(-2).map(({ provider }) => provider)).toEqual(['anthropic', 'anthropic']);

  chained.mock.enqueue('anthropic', fault.auth());
  const error = await rejection(llm.chat.completions.create({ model: 'claude_eu/x', messages }));
  expect(error).toMatchObject({ kind: 'authentication', provider: 'claude_eu', llmProvider: 'claude_eu' });
});

it('reads the options of its base, and over them those of its own name', async () => {
  const llm = chained.client({
    providers: {
      claude_eu: providerInstance('anthropic', { apiKey: 'k', ...at('anthropic') }),
      claude_us: providerInstance('anthropic', { apiKey: 'k', ...at('anthropic') }),
      gem: providerInstance('google', { apiKey: 'k', ...at('gemini') }),
      host: providerInstance('xai', { apiKey: 'k', ...at('xai') }),
    },
  });
  const sent = async (model: string, providerOptions: Record<string, object>): Promise<unknown> => {
    await llm.chat.completions.create({ model, messages, providerOptions });
    return chained.mock.requests.at(-1)?.body;
  };
  expect(await sent('claude_eu/claude-3-5-haiku-latest', { anthropic: { top_k: 3 }, claude_us: { top_k: 9 } })).toMatchObject({
    top_k: 3,
  });
  expect(await sent('claude_eu/claude-3-5-haiku-latest', { anthropic: { top_k: 3 }, claude_eu: { top_k: 4 } })).toMatchObject({
    top_k: 4,
  });
  expect(await sent('gem/gemini-2.5-flash', { gem: { topK: 5 } })).toMatchObject({ generationConfig: { topK: 5 } });
  expect(await sent('host/grok-4', { xai: { a: 1, b: 1 }, host: { b: 2 } })).toMatchObject({ a: 1, b: 2 });
  expect(await sent('host/grok-4', {})).not.toHaveProperty('a');
});

it('streams, embeds and lists models as its base does', async () => {
  const llm = chained.client({ providers: { mine: providerInstance('openai', { apiKey: 'k', ...at('openai') }) } });
  const stream = await llm.chat.completions.create({ model: 'mine/gpt-5', messages, stream: true });
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  expect(text).not.toBe('');
  expect((await llm.embeddings.create({ model: 'mine/text-embedding-3-small', input: 'x' })).data).toHaveLength(1);
  expect((await llm.models.list({ provider: 'mine' })).data.length).toBeGreaterThan(0);
});

it('without a setting that its base needs names the instance', async () => {
  const llm = createClient({ providers: { azure_eu: providerInstance('azure', { apiKey: 'k' }) }, use: [] });
  const error = await rejection(llm.chat.completions.create({ model: 'azure_eu/gpt-5', messages }));
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as Error).message).toContain('providers.azure_eu.');
  await llm.close();
});

it('copies its settings, and refuses what is not built in', () => {
  const settings = { apiKey: 'k' };
  expect(providerInstance('vertex', settings)).toMatchObject({ base: 'vertex_ai', settings });
  expect(providerInstance('openai', settings).settings).not.toBe(settings);
  for (const [id, advice] of [
    ['azur', 'no built-in provider "azur"; did you mean "azure"?'],
    ['__proto__', 'no built-in provider "__proto__"'],
    ['constructor', 'no built-in provider "constructor"'],
  ] as const) {
    expect(() => providerInstance(id)).toThrow(ConfigurationError);
    expect(() => providerInstance(id)).toThrow(advice);
  }
});

it('events of the client carry the base of a target', async () => {
  const events: CallEvent[] = [];
  const llm = chained.client({
    providers: { claude_eu: providerInstance('anthropic', { apiKey: 'k', ...at('anthropic') }) },
    on: { 'attempt-started': (event) => events.push(event) },
  });
  await llm.chat.completions.create({ model: 'claude_eu/claude-sonnet-4-5', messages });
  expect(events).toMatchObject([{ target: { provider: 'claude_eu', base: 'anthropic' } }]);
});
