import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HedgeOptions, LLMClient, Middleware } from '../../src/index.ts';
import { circuitBreaker, fallback, hedge, retry, timeout } from '../../src/index.ts';
import type { FakeClock } from '../../src/testing/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, readAll, SECOND, startChained, THIRD, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

const model = FIRST;
const options: HedgeOptions = { after: 100 };

let chained: Chained;
let clock: FakeClock;
beforeEach(async () => {
  chained = await startChained();
  clock = fakeClock();
});
afterEach(() => chained.close());

const client = (...use: Middleware[]): LLMClient => chained.client({ clock, use });
const requests = (count: number) => until(() => chained.mock.requests.length === count);
const outcomes = (): string[] => chained.eventsOf('hedge').map(({ outcome }) => outcome);

/** Lets the first request arrive, then the delay pass. */
async function hedged(): Promise<void> {
  await requests(1);
  await clock.advance(100);
}

describe('hedge', () => {
  it('takes the second answer where the first does not come; the first socket is closed, the second kept', async () => {
    const llm = client(hedge(options));
    chained.mock.enqueue('openai', fault.stall(), reply('from the second'));
    const pending = llm.chat.completions.create({ model, messages }).withResponse();
    await hedged();
    const { data, request_id } = await pending;
    expect(data.choices[0]?.message.content).toBe('from the second');
    expect(data.route).toMatchObject({
      provider: 'openai',
      fallback: false,
      attempts: [
        { number: 1, outcome: 'aborted', durationMs: 100, waitedMs: 0 },
        { number: 2, outcome: 'success', status: 200, durationMs: 0, waitedMs: 0 },
      ],
    });
    expect(request_id).toBe(data.route.attempts[1]?.requestId);
    expect(outcomes()).toEqual(['started', 'won']);
    await until(() => chained.connections() === 1);
    expect(chained.mock.requests).toHaveLength(2);
    expect(chained.mock.requests[0]?.body).toEqual(chained.mock.requests[1]?.body);
    expect(
      chained
        .eventsOf('attempt-ended')
        .map(({ attempt }) => [attempt.number, attempt.outcome])
        .sort(),
    ).toEqual([
      [1, 'aborted'],
      [2, 'success'],
    ]);
    expect(chained.eventsOf('call-ended')).toMatchObject([{ outcome: 'success', attempts: [{ number: 1 }, { number: 2 }] }]);
    await clock.advance(100_000);
    expect(clock.pending).toBe(0);
  });

  it('takes the first answer where it is faster after all', async () => {
    let answer = (): void => {};
    const slow = new Promise<string>((resolve) => {
      answer = () => resolve('from the first');
    });
    chained.mock.enqueue('openai', () => slow, fault.stall());
    const pending = client(hedge(options)).chat.completions.create({ model, messages });
    await hedged();
    await requests(2);
    answer();
    const { choices, route } = await pending;
    expect(choices[0]?.message.content).toBe('from the first');
    expect(route.attempts).toMatchObject([
      { number: 1, outcome: 'success' },
      { number: 2, outcome: 'aborted' },
    ]);
    expect(outcomes()).toEqual(['started', 'lost']);
    await until(() => chained.connections() === 1);
  });

  it('races streams to their first content and reads one of them to its end', async () => {
    chained.mock.enqueue('openai', fault.stall(0), reply({ chunks: ['one ', 'two ', 'three'] }));
    const pending = client(hedge(options)).chat.completions.create({ model, messages, stream: true });
    await hedged();
    const stream = await pending;
    expect(await readAll(stream)).toEqual({ text: 'one two three' });
    expect(stream.route.attempts).toMatchObject([{ outcome: 'aborted' }, { outcome: 'success' }]);
    expect(chained.eventsOf('stream-committed')).toHaveLength(1);
    await until(() => chained.connections() === 1);
  });

  it('does nothing after the first content: a stream that stalls then is no matter of speed', async () => {
    chained.mock.enqueue('openai', fault.stall(2));
    const stream = await client(hedge(options)).chat.completions.create({ model, messages, stream: true });
    await clock.advance(10_000);
    expect(chained.mock.requests).toHaveLength(1);
    stream.controller.abort();
  });

  it('keeps a call with tools single', async () => {
    let answer = (): void => {};
    chained.mock.enqueue('openai', () => new Promise<string>((resolve) => (answer = () => resolve('done'))));
    const tools = [{ type: 'function' as const, function: { name: 'pay', parameters: { type: 'object' } } }];
    const pending = client(hedge(options)).chat.completions.create({ model, messages, tools });
    await hedged();
    await clock.advance(10_000);
    expect(chained.mock.requests).toHaveLength(1);
    answer();
    await pending;
  });

  it('thousands of calls by one signal leave no listener, no socket and no timer', async () => {
    const caller = new AbortController();
    const llm = chained.client({ use: [hedge({ after: 1, budget: false })] });
    for (let round = 0; round < 20; round++) {
      const calls = Array.from({ length: 100 }, (_, i) =>
        llm.chat.completions.create(
          { model, messages, ...(i % 2 === 0 ? {} : { stream: true as const }) },
          { signal: caller.signal },
        ),
      );
      for (const result of await Promise.all(calls)) if ('controller' in result) await readAll(result);
    }
    expect(outcomes().length).toBeGreaterThan(100);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    await llm.close();
    await until(() => chained.connections() === 0);
  });
});

