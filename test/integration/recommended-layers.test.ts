import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Budget, CircuitBreaker, ClientOptions, LLMClient, RateLimiter } from '../../src/index.ts';
import {
  budget,
  cache,
  circuitBreaker,
  coalesce,
  contextCheck,
  fallback,
  hedge,
  isLLMError,
  memoryStore,
  rateLimit,
  retry,
  timeout,
} from '../../src/index.ts';
import type { Answer, FakeClock } from '../../src/testing/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import type { Chained } from '../support/chained.ts';
import { FIRST, passing, readAll, SECOND, startChained, THIRD, until } from '../support/chained.ts';
import { rejection } from '../support/client.ts';

/** Every layer, in the order that the README recommends. */
let world: Chained;
let clock: FakeClock;
let money: Budget;
let limiter: RateLimiter;
let breaker: CircuitBreaker;
let llm: LLMClient;
let caller: AbortController;

beforeEach(async () => {
  world = await startChained();
  clock = fakeClock();
  caller = new AbortController();
  llm = clientWith();
});
afterEach(() => world.close());

function clientWith(options: ClientOptions = {}): LLMClient {
  money = budget({ maxCostUSD: 10, store: memoryStore() });
  limiter = rateLimit({ concurrency: 4, requestsPerMinute: 10_000 });
  breaker = circuitBreaker({ minCalls: 4 });
  const use = [
    cache(),
    coalesce(),
    money,
    fallback([SECOND, THIRD], { resume: true }),
    contextCheck(),
    retry(),
    hedge({ after: 1_000 }),
    limiter,
    breaker,
    timeout({ firstToken: 20_000, idle: 30_000 }),
  ];
  return world.client({ clock, use, ...options });
}

const WHOLE = 'one two three four';
const whole = { text: WHOLE, chunks: ['one', ' two', ' three', ' four'], usage: { promptTokens: 100, completionTokens: 10 } };
const rest = { text: ' three four', chunks: [' three', ' four'], usage: { promptTokens: 110, completionTokens: 5 } };
const ask = (content = 'Hi', model = FIRST) =>
  llm.chat.completions.create({ model, messages: [{ role: 'user', content }] }, { signal: caller.signal });
const open = (content = 'Hi') =>
  llm.chat.completions.create({ model: FIRST, messages: [{ role: 'user', content }], stream: true }, { signal: caller.signal });

const asked = (count: number) => until(() => world.mock.requests.length === count);
const told = (): string[] =>
  world.events.map((event) => {
    if (event.type === 'fallback') return `fallback ${event.from.provider} ${event.to.provider}`;
    if (event.type === 'attempt-ended') return `attempt-ended ${event.attempt.outcome}`;
    if (event.type === 'skipped' || event.type === 'waiting') return `${event.type} ${event.reason}`;
    if (event.type === 'hedge') return `hedge ${event.outcome}`;
    return event.type;
  });
const triedBy = ({ attempts }: { readonly attempts: readonly { provider: string; outcome: string }[] }): string[] =>
  attempts.map(({ provider, outcome }) => `${provider} ${outcome}`);
const spent = async (): Promise<number> => (await money.spent()).costUSD?.spent ?? Number.NaN;

/** What all calls have cost, as their last events say. */
const toldCost = (): number => world.eventsOf('call-ended').reduce((sum, { costUSD = 0 }) => sum + costUSD, 0);

const LATER: ReadonlySet<string> = new Set(['hedge', 'waiting', 'breaker-changed']);

/** Every call ends once, after all of its attempts. What layers make of the end is told when they hear of it. */
function wholeAccounts(): void {
  for (const id of new Set(world.events.map(({ call }) => call.correlationId))) {
    const types = world.events.filter(({ call, type }) => call.correlationId === id && !LATER.has(type)).map(({ type }) => type);
    const count = (name: string): number => types.filter((type) => type === name).length;
    expect([types[0], types.at(-1)]).toEqual(['call-started', 'call-ended']);
    expect([count('call-ended'), count('attempt-ended')]).toEqual([1, count('attempt-started')]);
  }
}

/** No place, no reservation, no listener, no timer and, once it is closed, no socket. */
async function nothingLeft(cost: number): Promise<void> {
  await until(() => limiter.snapshot().every(({ queued, running }) => queued === 0 && running === 0));
  expect(await spent()).toBeCloseTo(cost, 12);
  expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  await clock.advance(3_600_000);
  expect(clock.pending).toBe(0);
  await llm.close();
  await until(() => world.connections() === 0);
}

