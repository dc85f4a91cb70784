import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions, LLMClient, Middleware } from '../../src/index.ts';
import { circuitBreaker, fallback, retry, timeout } from '../../src/index.ts';
import { fakeClock, fault } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, readAll, SECOND, startBlackHole, startChained, THIRD, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

const model = FIRST;
const closed = { kind: 'aborted', code: 'client_closed' };

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

const chain = (): ClientOptions['use'] => [fallback([SECOND, THIRD]), retry(), circuitBreaker(), timeout()];
const start = (llm: LLMClient, stream: boolean): Promise<unknown> =>
  rejection(llm.chat.completions.create({ model, messages, stream }));

describe.each([false, true])('close() with a running call (stream: %s)', (stream) => {
  it('that waits for its answer ends it, and nobody else is asked', async () => {
    chained.mock.enqueue('openai', fault.stall(0));
    const llm = chained.client({ use: chain() });
    const pending = start(llm, stream);
    await until(() => chained.mock.requests.length === 1);
    await llm.close();
    expect(await pending).toMatchObject({ ...closed, provider: 'openai', attempts: [{ outcome: 'aborted' }] });
    await until(() => chained.connections() === 0);
    expect(chained.asked()).toEqual(['openai']);
  });

  it.each([
    ['a Retry-After', fault.rateLimit({ retryAfterSeconds: 50 })],
    ['a backoff', fault.unavailable()],
  ])('that waits for %s ends it at once, and leaves no timer', async (_, item) => {
    const clock = fakeClock();
    chained.mock.enqueue('openai', item);
    const llm = chained.client({ clock, use: [fallback([SECOND]), retry({ minDelay: 20_000 }), circuitBreaker(), timeout()] });
    const pending = start(llm, stream);
    await until(() => chained.eventsOf('waiting').length === 1);
    await llm.close();
    expect(await pending).toMatchObject({ ...closed, attempts: [{ provider: 'openai' }] });
    expect(clock.pending).toBe(0);
    expect(chained.asked()).toEqual(['openai']);
    await until(() => chained.connections() === 0);
  });

  it('that is connecting gives the connection up', async () => {
    const hole = await startBlackHole();
    const llm = chained.client({ providers: { openai: { apiKey: 'test', baseURL: hole.origin } }, use: chain() });
    const pending = start(llm, stream);
    await until(() => hole.knocking() === 1);
    await llm.close();
    expect(await pending).toMatchObject(closed);
    await until(() => hole.knocking() === 0);
    expect(chained.mock.requests).toEqual([]);
    await hole.close();
  });

  it('that has only begun: nothing is sent', async () => {
    const llm = chained.client({ use: chain() });
    const pending = start(llm, stream);
    await llm.close();
    expect(await pending).toMatchObject(closed);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(chained.mock.requests).toEqual([]);
    expect(chained.connections()).toBe(0);
  });

  it('in a layer of the user’s own that hangs: the call’s deadline or signal no longer matters, it ends', async () => {
    const hang: Middleware = () => new Promise(() => {});
    const llm = chained.client({ use: [fallback([SECOND]), hang], deadline: 60_000 });
    const pending = start(llm, stream);
    await llm.close();
    expect(await pending).toMatchObject({ ...closed, attempts: [] });
  });
});

describe('close()', () => {
  it('breaks streams in the middle, with what came', async () => {
    chained.mock.enqueue('openai', fault.stall(3), fault.stall(3));
    const llm = chained.client({ use: chain() });
    const create = () => llm.chat.completions.create({ model, messages, stream: true });
    const reading = readAll(await create());
    const unread = await create();
    await new Promise((resolve) => setTimeout(resolve, 10));
    await llm.close();
    const { text, error } = await reading;
    expect(text).toBe('word1 word2 word3');
    const broken = { ...closed, provider: 'openai', partial: { content: text }, attempts: [{ outcome: 'aborted' }] };
    expect(error).toMatchObject(broken);
    await until(() => chained.connections() === 0);
    expect(await readAll(unread)).toMatchObject({ text, error: closed });
  });

  it('ends a hundred calls of all kinds promptly', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, use: chain() });
    const answers = [fault.stall(0), fault.rateLimit({ retryAfterSeconds: 40 }), fault.stall(2), fault.unavailable()];
    for (let calls = 0; calls < 100; calls++) chained.mock.enqueue('openai', answers[calls % 4] ?? 'fine');
    const all = Array.from({ length: 100 }, async (_, number) => {
      const made = await llm.chat.completions.create({ model, messages, stream: number % 2 === 0 });
      return number % 2 === 0 ? readAll(made as unknown as AsyncIterable<unknown>) : undefined;
    });
    const outcomes = Promise.allSettled(all);
    await until(() => chained.mock.requests.length >= 100);
    await llm.close();
    for (const outcome of await outcomes) {
      const error = outcome.status === 'rejected' ? outcome.reason : outcome.value?.error;
      if (error !== undefined) expect(error).toMatchObject(closed);
      else expect(outcome).toMatchObject({ status: 'fulfilled' });
    }
    expect(clock.pending).toBe(0);
    await until(() => chained.connections() === 0);
  });
});
