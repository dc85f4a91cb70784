import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { circuitBreaker, fallback, memoryStore, retry, timeout } from '../../src/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, passing, readAll, SECOND, startChained, THIRD, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

const model = FIRST;

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

describe('retry around a breaker', () => {
  it('counts every attempt, and stops sending with the one that opens it', async () => {
    chained.mock.enqueue('openai', ...times(9, fault.unavailable()));
    const breaker = circuitBreaker({ minCalls: 3 });
    const llm = chained.client({ use: [retry({ maxRetries: 6, minDelay: 1 }), breaker] });
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    const failed = { provider: 'openai', outcome: 'service_unavailable' };
    expect(error).toMatchObject({
      kind: 'service_unavailable',
      attempts: [failed, failed, failed, { outcome: 'circuit_open', number: 4, durationMs: 0 }],
    });
    expect(chained.mock.requests).toHaveLength(3);
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }]);
  });

  it('is neither repeated nor waited for while it is open', async () => {
    chained.mock.enqueue('openai', fault.unavailable());
    const llm = chained.client({ use: [retry({ maxRetries: 6 }), circuitBreaker({ minCalls: 1 })] });
    await rejection(llm.chat.completions.create({ model, messages }, { maxRetries: 0 }));
    for (const stream of [false, true]) {
      const error = await rejection(llm.chat.completions.create({ model, messages, stream }));
      expect(error).toMatchObject({
        kind: 'circuit_open',
        retryAfterMs: expect.any(Number),
        attempts: [{ outcome: 'circuit_open' }],
      });
    }
    expect(chained.mock.requests).toHaveLength(1);
    expect(chained.eventsOf('waiting')).toEqual([]);
  });

  it('throttling, quota, keys and bad requests never open it', async () => {
    const breaker = circuitBreaker({ minCalls: 2 });
    const clock = fakeClock();
    const llm = chained.client({ clock, on: passing(clock), use: [retry({ maxRetries: 1 }), breaker] });
    const harmless = [fault.rateLimit(), fault.quota(), fault.auth(), fault.contextWindow(), fault.contentPolicy()];
    for (const item of [...harmless, fault.status(400, {}), fault.status(404, {}), fault.status(422, {})]) {
      chained.mock.enqueue('openai', ...times(3, item));
      for (let calls = 0; calls < 3; calls++) await llm.chat.completions.create({ model, messages }).catch(() => {});
    }
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
    expect(chained.mock.requests.length).toBeGreaterThan(20);
  });
});

