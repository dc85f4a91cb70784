import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Middleware } from '../../src/index.ts';
import { circuitBreaker, fallback, isLLMError, retry, timeout } from '../../src/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, passing, readAll, SECOND, startBlackHole, startChained, THIRD, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';
import { startRawServer } from '../support/raw-server.ts';

const model = FIRST;

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

const requests = (count: number) => until(() => chained.mock.requests.length === count);

describe('retry around time limits', () => {
  it('connect: a connection that never stands is tried anew and given up', async () => {
    const hole = await startBlackHole();
    const llm = chained.client({
      providers: { openai: { apiKey: 'test', baseURL: hole.origin } },
      use: [fallback([SECOND]), retry({ maxRetries: 1, minDelay: 1 }), timeout({ connect: 150 })],
    });
    await llm.chat.completions.create({ model: SECOND, messages });
    for (const stream of [false, true]) {
      const { route } = await llm.chat.completions.create({ model, messages, stream });
      expect(route.attempts.map(({ provider, outcome }) => [provider, outcome])).toEqual([
        ['openai', 'timeout'],
        ['openai', 'timeout'],
        ['anthropic', 'success'],
      ]);
      expect(route.attempts[0]?.error).toMatchObject({ kind: 'timeout', phase: 'connect', details: { limitMs: 150 } });
      expect(route.attempts[0]?.durationMs).toBeGreaterThanOrEqual(145);
    }
    await until(() => hole.knocking() === 0);
    await hole.close();
  });

  it('first_token: a stream without content is repeated; the reader sees one answer', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, on: passing(clock), use: [retry(), timeout({ firstToken: 30_000 })] });
    chained.mock.enqueue('openai', fault.stall(0), fault.stall(0), reply('at last'));
    const opening = llm.chat.completions.create({ model, messages, stream: true });
    await requests(1);
    await clock.advance(29_999);
    expect(chained.mock.requests).toHaveLength(1);
    await clock.advance(1);
    await requests(2);
    await clock.advance(30_000);
    const stream = await opening;
    expect(await readAll(stream)).toEqual({ text: 'at last' });
    expect(stream.route.attempts).toMatchObject([
      { outcome: 'timeout', durationMs: 30_000, error: { phase: 'first_token' } },
      { outcome: 'timeout', durationMs: 30_000 },
      { outcome: 'success' },
    ]);
  });

  it('idle: a body that stops is fetched again, before the attempt limit', async () => {
    const raw = await startRawServer();
    const address = raw.at({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"choices":[',
      ending: 'silence',
    });
    const llm = chained.client({
      providers: { openai: { apiKey: 'test', baseURL: address } },
      use: [retry({ maxRetries: 1, minDelay: 1 }), timeout({ idle: 60 })],
    });
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    const idle = { outcome: 'timeout', error: { phase: 'idle' } };
    expect(error).toMatchObject({ kind: 'timeout', phase: 'idle', attempts: [idle, idle] });
    expect(raw.requestsTo(address)).toBe(2);
    await raw.close();
  });

  it('idle after content: a typed error with what came, never a repeat', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, use: [fallback([SECOND]), retry(), timeout({ idle: 5000 })] });
    chained.mock.enqueue('openai', fault.stall(3));
    const stream = await llm.chat.completions.create({ model, messages, stream: true });
    const reading = readAll(stream);
    await clock.advance(5000);
    const { text, error } = await reading;
    expect(text).toBe('word1 word2 word3');
    expect(error).toMatchObject({
      kind: 'timeout',
      phase: 'idle',
      partial: { content: text },
      attempts: [{ outcome: 'timeout' }],
    });
    expect(chained.mock.requests).toHaveLength(1);
    await until(() => chained.connections() === 0);
  });

  it('attempt: each attempt has the whole limit; waits do not count', async () => {
    const clock = fakeClock();
    const llm = chained.client({
      clock,
      use: [retry({ maxRetries: 1, minDelay: 9000, jitter: 'none' }), timeout({ attempt: 4000 })],
    });
    chained.mock.enqueue('openai', fault.stall(), fault.stall());
    const pending = rejection(llm.chat.completions.create({ model, messages }));
    await requests(1);
    await clock.advance(4000);
    await clock.advance(9000);
    await requests(2);
    await clock.advance(4000);
    expect(await pending).toMatchObject({
      kind: 'timeout',
      phase: 'attempt',
      attempts: [
        { durationMs: 4000, waitedMs: 0 },
        { durationMs: 4000, waitedMs: 9000 },
      ],
    });
    expect(clock.pending).toBe(0);
  });

  it('attempt in mid-stream ends a drip that idle would let live', async () => {
    const llm = chained.client({ use: [retry(), timeout({ idle: 1000, attempt: 200 })] });
    chained.mock.enqueue('openai', fault.drip(40, { chunks: 50, text: 'x'.repeat(50) }));
    const { text, error } = await readAll(await llm.chat.completions.create({ model, messages, stream: true }));
    expect(error).toMatchObject({ kind: 'timeout', phase: 'attempt', partial: { content: text } });
    expect(chained.mock.requests).toHaveLength(1);
  });

  it('by default: ten minutes for an attempt, five for a first token, two of silence', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, use: [timeout()] });
    chained.mock.enqueue('openai', fault.stall(), fault.stall(0), fault.stall(2));
    const whole = rejection(llm.chat.completions.create({ model, messages }));
    await requests(1);
    const silent = rejection(llm.chat.completions.create({ model, messages, stream: true }));
    await requests(2);
    const broken = readAll(await llm.chat.completions.create({ model, messages, stream: true }));
    for (const [pending, phase, after] of [
      [broken.then(({ error }) => error), 'idle', 120_000],
      [silent, 'first_token', 300_000],
      [whole, 'attempt', 600_000],
    ] as const) {
      let over = false;
      pending.then(() => (over = true));
      const left = after - (clock.now() - Date.UTC(2026, 0, 1));
      await clock.advance(left - 1);
      expect(over, phase).toBe(false);
      await clock.advance(1);
      expect(await pending).toMatchObject({ kind: 'timeout', phase });
    }
  });
});

