import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KNOWN_MODELS } from '../../src/client/model-ids.ts';
import type { Middleware } from '../../src/index.ts';
import { circuitBreaker, fallback, isLLMError, RateLimitError, retry, timeout } from '../../src/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, messages, passing, SECOND, startChained, THIRD } from '../support/chained.ts';
import { rejection } from '../support/client.ts';
import { SUBJECTS } from '../support/conformance/bench.ts';

const model = FIRST;

let chained: Chained;
beforeEach(async () => {
  chained = await startChained();
});
afterEach(() => chained.close());

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
const PROVIDERS = ['openai', 'anthropic', 'gemini'] as const;
const outage = (item = fault.unavailable()) => {
  for (const provider of PROVIDERS) chained.mock.enqueue(provider, ...times(40, item));
};
const CHATTING = SUBJECTS.filter(({ can }) => can.operations.includes('chat')).map(({ id }) => id);
const modelOf = (id: string): string =>
  `${id}/${(KNOWN_MODELS as Readonly<Record<string, readonly string[]>>)[id]?.[0] ?? 'mock-large'}`;

describe('retry beneath fallback', () => {
  it('three targets of three attempts are nine requests, not 27', async () => {
    const clock = fakeClock();
    outage();
    const llm = chained.client({
      clock,
      on: passing(clock),
      use: [fallback([SECOND, THIRD]), retry({ maxRetries: 2 }), timeout()],
      maxAttempts: 100,
    });
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    expect(chained.asked()).toEqual([...times(3, 'openai'), ...times(3, 'anthropic'), ...times(3, 'gemini')]);
    expect(error).toMatchObject({ kind: 'service_unavailable', provider: 'openai', model: 'gpt-4o-mini' });
    expect(error).toMatchObject({ attempts: times(9, { outcome: 'service_unavailable' }) });
    expect((error as Error).message).toMatch(
      /\(3 attempts over [^;]+; also tried anthropic\/\S+: 503 service unavailable, gemini\/\S+: 503 service unavailable\)/,
    );
  });

  it('maxAttempts bounds layers of any depth', async () => {
    const clock = fakeClock();
    outage();
    const deep = [retry({ maxRetries: 2 }), fallback([SECOND, THIRD]), retry({ maxRetries: 2 }), retry({ maxRetries: 2 })];
    for (const [maxAttempts, most] of [
      [undefined, 8],
      [3, 3],
    ] as const) {
      const before = chained.mock.requests.length;
      const llm = chained.client({ clock, on: passing(clock), use: deep, maxAttempts });
      const error = await rejection(llm.chat.completions.create({ model, messages }));
      expect(chained.mock.requests.length - before).toBe(most);
      expect(error).toMatchObject({ kind: 'service_unavailable', provider: 'openai', attempts: times(most, {}) });
    }
  });

  it('maxAttempts of one asks one target once', async () => {
    outage();
    const llm = chained.client({ use: [fallback([SECOND]), retry({ minDelay: 1 })], maxAttempts: 1 });
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ kind: 'service_unavailable', attempts: [{ provider: 'openai' }] });
    expect(chained.asked()).toEqual(['openai']);
    expect(chained.eventsOf('skipped')).toMatchObject([{ reason: 'attempts', target: { provider: 'anthropic' } }]);
  });

  it('a Retry-After within the cap is waited for at the same target, one beyond it moves on at once', async () => {
    const clock = fakeClock();
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 60 }), fault.rateLimit({ retryAfterSeconds: 61 }));
    const llm = chained.client({ clock, on: passing(clock), use: [fallback([SECOND]), retry({ maxRetries: 5 })] });
    const { route } = await llm.chat.completions.create({ model, messages });
    expect(route.attempts).toMatchObject([
      { provider: 'openai', outcome: 'rate_limit', retryAfterMs: 60_000 },
      { provider: 'openai', outcome: 'rate_limit', retryAfterMs: 61_000 },
      { provider: 'anthropic', outcome: 'success', waitedMs: 0 },
    ]);
    const waited = route.attempts[1]?.waitedMs ?? 0;
    expect(waited).toBeGreaterThanOrEqual(60_000);
    expect(waited).toBeLessThanOrEqual(61_000);
  });

  it('beyond the cap at the end of the chain: thrown at once, with the wait that was asked for', async () => {
    outage(fault.rateLimit({ retryAfterSeconds: 300 }));
    const clock = fakeClock();
    const llm = chained.client({ clock, use: [fallback([SECOND, THIRD]), retry()] });
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ kind: 'rate_limit', provider: 'openai', retryAfterMs: 300_000, attempts: times(3, {}) });
    expect(clock.pending).toBe(0);
  });
});