describe('the life of a breaker', () => {
  it('opens, stays open longer after each failed trial, and closes with a good one', async () => {
    const clock = fakeClock();
    const breaker = circuitBreaker({ minCalls: 2 });
    const llm = chained.client({ clock, use: [breaker] });
    const create = () => llm.chat.completions.create({ model, messages });
    chained.mock.enqueue('openai', ...times(4, fault.overloaded()), reply('back'));
    await rejection(create());
    await rejection(create());
    for (const openFor of [5000, 10_000, 20_000]) {
      expect(await rejection(create())).toMatchObject({ kind: 'circuit_open', retryAfterMs: openFor });
      await clock.advance(openFor - 1);
      expect(await rejection(create())).toMatchObject({ kind: 'circuit_open', retryAfterMs: 1 });
      await clock.advance(1);
      if (openFor < 20_000) expect(await rejection(create())).toMatchObject({ kind: 'service_unavailable' });
    }
    expect((await create()).choices[0]?.message.content).toBe('back');
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
    expect(chained.mock.requests).toHaveLength(5);
    expect(chained.eventsOf('breaker-changed').map(({ from, to, openForMs }) => [from, to, openForMs])).toEqual([
      ['closed', 'open', 5000],
      ['open', 'half-open', undefined],
      ['half-open', 'open', 10_000],
      ['open', 'half-open', undefined],
      ['half-open', 'open', 20_000],
      ['open', 'half-open', undefined],
      ['half-open', 'closed', undefined],
    ]);
  });

  it('a trial is one request, however many calls and repeats are waiting', async () => {
    const clock = fakeClock();
    const llm = chained.client({
      clock,
      on: passing(clock),
      use: [fallback([SECOND]), retry({ maxRetries: 3 }), circuitBreaker({ minCalls: 1 })],
    });
    chained.mock.enqueue('openai', ...times(9, fault.unavailable()));
    await llm.chat.completions.create({ model, messages });
    await clock.advance(10_000);
    const replies = await Promise.all(times(5, 0).map(() => llm.chat.completions.create({ model, messages })));
    expect(replies.map(({ route }) => route.provider)).toEqual(times(5, 'anthropic'));
    expect(chained.asked().filter((provider) => provider === 'openai')).toHaveLength(2);
  });

  it('stragglers from before the opening decide nothing', async () => {
    const clock = fakeClock();
    const breaker = circuitBreaker({ minCalls: 2 });
    const llm = chained.client({ clock, use: [breaker] });
    const create = () => llm.chat.completions.create({ model, messages });
    let release: (() => void) | undefined;
    chained.mock.enqueue('openai', () => new Promise((resolve) => (release = () => resolve('late'))));
    const straggler = create();
    await until(() => release !== undefined);
    chained.mock.enqueue('openai', fault.unavailable(), fault.unavailable(), fault.unavailable());
    await rejection(create());
    await rejection(create());
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }]);
    release?.();
    expect((await straggler).choices[0]?.message.content).toBe('late');
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }]);
    await clock.advance(5000);
    await rejection(create());
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }]);
  });

  it('a hanging trial gives its place up with the attempt limit', async () => {
    const clock = fakeClock();
    const breaker = circuitBreaker({ minCalls: 1 });
    const llm = chained.client({ clock, use: [breaker, timeout({ attempt: 2000 })] });
    const create = () => llm.chat.completions.create({ model, messages });
    chained.mock.enqueue('openai', fault.unavailable(), fault.stall(), 'back');
    await rejection(create());
    await clock.advance(5000);
    const trial = rejection(create());
    await until(() => chained.mock.requests.length === 2);
    expect(await rejection(create())).toMatchObject({
      kind: 'circuit_open',
      message: expect.stringContaining('a trial is under way'),
    });
    await clock.advance(2000);
    expect(await trial).toMatchObject({ kind: 'timeout', phase: 'attempt' });
    await clock.advance(10_000);
    await create();
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
  });
});

describe('fallback around a breaker', () => {
  it('passes over an open target without a request, and lists it', async () => {
    const llm = chained.client({ use: [fallback([SECOND]), circuitBreaker({ minCalls: 2 })] });
    chained.mock.enqueue('openai', fault.unavailable(), fault.unavailable());
    for (let calls = 0; calls < 2; calls++) await llm.chat.completions.create({ model, messages });
    const sent = chained.mock.requests.length;
    for (const stream of [false, true]) {
      const { route } = await llm.chat.completions.create({ model, messages, stream });
      expect(route).toMatchObject({
        provider: 'anthropic',
        fallback: true,
        attempts: [
          { provider: 'openai', outcome: 'circuit_open', number: 1, durationMs: 0, waitedMs: 0 },
          { provider: 'anthropic', outcome: 'success', number: 2 },
        ],
      });
    }
    expect(chained.asked().slice(sent)).toEqual(['anthropic', 'anthropic']);
  });

  it('all open: the primary’s CircuitOpenError, each target listed, nothing sent', async () => {
    const llm = chained.client({ use: [fallback([SECOND, THIRD]), circuitBreaker({ minCalls: 1 })] });
    for (const provider of ['openai', 'anthropic', 'gemini']) chained.mock.enqueue(provider, fault.unavailable());
    expect(await rejection(llm.chat.completions.create({ model, messages }))).toMatchObject({ kind: 'service_unavailable' });
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    const open = { outcome: 'circuit_open' };
    expect(error).toMatchObject({ kind: 'circuit_open', provider: 'openai', attempts: [open, open, open] });
    expect(chained.mock.requests).toHaveLength(3);
  });

  it('an open fallback target is passed over too', async () => {
    const llm = chained.client({ use: [fallback([SECOND, THIRD]), circuitBreaker({ minCalls: 1 })] });
    chained.mock.enqueue('anthropic', fault.unavailable());
    await rejection(llm.chat.completions.create({ model: SECOND, messages }, { fallbacks: [] }));
    chained.mock.enqueue('openai', fault.quota());
    const { route } = await llm.chat.completions.create({ model, messages });
    expect(route.attempts.map(({ provider, outcome }) => [provider, outcome])).toEqual([
      ['openai', 'insufficient_credits'],
      ['anthropic', 'circuit_open'],
      ['gemini', 'success'],
    ]);
  });
});