describe('timeout beneath fallback', () => {
  it('moves on when the limits of one target ran out, and starts them anew at the next', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, use: [fallback([SECOND, THIRD]), timeout({ attempt: 10_000, firstToken: 10_000 })] });
    for (const stream of [false, true]) {
      chained.mock.enqueue('openai', fault.stall(0));
      chained.mock.enqueue('anthropic', fault.stall(0));
      const before = chained.mock.requests.length;
      const opening = llm.chat.completions.create({ model, messages, stream });
      for (const sent of [1, 2]) {
        await requests(before + sent);
        await clock.advance(10_000);
      }
      const { route } = await opening;
      expect(route.attempts).toMatchObject([
        { provider: 'openai', outcome: 'timeout', durationMs: 10_000 },
        { provider: 'anthropic', outcome: 'timeout', durationMs: 10_000 },
        { provider: 'gemini', outcome: 'success' },
      ]);
    }
  });

  it('a `timeout` of the call is the limit of each of its attempts', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, use: [fallback([SECOND]), timeout()] });
    chained.mock.enqueue('openai', fault.stall());
    const pending = llm.chat.completions.create({ model, messages }, { timeout: 700 });
    await requests(1);
    await clock.advance(700);
    expect((await pending).route).toMatchObject({ provider: 'anthropic', attempts: [{ durationMs: 700 }, {}] });
  });
});

