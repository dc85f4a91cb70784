import { getEventListeners } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Call, Middleware } from '../../src/index.ts';
import { circuitBreaker, coalesce, fallback, hedge, rateLimit, retry, timeout } from '../../src/index.ts';
import { redisStore } from '../../src/redis/redis-store.ts';
import type { ReplyOptions } from '../../src/testing/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, readAll, SECOND, startChained, THIRD, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';

const model = FIRST;

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

const requests = (count: number) => until(() => chained.mock.requests.length === count);
const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);

/** Answers that stay away until they are let go, and how many the server was working on at once. */
class Gate {
  most = 0;
  readonly #waiting: (() => void)[] = [];

  readonly answer = (options: ReplyOptions = {}) => {
    return async () => {
      const opened = new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.most = Math.max(this.most, this.busy);
      await opened;
      return reply(options);
    };
  };

  get busy(): number {
    return this.#waiting.length;
  }

  /** Answers the oldest. */
  open(): void {
    this.#waiting.shift()?.();
  }
}

/** An answer of OpenAI's with headers of the test's own. */
const told = (headers: Readonly<Record<string, string>>) =>
  fault.status(
    200,
    {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 0,
      model: 'gpt-4o-mini',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Told.' } }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    },
    { 'content-type': 'application/json', ...headers },
  );

it('beneath coalesce, a place keeps following the latest deadline of those who share the call', async () => {
  const gate = new Gate();
  chained.mock.enqueue('openai', gate.answer());
  const beneath: Call[] = [];
  const seen: Middleware = (call, next) => {
    beneath.push(call);
    return next(call);
  };
  const llm = chained.client({ use: [coalesce(), rateLimit({ concurrency: 2 }), seen] });
  const first = llm.chat.completions.create({ model, messages }, { deadline: 20_000 });
  await until(() => gate.busy === 1);
  const before = beneath[0]?.deadline ?? 0;
  const second = llm.chat.completions.create({ model, messages }, { deadline: 900_000 });
  await until(() => (beneath[0]?.deadline ?? 0) > before);
  gate.open();
  await Promise.all([first, second]);
  expect(beneath).toHaveLength(1);
});

describe('two limiters of one target in a chain', () => {
  it.each([
    [1, 1, 1],
    [3, 2, 2],
    [2, 3, 2],
  ])('of %i and %i let calls through, %i at once', async (outer, inner, most) => {
    const gate = new Gate();
    chained.mock.enqueue('openai', ...times(6, gate.answer()));
    const llm = chained.client({ use: [rateLimit({ concurrency: outer }), retry(), rateLimit({ concurrency: inner })] });
    const calls = times(6, 0).map(() => llm.chat.completions.create({ model, messages }));
    for (let done = 0; done < 6; done++) {
      await until(() => gate.busy >= Math.min(most, 6 - done));
      gate.open();
    }
    await Promise.all(calls);
    expect(gate.most).toBe(most);
  });
});

describe('calls at once, as the server sees them', () => {
  it.each([false, true])('are never more than the limit (stream: %s)', async (stream) => {
    const gate = new Gate();
    chained.mock.enqueue('openai', ...times(40, gate.answer()));
    const limiter = rateLimit({ concurrency: 4 });
    const llm = chained.client({ use: [retry(), limiter, circuitBreaker(), timeout()] });
    const calls = Array.from({ length: 40 }, async () => {
      const result = await llm.chat.completions.create({ model, messages, stream });
      if (stream) await readAll(result as AsyncIterable<unknown>);
    });
    for (let answered = 0; answered < 40; answered++) {
      await requests(Math.min(40, 4 + answered));
      expect(limiter.snapshot()[0]?.queued).toBe(Math.max(0, 36 - answered));
      gate.open();
    }
    await Promise.all(calls);
    expect(gate.most).toBe(4);
    expect(chained.mock.requests).toHaveLength(40);
    expect(limiter.snapshot()).toMatchObject([{ queued: 0, running: 0 }]);
  });

  it('count a stream until its end: read, left, broken or aborted', async () => {
    const limiter = rateLimit({ concurrency: 1 });
    const llm = chained.client({ use: [limiter] });
    const open = (signal?: AbortSignal) => llm.chat.completions.create({ model, messages, stream: true }, { signal });
    const waits = async (sent: number): Promise<unknown> => {
      const next = llm.chat.completions.create({ model, messages });
      await until(() => limiter.snapshot()[0]?.queued === 1);
      expect(chained.mock.requests).toHaveLength(sent);
      return next;
    };

    let stream = await open();
    let next = waits(1);
    await readAll(stream);
    await next;

    chained.mock.enqueue('openai', fault.stall(2));
    stream = await open();
    next = waits(3);
    for await (const _ of stream) break;
    await next;

    chained.mock.enqueue('openai', fault.cutAfter(2));
    stream = await open();
    next = waits(5);
    expect((await readAll(stream)).error).toMatchObject({ kind: 'stream_interrupted' });
    await next;

    chained.mock.enqueue('openai', fault.stall(2));
    const controller = new AbortController();
    stream = await open(controller.signal);
    next = waits(7);
    controller.abort();
    await next;
    expect(limiter.snapshot()).toMatchObject([{ queued: 0, running: 0 }]);
  });
});

describe('a call in the queue', () => {
  it('that is aborted is never sent, and leaves its place and the signal at once', async () => {
    const gate = new Gate();
    chained.mock.enqueue('openai', gate.answer(), gate.answer());
    const limiter = rateLimit({ concurrency: 1 });
    const llm = chained.client({ use: [fallback([SECOND]), retry(), limiter] });
    const controller = new AbortController();
    const first = llm.chat.completions.create({ model, messages });
    await requests(1);
    const second = rejection(llm.chat.completions.create({ model, messages }, { signal: controller.signal }));
    const third = llm.chat.completions.create({ model, messages });
    await until(() => limiter.snapshot()[0]?.queued === 2);
    controller.abort(new Error('the user left'));
    expect(await second).toMatchObject({ kind: 'aborted', cause: { message: 'the user left' }, attempts: [] });
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
    expect(limiter.snapshot()).toMatchObject([{ queued: 1, running: 1 }]);
    gate.open();
    await first;
    await requests(2);
    gate.open();
    await third;
    expect(chained.asked()).toEqual(['openai', 'openai']);
  });

  it('ends with its deadline; the breaker around it hears nothing of that', async () => {
    const clock = fakeClock();
    chained.mock.enqueue('openai', fault.stall(0));
    const breaker = circuitBreaker({ minCalls: 1, failureRate: 0 });
    const llm = chained.client({ clock, use: [fallback([SECOND]), breaker, rateLimit({ concurrency: 1 })] });
    void llm.chat.completions.create({ model, messages }).catch(() => {});
    await requests(1);
    const late = rejection(llm.chat.completions.create({ model, messages }, { deadline: 5_000 }));
    await clock.advance(5_000);
    expect(await late).toMatchObject({ kind: 'timeout', phase: 'deadline', attempts: [] });
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
    expect(chained.asked()).toEqual(['openai']);
    expect(chained.eventsOf('deadline')).toHaveLength(1);
  });

  it('ends with its client', async () => {
    const clock = fakeClock();
    chained.mock.enqueue('openai', told({}));
    const limiter = rateLimit({ requestsPerMinute: 1 });
    const llm = chained.client({ clock, use: [fallback([SECOND]), retry(), limiter, circuitBreaker(), timeout()] });
    await llm.chat.completions.create({ model, messages });
    const waiting = rejection(llm.chat.completions.create({ model, messages }));
    await until(() => limiter.snapshot()[0]?.queued === 1);
    await llm.close();
    expect(await waiting).toMatchObject({ kind: 'aborted', code: 'client_closed', attempts: [] });
    expect(clock.pending).toBe(0);
    expect(chained.asked()).toEqual(['openai']);
  });

  it('is a wait in the account of its attempt', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, use: [retry(), rateLimit({ requestsPerMinute: 2 }), timeout({ attempt: 5_000 })] });
    const create = () => llm.chat.completions.create({ model, messages });
    await Promise.all([create(), create()]);
    const third = create();
    await clock.advance(30_000);
    const { route } = await third;
    // the limits of time begin when the call goes: 30 s in the queue have not used up the 5 s of the attempt
    expect(route.attempts).toMatchObject([{ number: 1, outcome: 'success', waitedMs: 30_000 }]);
    expect(chained.eventsOf('waiting')).toMatchObject([{ reason: 'queue', limit: 'requests', ms: 30_000 }]);
  });
});

