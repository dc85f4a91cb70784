import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient, Middleware } from '../../src/index.ts';
import { circuitBreaker, fallback, retry, timeout } from '../../src/index.ts';
import { fakeClock, fault } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, readAll, SECOND, startBlackHole, startChained, THIRD, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

const model = FIRST;
const reason = new Error('the user went away');

let chained: Chained;
let caller: AbortController;
beforeEach(async () => {
  chained = await startChained();
  caller = new AbortController();
});
afterEach(() => chained.close());

const requests = (count: number) => until(() => chained.mock.requests.length === count);
const breaker = circuitBreaker({ minCalls: 1, failureRate: 0 });
const chain = () => [fallback([SECOND, THIRD]), retry({ minDelay: 1 }), breaker, timeout()];
const aborted = { kind: 'aborted', name: 'AbortError', retryable: false, cause: reason };

/** Starts a call, whole or streamed, that the caller's signal can end. */
const start = (llm: LLMClient, stream: boolean) =>
  rejection(llm.chat.completions.create({ model, messages, stream }, { signal: caller.signal }));

/** Nothing is left: no connection, no listener, no timer; and the breaker has not noticed. */
async function nothingLeft(): Promise<void> {
  await until(() => chained.connections() === 0);
  expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  for (const { state } of breaker.snapshot()) expect(state).toBe('closed');
}

describe.each([false, true])('the caller’s abort (stream: %s)', (stream) => {
  it('before the call: nothing is sent', async () => {
    caller.abort(reason);
    const error = await start(chained.client({ use: chain() }), stream);
    expect(error).toMatchObject({ ...aborted, attempts: [] });
    expect(chained.mock.requests).toEqual([]);
    await nothingLeft();
  });

  it('in the same turn as the call: nothing is sent', async () => {
    const pending = start(chained.client({ use: chain() }), stream);
    caller.abort(reason);
    expect(await pending).toMatchObject(aborted);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(chained.mock.requests).toEqual([]);
    await nothingLeft();
  });

  it('while connecting: the connection is given up', async () => {
    const hole = await startBlackHole();
    const llm = chained.client({ providers: { openai: { apiKey: 'test', baseURL: hole.origin } }, use: chain() });
    const pending = start(llm, stream);
    await until(() => hole.knocking() === 1);
    caller.abort(reason);
    expect(await pending).toMatchObject({ ...aborted, attempts: [{ provider: 'openai', outcome: 'aborted' }] });
    await until(() => hole.knocking() === 0);
    expect(chained.mock.requests).toEqual([]);
    await nothingLeft();
    await hole.close();
  });

  it('before the head of the answer: the socket is closed', async () => {
    chained.mock.enqueue('openai', () => new Promise(() => {}));
    const pending = start(chained.client({ use: chain() }), stream);
    await requests(1);
    expect(chained.connections()).toBe(1);
    caller.abort(reason);
    expect(await pending).toMatchObject({ ...aborted, attempts: [{ outcome: 'aborted' }] });
    await nothingLeft();
    expect(chained.mock.requests).toHaveLength(1);
  });

  it('while a wait that the provider asked for is running: it ends at once, nobody else is asked', async () => {
    const clock = fakeClock();
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 30 }));
    const pending = start(chained.client({ clock, use: chain() }), stream);
    await until(() => chained.eventsOf('waiting').length === 1);
    caller.abort(reason);
    expect(await pending).toMatchObject({ ...aborted, attempts: [{ outcome: 'rate_limit' }] });
    expect(clock.pending).toBeLessThanOrEqual(1);
    await clock.advance(60_000);
    expect(clock.pending).toBe(0);
    expect(chained.mock.requests).toHaveLength(1);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('in a queue of fallbacks: the rest is not asked', async () => {
    chained.mock.enqueue('openai', fault.quota());
    chained.mock.enqueue('anthropic', fault.stall(0));
    const pending = start(chained.client({ use: chain() }), stream);
    await requests(2);
    caller.abort(reason);
    expect(await pending).toMatchObject({
      ...aborted,
      attempts: [
        { provider: 'openai', outcome: 'insufficient_credits' },
        { provider: 'anthropic', outcome: 'aborted' },
      ],
    });
    await until(() => chained.mock.requests.length === 2);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    expect(chained.asked()).toEqual(['openai', 'anthropic']);
  });

  it('while a layer of the user’s own hangs: what that layer sends afterwards is not sent', async () => {
    let release: (() => void) | undefined;
    const late: unknown[] = [];
    const slow: Middleware = async (call, next) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      const made = next(call);
      made.catch((error: unknown) => late.push(error));
      return made;
    };
    const pending = start(chained.client({ use: [fallback([SECOND]), slow, retry(), breaker] }), stream);
    await until(() => release !== undefined);
    caller.abort(reason);
    expect(await pending).toMatchObject({ ...aborted, attempts: [] });
    release?.();
    await until(() => late.length === 1);
    expect(late).toMatchObject([{ kind: 'aborted' }]);
    expect(chained.mock.requests).toEqual([]);
    expect(chained.eventsOf('attempt-started')).toEqual([]);
  });

  it('of many calls at once by one signal ends them all', async () => {
    chained.mock.enqueue('openai', ...Array.from({ length: 20 }, () => fault.stall(0)));
    const llm = chained.client({ use: chain() });
    const all = Array.from({ length: 20 }, () => start(llm, stream));
    await requests(20);
    caller.abort(reason);
    for (const error of await Promise.all(all)) expect(error).toMatchObject({ ...aborted, attempts: [{ outcome: 'aborted' }] });
    await nothingLeft();
  });
});