describe('the deadline', () => {
  it('of a chain of three hanging targets: then, with three attempts', async () => {
    const clock = fakeClock();
    const breaker = circuitBreaker();
    const llm = chained.client({
      clock,
      use: [fallback([SECOND, THIRD]), retry({ maxRetries: 0 }), breaker, timeout({ attempt: 3000, firstToken: 3000 })],
      deadline: 8000,
    });
    for (const stream of [false, true]) {
      for (const provider of ['openai', 'anthropic', 'gemini']) chained.mock.enqueue(provider, fault.stall(0));
      const before = chained.mock.requests.length;
      const startedAt = clock.now();
      const pending = rejection(llm.chat.completions.create({ model, messages, stream }));
      for (const [sent, ms] of [
        [1, 3000],
        [2, 3000],
        [3, 2000],
      ] as const) {
        await requests(before + sent);
        await clock.advance(ms);
      }
      expect(await pending).toMatchObject({
        kind: 'timeout',
        phase: 'deadline',
        retryable: false,
        provider: 'openai',
        attempts: [
          { provider: 'openai', outcome: 'timeout', durationMs: 3000, number: 1 },
          { provider: 'anthropic', outcome: 'timeout', durationMs: 3000, number: 2 },
          { provider: 'gemini', outcome: 'timeout', durationMs: 2000, number: 3 },
        ],
      });
      expect(clock.now() - startedAt).toBe(8000);
    }
    expect(chained.eventsOf('deadline')).toHaveLength(2);
    await until(() => chained.connections() === 0);
    expect(clock.pending).toBe(0);
  });

  it('comes before the primary’s own error', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, use: [fallback([SECOND]), timeout()], deadline: 5000 });
    chained.mock.enqueue('openai', fault.unavailable());
    chained.mock.enqueue('anthropic', fault.stall());
    const pending = rejection(llm.chat.completions.create({ model, messages }));
    await requests(2);
    await clock.advance(5000);
    const error = await pending;
    expect(error).toMatchObject({ kind: 'timeout', phase: 'deadline' });
    expect(error).toMatchObject({ attempts: [{ outcome: 'service_unavailable' }, { outcome: 'timeout' }] });
  });

  it.each([
    ['a Retry-After', fault.rateLimit({ retryAfterSeconds: 20 }), 'rate_limit'],
    ['a backoff', fault.unavailable(), 'service_unavailable'],
  ])('%s that does not fit is not waited for: the next target is asked, or the call fails at once', async (_, item, kind) => {
    const clock = fakeClock();
    const use = () => [fallback([]), retry({ minDelay: 20_000, jitter: 'none' })];
    const [chain, alone] = [
      chained.client({ clock, use: use(), deadline: 20_000 }),
      chained.client({ clock, use: use(), deadline: 20_000 }),
    ];
    chained.mock.enqueue('openai', item, item);
    const { route } = await chain.chat.completions.create({ model, messages }, { fallbacks: [SECOND] });
    expect(route.attempts).toMatchObject([{ outcome: kind }, { outcome: 'success', waitedMs: 0 }]);
    expect(await rejection(alone.chat.completions.create({ model, messages }))).toMatchObject({ kind, attempts: [{}] });
    expect(chained.eventsOf('waiting')).toEqual([]);
    expect(clock.now()).toBe(Date.UTC(2026, 0, 1));
  });

  it('while connecting', async () => {
    const hole = await startBlackHole();
    const llm = chained.client({
      providers: { openai: { apiKey: 'test', baseURL: hole.origin } },
      use: [fallback([SECOND]), retry(), timeout()],
    });
    const error = await rejection(llm.chat.completions.create({ model, messages }, { deadline: 100 }));
    expect(error).toMatchObject({ kind: 'timeout', phase: 'deadline', attempts: [{ provider: 'openai', outcome: 'timeout' }] });
    await until(() => hole.knocking() === 0);
    expect(chained.mock.requests).toEqual([]);
    await hole.close();
  });

  it('while a body is on its way', async () => {
    const clock = fakeClock();
    const raw = await startRawServer();
    const address = raw.at({ status: 200, headers: { 'content-type': 'application/json' }, body: '{"id":', ending: 'silence' });
    const llm = chained.client({
      clock,
      providers: { openai: { apiKey: 'test', baseURL: address } },
      use: [fallback([SECOND]), retry(), timeout()],
      deadline: 9000,
    });
    const pending = rejection(llm.chat.completions.create({ model, messages }));
    await until(() => raw.requestsTo(address) === 1);
    await clock.advance(9000);
    expect(await pending).toMatchObject({ kind: 'timeout', phase: 'deadline', attempts: [{ durationMs: 9000 }] });
    expect(chained.mock.requests).toEqual([]);
    await raw.close();
  });

  it('in mid-stream: the loop throws it, with what came and the attempt', async () => {
    const clock = fakeClock();
    const breaker = circuitBreaker({ minCalls: 1 });
    const llm = chained.client({ clock, use: [fallback([SECOND]), retry(), breaker, timeout()], deadline: 6000 });
    chained.mock.enqueue('openai', fault.stall(2));
    const reading = readAll(await llm.chat.completions.create({ model, messages, stream: true }));
    await clock.advance(6000);
    const { text, error } = await reading;
    expect(error).toMatchObject({
      kind: 'timeout',
      phase: 'deadline',
      partial: { content: text },
      attempts: [{ outcome: 'timeout', durationMs: expect.any(Number) }],
    });
    expect(text).toBe('word1 word2');
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
    await until(() => chained.connections() === 0);
  });

  it('while a layer of the user’s own waits; what that layer sends afterwards is not sent', async () => {
    const clock = fakeClock();
    let release: (() => void) | undefined;
    const outcomes: unknown[] = [];
    const slow: Middleware = async (call, next) => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      const made = next(call);
      made.catch((error: unknown) => outcomes.push(error));
      return made;
    };
    const llm = chained.client({ clock, use: [fallback([SECOND]), slow, retry(), circuitBreaker({ minCalls: 1 }), timeout()] });
    const pending = rejection(llm.chat.completions.create({ model, messages }, { deadline: 1000 }));
    await clock.advance(1000);
    expect(await pending).toMatchObject({ kind: 'timeout', phase: 'deadline', attempts: [] });
    release?.();
    await until(() => outcomes.length === 1);
    expect(outcomes).toMatchObject([{ kind: 'timeout', phase: 'deadline' }]);
    await clock.advance(1000);
    expect(chained.mock.requests).toEqual([]);
    expect(chained.eventsOf('attempt-started')).toEqual([]);
  });

  it('silence until then speaks against the target', async () => {
    const clock = fakeClock();
    const breaker = circuitBreaker({ minCalls: 1 });
    const llm = chained.client({ clock, use: [breaker, timeout()], deadline: 2000 });
    chained.mock.enqueue('openai', fault.stall());
    const pending = rejection(llm.chat.completions.create({ model, messages }));
    await requests(1);
    await clock.advance(2000);
    expect(isLLMError(await pending, 'timeout')).toBe(true);
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }]);
  });
});