describe('streams and a breaker', () => {
  const open = async (llm: ReturnType<Chained['client']>) => llm.chat.completions.create({ model, messages, stream: true });

  it.each([
    ['cuts', () => fault.cutAfter(2)],
    ['error events', () => fault.errorEvent(2)],
    ['missing ends', () => fault.noTerminal()],
  ])('ten %s in mid-stream are ten failures', async (_, broken) => {
    chained.mock.enqueue('openai', ...times(10, broken()));
    const breaker = circuitBreaker();
    const llm = chained.client({ use: [retry(), breaker] });
    for (let calls = 0; calls < 10; calls++) {
      expect(breaker.snapshot().map(({ state }) => state)).not.toContain('open');
      const { error } = await readAll(await open(llm));
      expect(error).toMatchObject({ partial: { content: expect.stringMatching(/./) } });
    }
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }]);
    expect(await rejection(open(llm))).toMatchObject({ kind: 'circuit_open' });
    expect(chained.mock.requests).toHaveLength(10);
  });

  it('the verdict comes at the end, not with the first content', async () => {
    const breaker = circuitBreaker({ minCalls: 1 });
    const clock = fakeClock();
    const llm = chained.client({ clock, use: [breaker, timeout({ idle: 1000 })] });
    chained.mock.enqueue('openai', fault.stall(2));
    const stream = await open(llm);
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
    const reading = readAll(stream);
    await clock.advance(1000);
    expect((await reading).error).toMatchObject({ kind: 'timeout', phase: 'idle', partial: { content: 'word1 word2' } });
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }]);
  });

  it('streams that their readers leave count for nothing', async () => {
    const breaker = circuitBreaker({ minCalls: 2 });
    const llm = chained.client({ use: [breaker] });
    for (let calls = 0; calls < 10; calls++) {
      chained.mock.enqueue('openai', fault.stall(2));
      const stream = await open(llm);
      if (calls % 2 === 0) stream.controller.abort();
      else for await (const _ of stream) break;
    }
    chained.mock.enqueue('openai', fault.unavailable(), fault.unavailable());
    await rejection(open(llm));
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
    await rejection(open(llm));
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }]);
  });

  it('a stream as the trial: others are refused until its end, which decides', async () => {
    const clock = fakeClock();
    const breaker = circuitBreaker({ minCalls: 1 });
    const llm = chained.client({ clock, use: [breaker, timeout({ idle: 1000 })] });
    chained.mock.enqueue('openai', fault.unavailable(), fault.stall(2), reply('whole again'));
    await rejection(open(llm));
    await clock.advance(5000);
    const stream = await open(llm);
    expect(breaker.snapshot()).toMatchObject([{ state: 'half-open' }]);
    expect(await rejection(open(llm))).toMatchObject({ kind: 'circuit_open' });
    const reading = readAll(stream);
    await clock.advance(1000);
    expect((await reading).error).toMatchObject({ kind: 'timeout', phase: 'idle' });
    expect(breaker.snapshot()).toMatchObject([{ state: 'open', trialAt: clock.now() + 10_000 }]);
    await clock.advance(10_000);
    expect(await readAll(await open(llm))).toEqual({ text: 'whole again' });
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
  });
});

describe('clients with one store', () => {
  it('share circuits; one that is closed leaves them to the other', async () => {
    const store = memoryStore();
    const make = () => chained.client({ store, use: [circuitBreaker({ minCalls: 2 })] });
    const [one, two] = [make(), make()];
    chained.mock.enqueue('openai', ...times(2, fault.unavailable()));
    await rejection(one.chat.completions.create({ model, messages }));
    await rejection(two.chat.completions.create({ model, messages }));
    await one.close();
    expect(await rejection(two.chat.completions.create({ model, messages }))).toMatchObject({ kind: 'circuit_open' });
    expect(chained.mock.requests).toHaveLength(2);
  });

  it('of its own a client takes with it when it is closed', async () => {
    const breaker = circuitBreaker({ minCalls: 1 });
    chained.mock.enqueue('openai', fault.unavailable());
    const [one, two] = [chained.client({ use: [breaker] }), chained.client({ use: [breaker] })];
    await rejection(one.chat.completions.create({ model, messages }));
    expect((await two.chat.completions.create({ model, messages })).choices).toHaveLength(1); // another client, another circuit
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }, { state: 'closed' }]);
    await one.close();
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]); // that of the other stays
    await two.close();
    expect(breaker.snapshot()).toEqual([]);
  });
});