describe.each(CHATTING)('%s', (id) => {
  it('one retry layer makes three requests of one call, a throttle is waited for, an exhausted plan is not', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, on: passing(clock), use: [retry()] });
    const create = (stream: boolean) => llm.chat.completions.create({ model: modelOf(id), messages, stream });
    const posts = async (run: () => Promise<unknown>): Promise<number> => {
      const before = chained.mock.requests.length;
      await run();
      return chained.mock.requests.slice(before).filter(({ provider, method }) => provider === id && method === 'POST').length;
    };
    chained.mock.enqueue(id, ...times(3, fault.unavailable()));
    expect(await posts(() => rejection(create(false)))).toBe(3);

    chained.mock.enqueue(id, fault.rateLimit({ retryAfterSeconds: 7 }), 'fine');
    const reply = await create(false);
    expect(reply.route.attempts).toMatchObject([{ outcome: 'rate_limit', retryAfterMs: 7000 }, { outcome: 'success' }]);
    expect(reply.route.attempts[1]?.waitedMs).toBeGreaterThanOrEqual(7000);

    chained.mock.enqueue(id, fault.quota());
    expect(await posts(async () => expect(await rejection(create(false))).toMatchObject({ kind: 'insufficient_credits' }))).toBe(
      1,
    );
  });
});

describe('the fallbacks of a call', () => {
  it('replace the list, with changes for one target, and an empty list means none', async () => {
    chained.mock.enqueue('openai', ...times(2, fault.quota()));
    const llm = chained.client({ use: [fallback([SECOND])] });
    const { route } = await llm.chat.completions.create(
      { model, messages, temperature: 1 },
      { fallbacks: [{ model: THIRD, params: { temperature: 0.25 } }] },
    );
    expect(route).toMatchObject({ provider: 'gemini', model: 'gemini-2.5-flash', fallback: true });
    expect(chained.mock.requests[1]?.body).toMatchObject({ generationConfig: { temperature: 0.25 } });
    const error = await rejection(llm.chat.completions.create({ model, messages }, { fallbacks: [] }));
    expect(error).toMatchObject({ kind: 'insufficient_credits', attempts: [{}] });
    expect(chained.asked()).toEqual(['openai', 'gemini', 'openai']);
  });

  it.each(['bad request', 'key'] as const)('are not asked after a wrong %s', async (what) => {
    chained.mock.enqueue('openai', what === 'key' ? fault.auth() : fault.status(400, { error: { message: 'no' } }));
    const llm = chained.client();
    const error = await rejection(llm.chat.completions.create({ model, messages }, { fallbacks: [SECOND] }));
    expect(error).toMatchObject({ kind: what === 'key' ? 'authentication' : 'bad_request', attempts: [{}] });
    expect(chained.asked()).toEqual(['openai']);
  });

  it('without a key for one: skipped with a warning, and no attempt', async () => {
    chained.mock.enqueue('openai', fault.quota());
    const llm = chained.client({ providers: { anthropic: { apiKey: '' } } });
    const { route } = await llm.chat.completions.create({ model, messages }, { fallbacks: [SECOND, THIRD] });
    expect(route.attempts.map(({ provider }) => provider)).toEqual(['openai', 'gemini']);
    expect(route.warnings).toEqual([expect.stringContaining('anthropic/claude-sonnet-4-5 was skipped')]);
  });
});