describe('a refusal', () => {
  it('moves a chain on at once, and is nobody’s failure', async () => {
    const gate = new Gate();
    chained.mock.enqueue('openai', gate.answer());
    const breaker = circuitBreaker({ minCalls: 1, failureRate: 0 });
    const limiter = rateLimit({ concurrency: 1, queue: { size: 0 } });
    const llm = chained.client({ use: [fallback([SECOND]), breaker, retry(), limiter] });
    const first = llm.chat.completions.create({ model, messages });
    await requests(1);
    const { route } = await llm.chat.completions.create({ model, messages });
    expect(route).toMatchObject({ provider: 'anthropic', fallback: true, attempts: [{ provider: 'anthropic', number: 1 }] });
    expect(chained.eventsOf('skipped')).toMatchObject([
      { reason: 'limit', target: { provider: 'openai' }, error: { kind: 'budget_exceeded', code: 'queue_full' } },
    ]);
    expect(chained.eventsOf('fallback')).toMatchObject([{ error: { code: 'queue_full' } }]);
    expect(chained.eventsOf('waiting')).toEqual([]);
    expect(breaker.snapshot().every(({ state }) => state === 'closed')).toBe(true);
    gate.open();
    await first;
  });

  it('by all targets is the error of the first one', async () => {
    const gate = new Gate();
    for (const provider of ['openai', 'anthropic']) chained.mock.enqueue(provider, gate.answer());
    const llm = chained.client({ use: [fallback([SECOND]), rateLimit({ concurrency: 1, queue: { size: 0 } })] });
    const running = [FIRST, SECOND].map((each) => llm.chat.completions.create({ model: each, messages }));
    await requests(2);
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    expect(error).toMatchObject({
      kind: 'budget_exceeded',
      code: 'queue_full',
      provider: 'openai',
      attempts: [],
      message:
        'openai/gpt-4o-mini: budget exceeded: rateLimit has no free place and no queue (1 running, held up by concurrency)',
    });
    gate.open();
    gate.open();
    await Promise.all(running);
  });

  it('of a repeat leaves the failure before it as it was', async () => {
    chained.mock.enqueue('openai', fault.unavailable());
    const llm = chained.client({ use: [retry({ minDelay: 1 }), rateLimit({ requestsPerMinute: 1, queue: { size: 0 } })] });
    expect(await rejection(llm.chat.completions.create({ model, messages }))).toMatchObject({
      kind: 'service_unavailable',
      attempts: [{ outcome: 'service_unavailable' }],
    });
    expect(chained.asked()).toEqual(['openai']);
  });
});