describe('hedge × abort', () => {
  it.each([false, true])('the caller’s abort closes both sockets at the server (stream: %s)', async (stream) => {
    const caller = new AbortController();
    chained.mock.enqueue('openai', fault.stall(0), fault.stall(0));
    const llm = client(fallback([SECOND]), retry(), hedge(options), circuitBreaker());
    const pending = rejection(llm.chat.completions.create({ model, messages, stream }, { signal: caller.signal }));
    await hedged();
    await requests(2);
    expect(chained.connections()).toBe(2);
    const reason = new Error('the user went away');
    caller.abort(reason);
    expect(await pending).toMatchObject({
      kind: 'aborted',
      cause: reason,
      attempts: [{ outcome: 'aborted' }, { outcome: 'aborted' }],
    });
    await until(() => chained.connections() === 0);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    expect(chained.asked()).toEqual(['openai', 'openai']);
  });

  it('an abort in mid-stream ends the loop silently and closes the winner’s socket', async () => {
    const caller = new AbortController();
    chained.mock.enqueue('openai', fault.stall(0), fault.stall(2, reply({ chunks: ['one ', 'two ', 'three'] })));
    const breaker = circuitBreaker({ minCalls: 1, failureRate: 0 });
    const pending = client(hedge(options), breaker).chat.completions.create(
      { model, messages, stream: true },
      { signal: caller.signal },
    );
    await hedged();
    const stream = await pending;
    const reading = readAll(stream);
    await until(() => chained.connections() === 1);
    caller.abort();
    expect((await reading).error).toBeUndefined();
    await until(() => chained.connections() === 0);
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  });

  it('the deadline ends both', async () => {
    chained.mock.enqueue('openai', fault.stall(), fault.stall());
    const llm = client(hedge(options), timeout());
    const pending = rejection(llm.chat.completions.create({ model, messages }, { deadline: 5_000 }));
    await hedged();
    await requests(2);
    await clock.advance(4_900);
    expect(await pending).toMatchObject({ kind: 'timeout', phase: 'deadline', attempts: [{ number: 1 }, { number: 2 }] });
    await until(() => chained.connections() === 0);
  });
});

describe('hedge × breaker', () => {
  it('a loser counts for nothing', async () => {
    const breaker = circuitBreaker({ minCalls: 1, failureRate: 0 });
    chained.mock.enqueue('openai', fault.stall(), reply('second'), fault.unavailable());
    const llm = client(hedge(options), breaker);
    const pending = llm.chat.completions.create({ model, messages });
    await hedged();
    await pending;
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
    expect(chained.eventsOf('breaker-changed')).toEqual([]);
    await rejection(llm.chat.completions.create({ model, messages }));
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }]); // one of the two that were counted
  });

  it('a trial stays the only one: the second request is refused, and the trial decides', async () => {
    const breaker = circuitBreaker({ minCalls: 1, failureRate: 0, openFor: 1_000 });
    let answer = (): void => {};
    chained.mock.enqueue(
      'openai',
      fault.unavailable(),
      () => new Promise<string>((resolve) => (answer = () => resolve('well again'))),
    );
    const llm = client(hedge(options), breaker);
    await rejection(llm.chat.completions.create({ model, messages }));
    await clock.advance(2_000);
    const pending = llm.chat.completions.create({ model, messages });
    await requests(2);
    await clock.advance(100);
    expect(breaker.snapshot()).toMatchObject([{ state: 'half-open' }]);
    answer();
    expect((await pending).route.attempts).toMatchObject([
      { number: 1, outcome: 'success' },
      { number: 2, outcome: 'circuit_open' },
    ]);
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
    expect(chained.mock.requests).toHaveLength(2);
  });

  it('a trial that loses gives its place back', async () => {
    const breaker = circuitBreaker({ minCalls: 1, failureRate: 0, openFor: 1_000 });
    chained.mock.enqueue('openai', fault.unavailable(), fault.stall());
    const llm = client(hedge({ ...options, to: SECOND }), breaker);
    await rejection(llm.chat.completions.create({ model, messages }));
    await clock.advance(2_000);
    const pending = llm.chat.completions.create({ model, messages });
    await requests(2);
    await clock.advance(100);
    expect((await pending).route.provider).toBe('anthropic');
    expect((await llm.chat.completions.create({ model, messages })).route.provider).toBe('openai');
    expect(breaker.snapshot().map(({ state }) => state)).toEqual(['closed', 'closed']);
  });
});