describe('lists of their own', () => {
  it('an overflow and a policy violation take different ways, over every dialect', async () => {
    const llm = chained.client({
      use: [fallback([SECOND], { contextWindow: ['gemini/mock-large'], contentPolicy: ['ollama/llama3.2'] }), retry()],
    });
    const ids = CHATTING.filter((id) => !['anthropic', 'gemini', 'ollama'].includes(id));
    for (const id of ids) {
      chained.mock.enqueue(id, fault.contextWindow(), fault.contentPolicy(), fault.quota());
      const routes = [];
      for (let calls = 0; calls < 3; calls++) {
        const { route } = await llm.chat.completions.create({ model: modelOf(id), messages });
        routes.push([route.attempts[0]?.outcome, route.attempts.length, route.provider]);
      }
      expect(routes, id).toEqual([
        ['context_window_exceeded', 2, 'gemini'],
        ['content_policy_violation', 2, 'ollama'],
        ['insufficient_credits', 2, 'anthropic'],
      ]);
    }
  });

  it('without them an overflow moves along the general list, a violation does not move', async () => {
    const llm = chained.client({ use: [fallback([SECOND])] });
    chained.mock.enqueue('openai', fault.contextWindow(), fault.contentPolicy());
    expect((await llm.chat.completions.create({ model, messages })).route.provider).toBe('anthropic');
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ kind: 'content_policy_violation', attempts: [{}] });
  });

  it('the list of an overflow is used for streams too, and each of its targets has its own repeats', async () => {
    const clock = fakeClock();
    const llm = chained.client({ clock, on: passing(clock), use: [fallback([SECOND], { contextWindow: [THIRD] }), retry()] });
    chained.mock.enqueue('openai', fault.contextWindow());
    chained.mock.enqueue('gemini', fault.unavailable(), fault.unavailable());
    const { route } = await llm.chat.completions.create({ model, messages, stream: true });
    expect(route.attempts.map(({ provider, outcome }) => [provider, outcome])).toEqual([
      ['openai', 'context_window_exceeded'],
      ['gemini', 'service_unavailable'],
      ['gemini', 'service_unavailable'],
      ['gemini', 'success'],
    ]);
  });
});

describe('layers of the user’s own', () => {
  it('outside see a call once, inside every attempt; what they change is sent', async () => {
    const seen: string[] = [];
    const spy =
      (name: string): Middleware =>
      async (call, next) => {
        seen.push(`${name} ${call.target.provider}`);
        try {
          return await next(call);
        } catch (error) {
          seen.push(`${name} ${isLLMError(error) ? error.kind : 'other'}`);
          throw error;
        }
      };
    const polite: Middleware = (call, next) => {
      if (call.operation !== 'chat') return next(call);
      return next({ ...call, request: { ...call.request, temperature: 0.5 } });
    };
    const clock = fakeClock();
    const llm = chained.client({
      clock,
      on: passing(clock),
      use: [
        spy('outer'),
        fallback([SECOND]),
        spy('middle'),
        retry({ maxRetries: 1 }),
        circuitBreaker(),
        spy('inner'),
        polite,
        timeout(),
      ],
    });
    chained.mock.enqueue('openai', fault.unavailable(), fault.quota());
    await llm.chat.completions.create({ model, messages });
    expect(seen).toEqual([
      'outer openai',
      'middle openai',
      'inner openai',
      'inner service_unavailable',
      'inner openai',
      'inner insufficient_credits',
      'middle insufficient_credits',
      'middle anthropic',
      'inner anthropic',
    ]);
    expect(chained.mock.requests.map(({ body }) => (body as { temperature?: number }).temperature)).toEqual([0.5, 0.5, 0.5]);
  });

  it('a typed error that an inner one throws is repeated and moved on from as if a provider had sent it', async () => {
    const clock = fakeClock();
    let refused = 0;
    const gate: Middleware = (call, next) => {
      if (call.target.provider !== 'openai') return next(call);
      refused++;
      return Promise.reject(new RateLimitError({ message: 'the house limit', retryAfterMs: 100 }));
    };
    const llm = chained.client({ clock, on: passing(clock), use: [fallback([SECOND]), retry(), gate] });
    const { route } = await llm.chat.completions.create({ model, messages });
    expect(refused).toBe(3);
    expect(route).toMatchObject({ provider: 'anthropic', attempts: [{ provider: 'anthropic', outcome: 'success' }] });
    const error = await rejection(llm.chat.completions.create({ model, messages }, { fallbacks: [], maxRetries: 0 }));
    expect(error).toMatchObject({ kind: 'rate_limit', provider: 'openai', model: 'gpt-4o-mini', attempts: [] });
  });

  it('an untyped error of an inner one ends the call as it is: a bug does not make others answer', async () => {
    const bug = new TypeError('x is undefined');
    const llm = chained.client({
      use: [fallback([SECOND]), retry(), circuitBreaker({ minCalls: 1 }), () => Promise.reject(bug)],
    });
    expect(await rejection(llm.chat.completions.create({ model, messages }))).toBe(bug);
    expect(chained.mock.requests).toEqual([]);
  });

  it('one that answers by itself spends nothing', async () => {
    const llm = chained.client({ use: [fallback([SECOND]), retry(), circuitBreaker()] });
    const kept = await llm.chat.completions.create({ model, messages });
    const cache: Middleware = async () => kept as never;
    const cached = chained.client({ use: [cache, fallback([SECOND]), retry(), circuitBreaker()] });
    const again = await cached.chat.completions.create({ model, messages });
    expect(again.choices).toEqual(kept.choices);
    expect(again.route).toMatchObject({ provider: 'openai', attempts: [], fallback: false });
    expect(chained.mock.requests).toHaveLength(1);
  });
});