describe('beneath retry', () => {
  it('every attempt takes its place anew, and a 429 holds all calls as long as it asks', async () => {
    const clock = fakeClock();
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 20 }));
    const limiter = rateLimit({ concurrency: 3 });
    const llm = chained.client({ clock, use: [retry(), limiter] });
    const first = llm.chat.completions.create({ model, messages });
    await requests(1);
    await until(() => limiter.snapshot()[0]?.running === 0);
    const second = llm.chat.completions.create({ model, messages });
    await clock.advance(19_999);
    expect(chained.mock.requests).toHaveLength(1);
    expect(limiter.snapshot()).toMatchObject([{ queued: 1, running: 0, heldUntil: clock.now() + 1 }]);
    await clock.advance(2_000);
    await Promise.all([first, second]);
    expect((await second).route.attempts).toMatchObject([{ waitedMs: 20_000, outcome: 'success' }]);
    expect((await first).route.attempts).toMatchObject([{ outcome: 'rate_limit' }, { waitedMs: 20_500 }]);
  });

  it('a long Retry-After moves every chain on, without asking again', async () => {
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 120 }));
    const llm = chained.client({ use: [fallback([SECOND]), rateLimit({ concurrency: 3 })] });
    for (let calls = 0; calls < 3; calls++) await llm.chat.completions.create({ model, messages });
    expect(chained.asked()).toEqual(['openai', 'anthropic', 'anthropic', 'anthropic']);
  });
});