describe('hedge × retry', () => {
  it('a failure before the delay is retry’s: it waits as it would alone', async () => {
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 3 }), reply('after a wait'));
    const pending = client(retry(), hedge(options)).chat.completions.create({ model, messages });
    await until(() => chained.eventsOf('waiting').length === 1);
    expect(outcomes()).toEqual([]);
    await clock.advance(4_000);
    expect((await pending).route.attempts).toMatchObject([{ outcome: 'rate_limit' }, { outcome: 'success' }]);
  });

  it('when both requests fail, retry repeats the first one’s failure', async () => {
    let fail = (): void => {};
    chained.mock.enqueue(
      'openai',
      () => new Promise((resolve) => (fail = () => resolve(fault.unavailable()))),
      fault.resetBeforeHeaders(),
      reply('third time'),
    );
    const pending = client(retry({ minDelay: 10 }), hedge(options)).chat.completions.create({ model, messages });
    await hedged();
    await until(() => chained.eventsOf('attempt-ended').length === 1);
    fail();
    await until(() => chained.eventsOf('waiting').length === 1);
    await clock.advance(10);
    expect((await pending).route.attempts).toMatchObject([
      { outcome: 'service_unavailable' },
      { outcome: 'connection' },
      { outcome: 'success' },
    ]);
    expect(chained.eventsOf('waiting')).toMatchObject([{ error: { kind: 'service_unavailable' } }]);
  });

  it('around retry: each request is repeated by itself, and the waits are told where they were waited', async () => {
    chained.mock.enqueue('openai', fault.unavailable(), fault.stall(), reply('repeat of the first'));
    const llm = client(hedge(options), retry({ minDelay: 400, jitter: 'none' }));
    const pending = llm.chat.completions.create({ model, messages });
    await until(() => chained.eventsOf('waiting').length === 1);
    await clock.advance(100);
    await requests(2);
    await clock.advance(300);
    const { choices, route } = await pending;
    expect(choices[0]?.message.content).toBe('repeat of the first');
    expect(route.attempts).toMatchObject([
      { number: 1, outcome: 'service_unavailable', waitedMs: 0 },
      { number: 2, outcome: 'aborted', waitedMs: 0 },
      { number: 3, outcome: 'success', waitedMs: 400 },
    ]);
    await until(() => chained.connections() === 1);
    expect(clock.pending).toBeLessThanOrEqual(1);
  });
});

describe('hedge × fallback', () => {
  it('when both requests fail, the chain moves on', async () => {
    chained.mock.enqueue('openai', () => new Promise(() => {}), fault.unavailable());
    const llm = client(fallback([SECOND]), hedge(options), timeout({ attempt: 1_000 }));
    const pending = llm.chat.completions.create({ model, messages });
    await hedged();
    await requests(2);
    await clock.advance(900);
    expect((await pending).route).toMatchObject({
      provider: 'anthropic',
      fallback: true,
      attempts: [{ outcome: 'timeout' }, { outcome: 'service_unavailable' }, { provider: 'anthropic', outcome: 'success' }],
    });
  });

  it('another target answers a slow one: it is in the route, and was no fallback of the chain', async () => {
    chained.mock.enqueue('openai', fault.stall());
    const llm = client(fallback([SECOND]), hedge({ ...options, to: THIRD }));
    const pending = llm.chat.completions.create({ model, messages });
    await hedged();
    const { route } = await pending;
    expect(route).toMatchObject({
      provider: 'gemini',
      fallback: true,
      attempts: [
        { provider: 'openai', outcome: 'aborted' },
        { provider: 'gemini', outcome: 'success' },
      ],
    });
    expect(chained.eventsOf('fallback')).toEqual([]);
    await until(() => chained.connections() === 1);
  });

  it('another target that lacks a key leaves the call to the first one', async () => {
    let answer = (): void => {};
    chained.mock.enqueue('openai', () => new Promise<string>((resolve) => (answer = () => resolve('from the first'))));
    const llm = chained.client({ clock, use: [hedge({ ...options, to: 'groq/llama' })], providers: { groq: { apiKey: '' } } });
    const pending = llm.chat.completions.create({ model, messages });
    await hedged();
    answer();
    expect((await pending).route).toMatchObject({ provider: 'openai', attempts: [{ outcome: 'success' }] });
  });
});