describe('calls at once', () => {
  it('in one chain do not share their place, nor their attempts', async () => {
    const clock = fakeClock();
    const promptOf = (body: unknown): string => JSON.stringify(body);
    const fails = (mark: string) => (request: { readonly body: unknown }) =>
      promptOf(request.body).includes(mark) ? fault.unavailable() : reply('fine');
    chained.mock.enqueue('openai', ...times(99, fails('left')));
    chained.mock.enqueue('anthropic', ...times(99, fails('far')));
    const llm = chained.client({ clock, on: passing(clock), use: [fallback([SECOND, THIRD]), retry({ maxRetries: 1 })] });
    const ask = (content: string, stream: boolean) =>
      llm.chat.completions.create({ model, messages: [{ role: 'user', content }], stream });
    const kinds = ['stays', 'left', 'left and far'];
    const all = await Promise.all(times(30, 0).map((_, i) => ask(kinds[i % 3] ?? '', i % 2 === 0)));
    all.forEach(({ route }, i) => {
      const providers = [['openai'], ['openai', 'openai', 'anthropic'], ['openai', 'openai', 'anthropic', 'anthropic', 'gemini']];
      expect(route.attempts.map(({ provider }) => provider)).toEqual(providers[i % 3]);
      expect(route.attempts.map(({ number }) => number)).toEqual(route.attempts.map((_, at) => at + 1));
    });
    expect(new Set(all.map(({ route }) => route.correlationId)).size).toBe(30);
  });
});

describe('the events of a call', () => {
  it('tell a whole run in order, each with its call', async () => {
    const clock = fakeClock();
    const llm = chained.client({
      clock,
      on: passing(clock),
      use: [fallback([SECOND, THIRD]), retry({ maxRetries: 1 }), circuitBreaker({ minCalls: 2 }), timeout()],
    });
    chained.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 2 }), fault.unavailable());
    chained.mock.enqueue('anthropic', fault.overloaded(), fault.overloaded());
    const stream = await llm.chat.completions.create(
      { model, messages, stream: true },
      { correlationId: 'c-7', metadata: { job: 1 } },
    );
    for await (const _ of stream);
    const told = chained.events.map((event) => {
      switch (event.type) {
        case 'attempt-started':
          return `attempt ${event.number} at ${event.target.provider}`;
        case 'attempt-ended':
          return `attempt ${event.attempt.number} ended: ${event.attempt.outcome}`;
        case 'waiting':
          return `waiting: ${event.reason}`;
        case 'fallback':
          return `fallback from ${event.from.provider} to ${event.to.provider}: ${event.error.kind}`;
        case 'breaker-changed':
          return `breaker of ${event.target.provider}: ${event.to}`;
        case 'call-ended':
          return `call ended: ${event.outcome}, ${event.attempts.length} attempts, ${event.target.provider}`;
        default:
          return event.type;
      }
    });
    expect(told).toEqual([
      'call-started',
      'attempt 1 at openai',
      'attempt 1 ended: rate_limit',
      'waiting: retry-after',
      'attempt 2 at openai',
      'attempt 2 ended: service_unavailable',
      'fallback from openai to anthropic: service_unavailable',
      'attempt 3 at anthropic',
      'attempt 3 ended: service_unavailable',
      'waiting: backoff',
      'attempt 4 at anthropic',
      'attempt 4 ended: service_unavailable',
      'breaker of anthropic: open',
      'fallback from anthropic to gemini: service_unavailable',
      'attempt 5 at gemini',
      'stream-committed',
      'attempt 5 ended: success',
      'call ended: success, 5 attempts, gemini',
    ]);
    for (const { call } of chained.events)
      expect(call).toEqual({ correlationId: 'c-7', operation: 'stream', metadata: { job: 1 } });
  });
});