describe('all layers together', () => {
  it('a good call passes through; the same one is answered by the cache', async () => {
    world.mock.enqueue('openai', reply(whole));
    const first = await ask();
    expect(first.choices[0]?.message.content).toBe(WHOLE);
    expect(told()).toEqual(['call-started', 'attempt-started', 'attempt-ended success', 'call-ended']);
    expect(first.route).toMatchObject({ provider: 'openai', fallback: false, attempts: [{ number: 1, waitedMs: 0 }] });
    expect(first.route.costUSD).toBe(first.route.attempts[0]?.costUSD);
    const again = await ask();
    expect(again).toEqual(first);
    expect(again.route).toMatchObject({ cached: true, attempts: [] });
    expect(again.route.costUSD).toBeUndefined();
    expect(told().slice(4)).toEqual(['call-started', 'cache-hit', 'call-ended']);
    await nothingLeft(first.route.costUSD ?? Number.NaN);
  });

  it('calls at once share a stream, which is then replayed', async () => {
    world.mock.enqueue('openai', reply(whole));
    const streams = await Promise.all([open(), open(), open()]);
    const [leader] = streams;
    expect(await Promise.all(streams.map(readAll))).toEqual([{ text: WHOLE }, { text: WHOLE }, { text: WHOLE }]);
    expect(told().filter((type) => type.includes('attempt') || type.includes('stream'))).toEqual([
      'attempt-started',
      'stream-committed',
      'attempt-ended success',
    ]);
    expect(await readAll(await open())).toEqual({ text: WHOLE });
    expect(world.asked()).toEqual(['openai']);
    await nothingLeft(leader?.route.costUSD ?? Number.NaN);
  });

  it('a chain: the repeat, the wait, the move and the costs of every attempt are told in order', async () => {
    world.mock.enqueue('openai', fault.unavailable(), fault.quota());
    world.mock.enqueue('anthropic', reply(whole));
    const pending = ask();
    await until(() => world.eventsOf('waiting').length === 1);
    await clock.advance(20_000);
    const { route } = await pending;
    expect(triedBy(route)).toEqual(['openai service_unavailable', 'openai insufficient_credits', 'anthropic success']);
    expect(told()).toEqual([
      'call-started',
      'attempt-started',
      'attempt-ended service_unavailable',
      'waiting backoff',
      'attempt-started',
      'attempt-ended insufficient_credits',
      'fallback openai anthropic',
      'attempt-started',
      'attempt-ended success',
      'call-ended',
    ]);
    expect(route.attempts.map(({ costUSD }) => costUSD)).toEqual([undefined, undefined, route.costUSD]);
    expect((await ask()).route.cached, 'an answer of another model is not kept').toBeUndefined();
    await nothingLeft((route.costUSD ?? Number.NaN) + (world.eventsOf('call-ended').at(-1)?.costUSD ?? Number.NaN));
  });

  it('a prompt that does not fit is sent only where it does', async () => {
    const book = 'Kelp holds on to the rock. '.repeat(30_000);
    const { route } = await ask(book);
    expect(route.provider).toBe('gemini');
    expect(world.asked()).toEqual(['gemini']);
    expect(told().filter((type) => type.startsWith('skipped'))).toEqual(['skipped too_small', 'skipped too_small']);
    await nothingLeft(route.costUSD ?? Number.NaN);
  });

  it('a slow answer is overtaken; both requests are paid for', async () => {
    world.mock.enqueue('openai', fault.stall(0), reply(whole));
    const pending = ask();
    await asked(1);
    await clock.advance(1_000);
    const { route } = await pending;
    expect(triedBy(route)).toEqual(['openai aborted', 'openai success']);
    const costs = route.attempts.map(({ costUSD = Number.NaN }) => costUSD);
    expect(route.costUSD).toBeCloseTo((costs[0] as number) + (costs[1] as number), 12);
    await nothingLeft(route.costUSD ?? Number.NaN);
  });

  it('a broken stream goes on elsewhere, for everybody who shares it; it is paid for, and not kept', async () => {
    world.mock.enqueue('openai', fault.cutAfter(2, whole), reply(whole));
    world.mock.enqueue('anthropic', reply(rest));
    const [one, two] = await Promise.all([open(), open()]);
    expect(await Promise.all([one, two].map(readAll))).toEqual([{ text: WHOLE }, { text: WHOLE }]);
    expect(triedBy(one.route)).toEqual(['openai stream_interrupted', 'anthropic success']);
    expect(one.route.resumed).toEqual(two.route.resumed);
    const cost = one.route.costUSD ?? Number.NaN;
    const later = await open();
    expect(later.route.cached).toBeUndefined();
    await readAll(later);
    await nothingLeft(cost + (later.route.costUSD ?? Number.NaN));
  });

  it('two hundred calls at once through all sorts of failures: each ends well, and nothing is lost or paid twice', async () => {
    llm = clientWith({ on: passing(clock), maxAttempts: 20 });
    const failures = [fault.unavailable(), fault.rateLimit({ retryAfterSeconds: 1 }), fault.cutAfter(2, whole), fault.quota()];
    const mixed = Array.from({ length: 200 }, (_, i) => (i % 3 === 0 ? (failures[(i / 3) % 4] as Answer) : reply(whole)));
    world.mock.enqueue('openai', ...mixed);
    world.mock.enqueue('anthropic', ...mixed.slice(7));
    world.mock.enqueue('gemini', ...Array.from({ length: 400 }, () => reply(whole)));
    const texts = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        if (i % 2 === 0) return (await ask(`question ${i % 150}`)).choices[0]?.message.content;
        const { text, error } = await readAll(await open(`question ${i % 150}`));
        return error === undefined ? text : error;
      }),
    );
    for (const text of texts) expect(String(text)).toMatch(/^one two three four/);
    wholeAccounts();
    await nothingLeft(toldCost());
  });

  it('an outage opens the circuit, is passed over, and is over with one trial', async () => {
    llm = clientWith({ on: passing(clock) });
    world.mock.enqueue('openai', ...Array.from({ length: 4 }, () => fault.unavailable()));
    const before: string[][] = [];
    for (let i = 0; i < 4; i++) before.push(triedBy((await ask(`question ${i}`)).route));
    expect(before.flat().filter((tried) => tried === 'openai service_unavailable')).toHaveLength(4);
    expect(before.at(-1)).toEqual(['openai circuit_open', 'anthropic success']);
    expect(
      breaker
        .snapshot()
        .map(({ state }) => state)
        .sort(),
    ).toEqual(['closed', 'open']);
    await clock.advance(10_000);
    expect((await ask('after the outage')).route.provider).toBe('openai');
    expect(breaker.snapshot().every(({ state }) => state === 'closed')).toBe(true);
    expect(world.asked().filter((provider) => provider === 'openai')).toHaveLength(5);
  });
});

