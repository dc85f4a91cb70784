import type { Middleware } from 'holdfast';
import {
  budget,
  ConfigurationError,
  cache,
  circuitBreaker,
  coalesce,
  contextCheck,
  createClient,
  fallback,
  hedge,
  openaiCompatible,
  rateLimit,
  retry,
  timeout,
} from 'holdfast';
import { startMockServer } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

const ask = { model: 'openai/gpt-5-mini', messages: [{ role: 'user' as const, content: 'hi' }] };

const refusal = async (params: object, options: Parameters<typeof createClient>[0] = {}): Promise<unknown> => {
  await using llm = createClient({ providers: { openai: { apiKey: 'k' } }, use: [], ...options });
  return await rejection(llm.chat.completions.create({ ...ask, ...params }));
};

describe('what is easily mistyped', () => {
  it.each([
    [{ antropic: {} }, 'providerOptions.antropic: unknown provider "antropic"; did you mean "anthropic"?'],
    [{ gemini: {}, vertex: {} }, 'providerOptions.vertex: unknown provider "vertex"; did you mean "vertex_ai"?'],
    ['anthropic', 'providerOptions: expected an object by provider id, got a string'],
    [[], 'providerOptions: expected an object by provider id, got an empty array'],
  ])('providerOptions %j', async (providerOptions, reason) => {
    expect(await refusal({ providerOptions })).toMatchObject({ kind: 'configuration', reason, attempts: [] });
  });

  it('options of a provider of one’s own, and of one whose turn does not come, are none of it', async () => {
    await using mock = await startMockServer();
    const own = openaiCompatible({ baseURL: mock.baseURL('own'), apiKey: 'k' });
    await using llm = createClient({ providers: { own }, use: [] });
    const providerOptions = { own: { top_k: 3 }, anthropic: { top_k: 5 } };
    await llm.chat.completions.create({ ...ask, model: 'own/x', providerOptions });
    expect(mock.requests[0]?.body).toMatchObject({ top_k: 3 });
  });

  it.each([
    ['zzzzqqqq/x', 'model: unknown provider "zzzzqqqq"; a server of your own is declared as openaiCompatible({ baseURL })'],
    ['OpenAI/gpt-5-mini', 'model: unknown provider "OpenAI"; did you mean "openai/gpt-5-mini"?'],
  ])('model %s', async (model, reason) => {
    expect(await refusal({ model })).toMatchObject({ kind: 'configuration', reason });
  });

  it.each([
    ['sk-proj…', 'the value of the header "authorization" holds characters that HTTP does not allow: is the API key right?'],
    [' ', 'no API key: set the environment variable OPENAI_API_KEY, or give providers.openai.apiKey to createClient'],
  ])('the key %j', async (apiKey, reason) => {
    expect(await refusal({}, { providers: { openai: { apiKey } } })).toMatchObject({ kind: 'configuration', reason });
  });

  it('a role that a dialect has no place for', async () => {
    const params = { model: 'anthropic/claude-sonnet-4-5', messages: [{ role: 'usr', content: 'hi' }] };
    expect(await refusal(params, { providers: { anthropic: { apiKey: 'k' } } })).toMatchObject({
      kind: 'unsupported_params',
      reason: `the role "usr" is not supported; known are "system", "developer", "user", "assistant" and "tool". Leave it out, or set unsupportedParams: 'drop'`,
    });
  });
});

describe('what is easily forgotten', () => {
  const factories = { fallback, retry, circuitBreaker, timeout, hedge, rateLimit, contextCheck, budget, cache, coalesce };
  it.each(Object.entries(factories))('%s in use without being called', async (name, factory) => {
    await using llm = createClient({ providers: { openai: { apiKey: 'k' } }, use: [factory as unknown as Middleware] });
    const error = await rejection(llm.chat.completions.create(ask));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      reason: `createClient.use holds ${name} itself; call it: ${name}()`,
      param: 'createClient.use',
      attempts: [],
    });
  });

  it.each([
    ['nothing', undefined],
    ['a number', 5],
  ])('a layer that gives %s instead of the result', async (what, given) => {
    await using mock = await startMockServer();
    const layer: Middleware = async (call, next) => {
      await next(call);
      return given as never;
    };
    await using llm = createClient({ providers: { openai: { apiKey: 'k', baseURL: mock.baseURL('openai') } }, use: [layer] });
    const error = await rejection(llm.chat.completions.create(ask));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({
      reason: `a layer of createClient.use gave ${what} instead of a result; return what next(call) gives`,
      attempts: [{ outcome: 'success' }],
    });
  });
});
