import type { ClientOptions } from 'holdfast';
import { ConfigurationError, circuitBreaker, createClient, fallback, retry, timeout } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { startMockServer } from 'holdfast/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { rejection } from '../support/client.ts';

const messages = [{ role: 'user' as const, content: 'hi' }];
const ASK = { model: 'openai/gpt-5-mini', messages };

let mock: MockServer;
beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await mock.close();
});

const make = (options: ClientOptions = {}): ReturnType<typeof createClient> =>
  createClient({ use: [], ...options, providers: { openai: { apiKey: 'k', baseURL: mock.baseURL('openai') } } });

describe('a browser', () => {
  it('is refused keys, unless dangerouslyAllowBrowser', async () => {
    vi.stubGlobal('window', { document: {} });
    vi.stubGlobal('document', {});
    vi.stubGlobal('navigator', { userAgent: 'x' });
    expect(() => make()).toThrow(ConfigurationError);
    expect(() => make()).toThrow(/dangerouslyAllowBrowser/);
    await make({ dangerouslyAllowBrowser: true }).close();
  });
});

describe('what throws, what rejects', () => {
  it.each([
    [{ maxAttempts: 0 }, 'createClient.maxAttempts'],
    [{ deadline: '5s' }, 'createClient.deadline'],
    [{ provider: {} }, 'createClient.provider'],
    [{ use: [{}] }, 'createClient.use[0]'],
    [{ on: { 'call-end': () => {} } }, 'createClient.on.call-end'],
    [{ logger: { info() {} } }, 'createClient.logger'],
    [{ providers: { openai: { apiKey: 7 } } }, 'createClient.providers.openai.apiKey'],
    [{ providers: { opnai: {} } }, 'providers.opnai'],
    [{ media: true }, 'createClient.media'],
  ])('createClient(%j) throws and says where', (options, path) => {
    expect(() => createClient(options as never)).toThrow(ConfigurationError);
    expect(() => createClient(options as never)).toThrow(path);
  });

  it('no limit is said with Infinity', async () => {
    await using llm = make({ deadline: Number.POSITIVE_INFINITY });
    await llm.chat.completions.create(ASK, { deadline: Number.POSITIVE_INFINITY, timeout: Number.POSITIVE_INFINITY });
  });

  it('layer factories throw', () => {
    expect(() => retry({ maxRetries: -1 })).toThrow('retry.maxRetries');
    expect(() => timeout({ firstTokens: 1 } as never)).toThrow('timeout.firstTokens');
    expect(() => circuitBreaker({ failureRate: 2 })).toThrow('circuitBreaker.failureRate');
    expect(() => fallback([7] as never)).toThrow('fallback');
  });

  it('calls reject, whatever is given', async () => {
    const llm = make();
    const wrong = [undefined, null, 7, {}, { model: 'openai/m' }, { model: 'openai/m', messages: [] }, { model: 7, messages }];
    for (const params of wrong) {
      expect(await rejection(llm.chat.completions.create(params as never))).toBeInstanceOf(ConfigurationError);
      expect(await rejection(llm.embeddings.create((params ?? undefined) as never))).toBeInstanceOf(Error);
    }
    expect(await rejection(llm.chat.completions.create(ASK, { retries: 1 } as never))).toBeInstanceOf(ConfigurationError);
    await llm.close();
    await llm.close();
    for (const call of [
      llm.chat.completions.create(ASK),
      llm.models.list({ provider: 'openai' }),
      llm.chat.completions.stream(ASK).done(),
    ]) {
      expect(await rejection(call)).toBeInstanceOf(ConfigurationError);
    }
  });

  it('await using closes', async () => {
    const held = make();
    {
      await using llm = held;
      await llm.chat.completions.create(ASK);
    }
    expect(await rejection(held.chat.completions.create(ASK))).toMatchObject({ kind: 'configuration' });
  });
});