interface Begun {
  /** What the call, or the loop over its stream, has ended with. */
  readonly error: Promise<unknown>;
}

const silent = Array.from({ length: 10 }, () => fault.stall(0));

/** What is going on when it ends. */
const PHASES: Readonly<Record<string, () => Promise<Begun>>> = {
  async 'before anything is sent'() {
    world.mock.enqueue('openai', ...silent);
    return { error: rejection(ask()) };
  },
  async 'in the queue of the limiter'() {
    world.mock.enqueue('openai', ...silent);
    const pending = Array.from({ length: 5 }, (_, i) => rejection(ask(`question ${i}`)));
    await asked(4);
    await until(() => limiter.snapshot()[0]?.queued === 1);
    return { error: Promise.all(pending).then((errors) => errors[4]) };
  },
  async 'before the head of the answer'() {
    world.mock.enqueue('openai', ...silent.map(() => () => new Promise<never>(() => {})));
    const pending = rejection(ask());
    await asked(1);
    return { error: pending };
  },
  async 'while two requests race'() {
    world.mock.enqueue('openai', ...silent);
    const pending = rejection(ask());
    await asked(1);
    await clock.advance(1_000);
    await asked(2);
    return { error: pending };
  },
  async 'while a repeat waits'() {
    world.mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 2 }), ...silent);
    const pending = rejection(ask());
    await until(() => world.eventsOf('waiting').length === 1);
    return { error: pending };
  },
  async 'at the second target'() {
    world.mock.enqueue('openai', fault.quota());
    world.mock.enqueue('anthropic', ...silent);
    const pending = rejection(ask());
    await asked(2);
    return { error: pending };
  },
  async 'in the middle of a stream'() {
    world.mock.enqueue('openai', fault.stall(2, whole));
    return { error: readAll(await open()).then(({ error }) => error) };
  },
  async 'while the rest of a broken stream is asked for'() {
    world.mock.enqueue('openai', fault.cutAfter(2, whole));
    world.mock.enqueue('anthropic', ...silent);
    const reading = readAll(await open()).then(({ error }) => error);
    await asked(2);
    return { error: reading };
  },
};

describe.each(Object.keys(PHASES))('%s', (phase) => {
  const begin = PHASES[phase] as () => Promise<Begun>;
  const streams = phase.includes('stream');

  it('the caller’s abort ends everything at once', async () => {
    const begun = await begin();
    caller.abort(new Error('gone'));
    const error = await begun.error;
    // after content a loop ends silently, as in openai
    if (streams) expect(error).toBeUndefined();
    else expect(error).toMatchObject({ kind: 'aborted' });
    expect(breaker.snapshot().every(({ state }) => state === 'closed')).toBe(true);
    await end();
  });

  it('the deadline ends everything in time', async () => {
    await llm.close();
    llm = clientWith({ deadline: 5_000 });
    const begun = await begin();
    await clock.advance(5_000);
    const error = await begun.error;
    expect(error).toMatchObject({ kind: 'timeout', phase: 'deadline' });
    await end();
  });

  it('close() ends everything, with nothing left', async () => {
    const begun = await begin();
    await llm.close();
    const error = await begun.error;
    if (!isLLMError(error)) expect.fail(`no typed error: ${String(error)}`);
    expect(['aborted', 'configuration']).toContain(error.kind);
    await end();
  });

  async function end(): Promise<void> {
    const requests = world.mock.requests.length;
    await until(() => limiter.snapshot().every(({ queued, running }) => queued === 0 && running === 0));
    expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
    await clock.advance(3_600_000);
    expect(clock.pending).toBe(0);
    expect(world.mock.requests).toHaveLength(requests);
    expect(await spent()).toBeCloseTo(toldCost(), 12);
    wholeAccounts();
    await llm.close();
    await until(() => world.connections() === 0);
  }
});