describe('around a breaker', () => {
  it('gives back what a refused call had been given', async () => {
    chained.mock.enqueue('openai', fault.unavailable());
    const limiter = rateLimit({ concurrency: 1, requestsPerMinute: 2, queue: { size: 0 } });
    const llm = chained.client({ use: [fallback([SECOND]), limiter, circuitBreaker({ minCalls: 1, failureRate: 0 })] });
    for (let calls = 0; calls < 2; calls++) await llm.chat.completions.create({ model, messages });
    const { route } = await llm.chat.completions.create({ model, messages: [...messages] }, { fallbacks: [THIRD] });
    expect(route.attempts.map(({ provider, outcome }) => [provider, outcome])).toEqual([
      ['openai', 'circuit_open'],
      ['gemini', 'success'],
    ]);
    expect(limiter.snapshot()[0]).toMatchObject({ queued: 0, running: 0 });
  });
});

describe('beneath a hedge', () => {
  it('the loser gives its place back', async () => {
    const clock = fakeClock();
    chained.mock.enqueue('openai', fault.stall(0), reply('from the second'));
    const limiter = rateLimit({ concurrency: 2, queue: { size: 0 } });
    const llm = chained.client({ clock, use: [hedge({ after: 100 }), limiter] });
    const pending = llm.chat.completions.create({ model, messages });
    await requests(1);
    await clock.advance(100);
    await pending;
    await until(() => limiter.snapshot()[0]?.running === 0);
    expect(chained.mock.requests).toHaveLength(2);
  });

  it('a call that waits in the queue is not sent twice, unless the second request goes elsewhere', async () => {
    const clock = fakeClock();
    const gate = new Gate();
    chained.mock.enqueue('openai', ...times(3, gate.answer()));
    const limiter = rateLimit({ concurrency: 1 });
    const llm = chained.client({ clock, use: [hedge({ after: 100, budget: false }), limiter] });
    const other = chained.client({ clock, use: [hedge({ after: 100, to: SECOND }), limiter] });
    const ask = (client: typeof llm) => client.chat.completions.create({ model, messages });
    const [first, queued] = [ask(llm), ask(llm)];
    await requests(1);
    await until(() => limiter.snapshot()[0]?.queued === 1);
    const answer = await Promise.all([ask(other), clock.advance(100)]).then(([reply]) => reply);
    expect(answer.route.provider).toBe('anthropic');
    expect(chained.eventsOf('hedge').map(({ target, outcome }) => `${target.provider} ${outcome}`)).toEqual([
      'openai started',
      'anthropic started',
      'anthropic won',
    ]);
    while (limiter.snapshot()[0]?.running !== 0 || limiter.snapshot()[0]?.queued !== 0) {
      gate.open();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all([first, queued]);
    expect(chained.eventsOf('hedge').filter(({ outcome }) => outcome === 'started')).toHaveLength(2);
  });
});

describe('the provider’s own headers, over the wire', () => {
  it('hold calls until the reset, for streams as for whole replies', async () => {
    const clock = fakeClock(Date.now());
    const llm = chained.client({ clock, use: [rateLimit()] });
    chained.mock.enqueue('openai', told({ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '6s' }));
    await llm.chat.completions.create({ model, messages });
    const next = llm.chat.completions.create({ model, messages, stream: true });
    await clock.advance(5_999);
    expect(chained.mock.requests).toHaveLength(1);
    await clock.advance(1);
    expect((await readAll(await next)).error).toBeUndefined();
    expect(chained.eventsOf('waiting')).toMatchObject([{ limit: 'provider', ms: 6_000 }]);
  });

  it('leave the reply to its reader as it was', async () => {
    const llm = chained.client({ use: [rateLimit()] });
    chained.mock.enqueue('openai', told({ 'x-request-id': 'req_told', 'x-ratelimit-remaining-requests': '9' }));
    const { data, response, request_id } = await llm.chat.completions.create({ model, messages }).withResponse();
    expect(data.choices[0]?.message.content).toBe('Told.');
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('9');
    expect(request_id).toBe('req_told');
  });
});

describe('tokens per minute, with real prompts and real usage', () => {
  it('are reserved, corrected by the usage of replies and streams, and waited for', async () => {
    const clock = fakeClock();
    const usage = { promptTokens: 100, completionTokens: 200 };
    chained.mock.enqueue('openai', ...times(3, reply({ text: 'Long.', usage })));
    const llm = chained.client({ clock, use: [rateLimit({ tokensPerMinute: 600 })] });
    const ask = { model, messages: [...messages], max_completion_tokens: 250 };
    await llm.chat.completions.create(ask);
    await readAll(await llm.chat.completions.create({ ...ask, stream: true }));
    // 600 are used; the next one reserves 250 and its prompt
    const third = llm.chat.completions.create(ask);
    await clock.advance(25_000);
    expect(chained.mock.requests).toHaveLength(2);
    await clock.advance(3_000);
    await third;
    expect(chained.eventsOf('waiting')).toMatchObject([{ limit: 'tokens' }]);
  });
});

describe('many calls', () => {
  it('leave nothing: no place, no listener, no connection beyond the limit', async () => {
    const limiter = rateLimit({ concurrency: 8, queue: { timeout: 60_000 } });
    const llm = chained.client({ use: [retry(), limiter, circuitBreaker()] });
    const { signal } = new AbortController();
    for (let round = 0; round < 5; round++) {
      const calls = Array.from({ length: 100 }, async (_, i) => {
        const stream = i % 3 === 0;
        const result = await llm.chat.completions.create({ model, messages, stream }, { signal });
        if (stream) for await (const __ of result as AsyncIterable<unknown>) if (i % 2 === 0) break;
      });
      await Promise.all(calls);
    }
    await until(() => limiter.snapshot()[0]?.running === 0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await until(() => chained.connections() <= 8);
  });
});

describe.skipIf(redisMissing() !== undefined)('two clients that share a store in Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.close());

  it('share places and buckets', async () => {
    const gate = new Gate();
    chained.mock.enqueue('openai', ...times(12, gate.answer()));
    const stores = [redisStore(server.url), redisStore(server.url)];
    const limiters = stores.map(() => rateLimit({ concurrency: 3, requestsPerMinute: 12 }));
    const clients = stores.map((store, i) => chained.client({ store, use: limiters[i] ? [limiters[i]] : [] }));
    const calls = clients.flatMap((llm) => times(6, 0).map(() => llm.chat.completions.create({ model, messages })));
    for (let answered = 0; answered < 12; answered++) {
      await until(() => gate.busy >= Math.min(3, 12 - answered));
      gate.open();
    }
    await Promise.all(calls);
    expect(gate.most).toBe(3);
    const [llm] = clients;
    const vain = llm?.chat.completions.create({ model, messages }, { deadline: 1_000 });
    expect(await rejection(vain ?? Promise.resolve())).toMatchObject({ code: 'queue_timeout', details: { limit: 'requests' } });
    await Promise.all(clients.map((each) => each.close()));
    await Promise.all(stores.map((store) => store.close()));
  });

  it('are both held by a 429 that one of them was told', async () => {
    const stores = [redisStore(server.url), redisStore(server.url)];
    const clients = stores.map((store) => chained.client({ store, use: [fallback([SECOND]), rateLimit()] }));
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 120 }));
    for (const llm of clients) await llm.chat.completions.create({ model: 'openai/gpt-5-mini', messages });
    expect(chained.asked()).toEqual(['openai', 'anthropic', 'anthropic']);
    await Promise.all(clients.map((each) => each.close()));
    await Promise.all(stores.map((store) => store.close()));
  });

  it('go on, each with limits of its own, when Redis is away', async () => {
    const away = await startRedis();
    const store = redisStore(away.url, { commandTimeout: 100, connectTimeout: 100 });
    const gate = new Gate();
    chained.mock.enqueue('openai', ...times(6, gate.answer()));
    const limiter = rateLimit({ concurrency: 2 });
    const llm = chained.client({ store, use: [limiter] });
    const degraded: string[] = [];
    llm.on('store-degraded', (event) => degraded.push(event.store));
    const calls = times(6, 0).map(() => llm.chat.completions.create({ model, messages }));
    await until(() => gate.busy === 2);
    await away.kill();
    for (let answered = 0; answered < 6; answered++) {
      await until(() => gate.busy === Math.min(2, 6 - answered));
      gate.open();
    }
    await Promise.all(calls);
    expect(gate.most).toBe(2);
    expect(degraded).toHaveLength(1);
    expect(limiter.snapshot()).toMatchObject([{ queued: 0, running: 0 }]);
    await llm.close();
    await store.close();
    await away.close();
  });
});
