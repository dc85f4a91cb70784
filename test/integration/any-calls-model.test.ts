import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ClientEvent, LLMClient, Middleware, Pool, RateLimiter } from '../../src/index.ts';
import {
  budget,
  cache,
  circuitBreaker,
  coalesce,
  contextCheck,
  createClient,
  fallback,
  hedge,
  isLLMError,
  openaiCompatible,
  pool,
  rateLimit,
  retry,
  timeout,
} from '../../src/index.ts';
import { EVENTS } from '../support/chained.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { manualClock } from '../support/manual-clock.ts';
import type { Outcome } from '../support/scripted-transport.ts';
import { OUTCOMES, ScriptedTransport } from '../support/scripted-transport.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 80);
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_126);

/** A layer, and what of it can be looked into. */
interface Layer {
  readonly layer: Middleware;
  readonly limiter?: RateLimiter;
  readonly pool?: Pool;
}

const limited = (limiter: RateLimiter): Layer => ({ layer: limiter, limiter });
const plain = (layer: Middleware): Layer => ({ layer });
const late: Middleware = async (call, next) => {
  await new Promise<void>((resolve) => void call.clock.timer(resolve, 300));
  return next(call);
};
const thenable = ((call: never, next: (call: never) => Promise<unknown>) => ({
  // biome-ignore lint/suspicious/noThenProperty: a layer of the user's own may return any promise
  then: (...handlers: Parameters<Promise<unknown>['then']>) => next(call).then(...handlers),
})) as unknown as Middleware;
const wholeTwice: Middleware = async (call, next) => {
  const first = await next(call);
  return call.operation === 'stream' ? first : next(call);
};
const pooled = (): Layer => {
  const members = pool(['two/m', 'three/m']);
  return { layer: fallback([members], { resume: true }), pool: members };
};

const LAYERS: Readonly<Record<string, () => Layer>> = {
  fallback: () => plain(fallback(['two/m', 'three/m'])),
  resume: () => plain(fallback(['two/m', 'one/m'], { resume: true })),
  pool: pooled,
  retry: () => plain(retry({ minDelay: 50 })),
  'retry often': () => plain(retry({ minDelay: 50, budget: false, maxRetries: 4 })),
  hedge: () => plain(hedge({ after: 200, budget: false })),
  'hedge elsewhere': () => plain(hedge({ after: 100, budget: false, to: 'two/m' })),
  breaker: () => plain(circuitBreaker({ minCalls: 2, openFor: 1_000 })),
  timeout: () => plain(timeout({ firstToken: 2_000, idle: 2_000, attempt: 10_000 })),
  cache: () => plain(cache()),
  coalesce: () => plain(coalesce()),
  'coalesce little': () => plain(coalesce({ maxBytes: 10, maxPause: 500 })),
  budget: () => plain(budget({ maxTokens: 100_000 })),
  contextCheck: () => plain(contextCheck()),
  'one at once': () => limited(rateLimit({ concurrency: 1 })),
  limits: () => limited(rateLimit({ requestsPerMinute: 60, tokensPerMinute: 5_000, concurrency: 2, queue: { timeout: 30_000 } })),
  late: () => plain(late),
  thenable: () => plain(thenable),
  'whole twice': () => plain(wholeTwice),
};

const moment = (max: number) => fc.option(fc.integer({ min: 0, max }), { nil: undefined });
const callPlan = fc.record({
  streams: fc.boolean(),
  begins: fc.integer({ min: 0, max: 3 }),
  aborts: moment(40),
  deadline: fc.option(fc.integer({ min: 1, max: 8_000 }), { nil: undefined }),
  reads: fc.constantFrom('all', 'first', 'nothing'),
  same: fc.boolean(),
});
const scene = fc.record({
  names: fc.array(fc.constantFrom(...Object.keys(LAYERS)), { maxLength: 6 }),
  script: fc.array(fc.constantFrom<Outcome>(...OUTCOMES), { minLength: 1, maxLength: 6 }),
  plans: fc.array(callPlan, { minLength: 1, maxLength: 4 }),
  closes: moment(60),
});

const unhandled: unknown[] = [];
const note = (reason: unknown): number => unhandled.push(reason);
beforeAll(async () => {
  process.on('unhandledRejection', note);
  // everything that is loaded when it is needed
  for (const outcome of OUTCOMES) {
    for (const make of Object.values(LAYERS)) {
      const world = worldOf([make()], [outcome]);
      const calls = [true, false].map((streams) => ask(world.llm, 'x', streams, 'all').catch(() => {}));
      for (let i = 0; i < 3; i++) await world.pass(500);
      await world.llm.close();
      await Promise.all(calls);
    }
  }
});
afterAll(() => void process.off('unhandledRejection', note));

interface World {
  readonly llm: LLMClient;
  readonly clock: ManualClock;
  readonly transport: ScriptedTransport;
  readonly events: ClientEvent[];
  /** Lets what can happen now happen, and then some time pass. */
  pass(ms: number): Promise<void>;
}