describe('the caller’s abort', () => {
  it('while a whole body is on its way: the socket is closed', async () => {
    chained.mock.enqueue('openai', fault.drip(40));
    const pending = start(chained.client({ use: chain() }), false);
    await requests(1);
    await new Promise((resolve) => setTimeout(resolve, 80));
    caller.abort(reason);
    expect(await pending).toMatchObject({ ...aborted, attempts: [{ outcome: 'aborted' }] });
    await nothingLeft();
  });

  it('in mid-stream ends the loop silently, after what was read, and closes the socket', async () => {
    chained.mock.enqueue('openai', fault.stall(3));
    const llm = chained.client({ use: chain() });
    const stream = await llm.chat.completions.create({ model, messages, stream: true }, { signal: caller.signal });
    const reading = readAll(stream);
    await new Promise((resolve) => setTimeout(resolve, 10));
    caller.abort(reason);
    expect(await reading).toEqual({ text: 'word1 word2 word3' });
    await nothingLeft();
    const told = { outcome: 'aborted', status: 200, estimated: true, error: { kind: 'aborted', cause: reason } };
    expect(stream.route.attempts).toMatchObject([told]);
    expect(chained.eventsOf('attempt-ended')).toMatchObject([{ attempt: told }]);
    expect(chained.eventsOf('call-ended')).toMatchObject([{ outcome: 'aborted', attempts: [told], error: aborted }]);
  });

  it.each([
    ['break', () => {}],
    ['controller.abort()', (stream: { readonly controller: AbortController }) => stream.controller.abort()],
    ['an abort of the signal that comes later', () => caller.abort(reason)],
  ])('is not what a reader does who leaves a stream with what it wanted: %s', async (_how, then) => {
    chained.mock.enqueue('openai', fault.stall(3));
    const llm = chained.client({ use: chain() });
    const stream = await llm.chat.completions.create({ model, messages, stream: true }, { signal: caller.signal });
    for await (const _chunk of stream) break;
    then(stream);
    await nothingLeft();
    expect(stream.route.attempts).toMatchObject([{ outcome: 'success', status: 200, estimated: true }]);
    expect(stream.route.attempts[0]).not.toHaveProperty('error');
    expect(chained.eventsOf('call-ended').map(({ outcome, error }) => [outcome, error])).toEqual([['success', undefined]]);
  });

  it('of a resumed stream ends the attempt that was writing', async () => {
    chained.mock.enqueue('openai', fault.cutAfter(2));
    chained.mock.enqueue('anthropic', fault.stall(3));
    const llm = chained.client({ use: [fallback([SECOND], { resume: true })] });
    const stream = await llm.chat.completions.create({ model, messages, stream: true }, { signal: caller.signal });
    const reading = readAll(stream);
    await until(() => chained.eventsOf('resumed').length === 1);
    caller.abort(reason);
    expect((await reading).error).toBeUndefined();
    expect(stream.route.attempts.map(({ outcome }) => outcome)).toEqual(['stream_interrupted', 'aborted']);
    expect(chained.eventsOf('call-ended')).toMatchObject([{ outcome: 'aborted' }]);
  });

  it('through openai’s helper is told alike', async () => {
    chained.mock.enqueue('openai', fault.stall(3));
    const helper = chained.client({ use: chain() }).chat.completions.stream({ model, messages });
    helper.once('content', () => helper.abort());
    expect(await rejection(helper.done())).toMatchObject({ kind: 'aborted', attempts: [{ outcome: 'aborted' }] });
    expect(chained.eventsOf('call-ended')).toMatchObject([{ outcome: 'aborted' }]);
  });

  it('of a stream that nobody reads closes its socket too', async () => {
    chained.mock.enqueue('openai', fault.stall(3));
    const llm = chained.client({ use: chain() });
    const stream = await llm.chat.completions.create({ model, messages, stream: true }, { signal: caller.signal });
    caller.abort(reason);
    await nothingLeft();
    expect(await readAll(stream)).toEqual({ text: '' });
  });

  it('comes before the deadline and before what a target said', async () => {
    const clock = fakeClock();
    chained.mock.enqueue('openai', fault.unavailable());
    chained.mock.enqueue('anthropic', fault.stall());
    const llm = chained.client({ clock, use: [fallback([SECOND]), timeout()], deadline: 1000 });
    const pending = start(llm, false);
    await requests(2);
    const late = clock.advance(1000);
    caller.abort(reason);
    expect(await pending).toMatchObject({
      ...aborted,
      attempts: [{ outcome: 'service_unavailable' }, { outcome: 'aborted' }],
    });
    await late;
  });
});
