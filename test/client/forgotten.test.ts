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
  rateLimit,
  retry,
  timeout,
} from 'holdfast';
import { startMockServer } from 'holdfast/testing';
import { describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

const ask = { model: 'openai/gpt-5-mini', messages: [{ role: 'user' as const, content: 'hi' }] };

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