function worldOf(layers: readonly Layer[], script: readonly Outcome[]): World {
  const clock = manualClock();
  const transport = new ScriptedTransport(script, clock);
  const events: ClientEvent[] = [];
  const at = (host: string) => openaiCompatible({ baseURL: `http://${host}.invalid/v1`, apiKey: 'k' });
  const llm = createClient({
    clock,
    transport,
    use: layers.map(({ layer }) => layer),
    providers: { one: at('one'), two: at('two'), three: at('three') },
  });
  for (const name of EVENTS) llm.on(name, (event) => events.push(event));
  const pass = async (ms: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
    clock.tick(ms);
  };
  return { llm, clock, transport, events, pass };
}

type Reads = 'all' | 'first' | 'nothing';

/** Resolves with what came of a call; rejects with what is no error of the library. */
async function ask(llm: LLMClient, content: string, streams: boolean, reads: Reads, options = {}): Promise<string> {
  const order = { model: 'one/m', messages: [{ role: 'user' as const, content }] };
  try {
    if (!streams) {
      const { route } = await llm.chat.completions.create(order, options);
      return route.correlationId === '' ? 'no route' : 'answered';
    }
    const stream = await llm.chat.completions.create({ ...order, stream: true }, options);
    if (reads === 'nothing') return 'unread';
    for await (const _ of stream) if (reads === 'first') break;
    return 'answered';
  } catch (error) {
    if (!isLLMError(error)) throw error;
    const numbers = error.attempts.map(({ number }) => number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    return error.kind;
  }
}

/** Every call is told once, from its beginning to its end, with each of its attempts. */
function expectAccount(told: readonly ClientEvent[], shared: boolean): void {
  const types = told.map(({ type }) => type);
  const numbers = { started: [] as number[], ended: [] as number[] };
  for (const event of told) {
    if (event.type === 'attempt-started') numbers.started.push(event.number);
    if (event.type === 'attempt-ended') numbers.ended.push(event.attempt.number);
  }
  expect(types[0]).toBe('call-started');
  expect(types.filter((type) => type === 'call-ended')).toHaveLength(1);
  expect(numbers.ended.toSorted()).toEqual(numbers.started.toSorted());
  // what others share goes on when the first has left
  const after = types.slice(types.indexOf('call-ended') + 1).filter((type) => type !== 'breaker-changed' && type !== 'cooldown');
  if (!shared) expect(after).toEqual([]);
}

it('any calls through any layers settle, are told in full, and leave nothing behind', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(scene, async ({ names, script, plans, closes }) => {
      const layers = names.map((name) => (LAYERS[name] as () => Layer)());
      const { llm, clock, transport, events, pass } = worldOf(layers, script);
      const signals = plans.map(() => new AbortController());
      const outcomes = new Map<number, string>();
      const calls = plans.map(async ({ streams, begins, reads, same, deadline }, i) => {
        for (let turn = 0; turn < begins; turn++) await new Promise((resolve) => setImmediate(resolve));
        const options = { correlationId: `c${i}`, signal: signals[i]?.signal, deadline };
        outcomes.set(i, await ask(llm, same ? 'same' : `own ${i}`, streams, reads, options));
      });
      const over = Promise.all(calls);
      over.catch(() => {});
      let closing: Promise<void> | undefined;
      for (let step = 0; step < 70; step++) {
        for (const [i, { aborts }] of plans.entries()) if (aborts === step) signals[i]?.abort();
        if (closes === step) closing = llm.close();
        await pass(step < 40 ? 97 : 2_000);
      }

      const unread = plans.some((_, i) => !outcomes.has(i) || outcomes.get(i) === 'unread');
      if (!unread && closing === undefined) {
        expect(transport.open).toBe(0);
        transport.healthy = true;
        for (let i = 0; i < 10; i++) await pass(150_000);
        for (const streams of [true, false]) {
          let healthy: unknown;
          const last = ask(llm, `healthy ${streams}`, streams, 'all').then((outcome) => (healthy = outcome));
          for (let i = 0; i < 100 && healthy === undefined; i++) await pass(i < 40 ? 60 : 5_000);
          expect(healthy).toBe('answered');
          await last;
        }
        for (const { limiter, pool } of layers) {
          for (const { queued, running } of limiter?.snapshot() ?? []) expect(queued + running).toBe(0);
          for (const { inFlight } of pool?.snapshot() ?? []) expect(inFlight).toBe(0);
        }
      }

      await (closing ?? llm.close());
      await over;
      for (let i = 0; i < 3; i++) await pass(0);
      expect(transport.open).toBe(0);
      expect(clock.pending).toBe(0);
      for (const { signal } of signals) expect(getEventListeners(signal, 'abort')).toEqual([]);
      for (const i of plans.keys()) {
        const told = events.filter(({ call }) => call.correlationId === `c${i}`);
        const shared = names.some((name) => name.startsWith('coalesce'));
        if (told.length > 0) expectAccount(told, shared);
        else expect(closing).toBeDefined();
      }
      expect(unhandled).toEqual([]);
    }),
    { numRuns: RUNS, seed: SEED },
  );
});
