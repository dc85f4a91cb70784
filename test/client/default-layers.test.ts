import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions } from '../../src/index.ts';
import { circuitBreaker, fallback, isLLMError, retry, timeout } from '../../src/index.ts';
import type { Setup } from '../support/client.ts';
import { rejection, setUp } from '../support/client.ts';
import { failure, reply, stream, textStream } from '../support/openai-server.ts';

const messages = [{ role: 'user' as const, content: 'Hi' }];
const model = 'mine/small-1';

let setup: Setup;
beforeEach(async () => {
  setup = await setUp();
});
afterEach(() => setup.close());

const defaults: ClientOptions = { use: undefined };

describe('without `use`', () => {
  it('a failure is tried again after the wait that was asked for', async () => {
    const llm = setup.make(defaults);
    setup.server.answer(failure(429, 'slow down', { 'retry-after-ms': '40' }), reply('ok'));
    const result = await llm.chat.completions.create({ model, messages });
    expect(result.route).toMatchObject({
      fallback: false,
      attempts: [{ outcome: 'rate_limit' }, { outcome: 'success', number: 2 }],
    });
    expect(result.route.attempts[1]?.waitedMs).toBeGreaterThanOrEqual(40);
  });

  it('the fallbacks of a call are asked, for streams too', async () => {
    const llm = setup.make(defaults);
    for (const streams of [false, true]) {
      setup.server.answer(failure(404), streams ? stream(textStream('ok')) : reply('ok'));
      const result = await llm.chat.completions.create({ model, messages, stream: streams }, { fallbacks: ['other/big-1'] });
      expect(result.route).toMatchObject({ provider: 'other', model: 'big-1', fallback: true });
    }
  });

  it('the error is the first target’s own, with everything that was tried', async () => {
    const llm = setup.make(defaults);
    setup.server.answer(failure(404, 'no such model'), failure(401, 'bad key'));
    const error = await rejection(
      llm.chat.completions.create({ model, messages }, { fallbacks: ['other/big-1', 'anthropic/claude-x'] }),
    );
    if (!isLLMError(error, 'not_found')) throw error;
    expect(error.attempts).toMatchObject([
      { provider: 'mine', outcome: 'not_found', number: 1 },
      { provider: 'other', outcome: 'authentication', number: 2 },
    ]);
    expect(error.message).toContain('also tried other/big-1: 401 authentication failed');
  });

  it('retries and fallbacks before the first content are invisible to the reader of a stream', async () => {
    const llm = setup.make({ use: [fallback(['other/big-1']), retry({ maxRetries: 1, minDelay: 1 }), timeout()] });
    const cutEarly = stream(textStream().slice(0, 1), { ending: 'cut' });
    setup.server.answer(cutEarly, cutEarly, stream(textStream('Hel', 'lo')));
    const chunks = await llm.chat.completions.create({ model, messages, stream: true });
    let text = '';
    for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('Hello');
    expect(chunks.route.attempts.map(({ outcome }) => outcome)).toEqual(['connection', 'connection', 'success']);
  });
});

describe('a breaker', () => {
  it('is listed where it skipped a target', async () => {
    const llm = setup.make({ use: [fallback(['other/big-1']), circuitBreaker({ minCalls: 2 })] });
    setup.server.answer(failure(503), reply('ok'), failure(503), reply('ok'), reply('ok'));
    const create = () => llm.chat.completions.create({ model, messages });
    await create();
    await create();
    const result = await create();
    expect(result.route.attempts).toMatchObject([
      { provider: 'mine', outcome: 'circuit_open', durationMs: 0, number: 1 },
      { provider: 'other', outcome: 'success', number: 2 },
    ]);
    const error = await rejection(llm.chat.completions.create({ model, messages }, { fallbacks: [] }));
    expect(error).toMatchObject({ kind: 'circuit_open', attempts: [{ outcome: 'circuit_open' }] });
  });
});

describe('maxAttempts', () => {
  it('bounds retries and fallbacks together', async () => {
    const llm = setup.make({ use: [fallback(['other/big-1']), retry({ maxRetries: 5, minDelay: 1 })], maxAttempts: 4 });
    setup.server.answer(failure(503));
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    expect(isLLMError(error, 'service_unavailable')).toBe(true);
    expect(setup.server.requests).toHaveLength(4);
  });
});
