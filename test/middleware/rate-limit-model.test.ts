import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Catalogue } from '../../src/contract/catalogue.ts';
import type { Next } from '../../src/contract/middleware.ts';
import type { Store } from '../../src/contract/store.ts';
import { isLLMError } from '../../src/errors/catalogue.ts';
import type { RateLimiter } from '../../src/middleware/rate-limit.ts';
import { rateLimit } from '../../src/middleware/rate-limit.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import { callOf } from '../support/call.ts';
import { replyOf } from '../support/layered.ts';
import type { ReferenceRules } from '../support/limit-reference.ts';
import { Reference } from '../support/limit-reference.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { manualClock } from '../support/manual-clock.ts';

const RULES: ReferenceRules = { requestsPerMinute: 12, tokensPerMinute: 600, concurrency: 3, size: 4, timeout: 40_000 };
const KEY = 'openai/gpt-5-mini';

interface Model {
  readonly reference: Reference;
  coming: number;
}

/** The layer, with calls that end when they are told to. */
interface Real {
  readonly limiter: RateLimiter;
  readonly store: Store;
  readonly clock: ManualClock;
  readonly sent: number[];
  readonly outcomes: Map<number, string>;
  readonly answers: Map<number, (usedTokens: number) => void>;
  readonly controllers: Map<number, AbortController>;
  readonly reached: Set<string>;
}

type Step = fc.AsyncCommand<Model, Real>;

/** As many turns as the longest way from a promise to the next step of a call. */
const flush = async (): Promise<void> => {
  for (let turn = 0; turn < 12; turn++) await null;
};

const catalogue = {
  countTokens: (_: unknown, { tokens }: { readonly tokens: number }) => tokens,
} as unknown as Catalogue;

function come(real: Real, id: number, tokens: number, deadline: number): void {
  const controller = new AbortController();
  real.controllers.set(id, controller);
  const call = callOf('chat', { messages: [], tokens: tokens - 20, max_tokens: 20 } as never, {
    clock: real.clock,
    store: real.store,
    catalogue: () => catalogue,
    deadline,
    signal: controller.signal,
    report: () => {},
  });
  const next = (() => {
    real.sent.push(id);
    return new Promise((resolve) => {
      real.answers.set(id, (used) =>
        resolve({ ...replyOf('gpt-5-mini'), usage: { prompt_tokens: used, completion_tokens: 0, total_tokens: used } }),
      );
    });
  }) as unknown as Next;
  real.limiter(call, next).then(
    () => real.outcomes.set(id, 'answered'),
    (error: unknown) => real.outcomes.set(id, isLLMError(error) ? outcomeOf(error) : 'broken'),
  );
}

function outcomeOf(error: { readonly kind: string; readonly code?: unknown }): string {
  if (error.kind === 'timeout') return 'deadline';
  return error.kind === 'budget_exceeded' ? String(error.code) : error.kind;
}

async function compare({ reference }: Model, real: Real): Promise<void> {
  await flush();
  const [lane] = real.limiter.snapshot();
  expect({ queued: lane?.queued ?? 0, running: lane?.running ?? 0 }).toEqual({
    queued: reference.queue.length,
    running: reference.running.size,
  });
  expect(real.sent).toEqual(reference.sent);
  const refused = [...real.outcomes].filter(([, outcome]) => outcome !== 'answered');
  expect(refused.sort(([a], [b]) => a - b)).toEqual([...reference.outcomes].sort(([a], [b]) => a - b));
  expect(reference.running.size).toBeLessThanOrEqual(RULES.concurrency);
  expect(real.clock.pending).toBeLessThanOrEqual(reference.queue.length > 0 ? 1 : 0);
  for (const [, outcome] of refused) real.reached.add(outcome);
}

class Come implements Step {
  readonly #tokens: number;
  readonly #deadline: number;
  constructor(tokens: number, deadline: number) {
    this.#tokens = tokens;
    this.#deadline = deadline;
  }
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    const id = ++model.coming;
    const deadline = real.clock.now() + this.#deadline;
    model.reference.come(id, this.#tokens, deadline);
    come(real, id, this.#tokens, deadline);
    await compare(model, real);
  }
  toString = () => `come(${this.#tokens}, ${this.#deadline})`;
}

class End implements Step {
  readonly #which: number;
  readonly #share: number;
  constructor(which: number, share: number) {
    this.#which = which;
    this.#share = share;
  }
  check = ({ reference }: Readonly<Model>) => reference.running.size > 0;
  async run(model: Model, real: Real): Promise<void> {
    const ids = [...model.reference.running.keys()];
    const id = ids[this.#which % ids.length] ?? 0;
    const used = Math.round((model.reference.running.get(id) ?? 0) * this.#share);
    real.answers.get(id)?.(used);
    // the answer takes a few turns to come up through the layer; nothing else happens meanwhile
    model.reference.end(id, used);
    await compare(model, real);
  }
  toString = () => `end(${this.#which}, ${this.#share})`;
}

class Leave implements Step {
  readonly #which: number;
  constructor(which: number) {
    this.#which = which;
  }
  check = ({ reference }: Readonly<Model>) => reference.queue.length > 0;
  async run(model: Model, real: Real): Promise<void> {
    const { id } = model.reference.queue[this.#which % model.reference.queue.length] ?? { id: 0 };
    model.reference.leave(id);
    real.controllers.get(id)?.abort();
    await compare(model, real);
  }
  toString = () => `leave(${this.#which})`;
}

class Tick implements Step {
  readonly #ms: number;
  constructor(ms: number) {
    this.#ms = ms;
  }
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    model.reference.tick(this.#ms);
    real.clock.tick(this.#ms);
    await compare(model, real);
  }
  toString = () => `tick(${this.#ms})`;
}

describe('a limiter', () => {
  it('behaves like the plain reference, whatever happens in whatever order', async () => {
    const coming = fc
      .tuple(
        fc.constantFrom(21, 50, 100, 150, 300, 599, 600, 601),
        fc.constantFrom(Number.POSITIVE_INFINITY, 1, 4_000, 9_000, 30_000),
      )
      .map(([tokens, deadline]) => new Come(tokens, deadline));
    const commands = fc.commands(
      [
        coming,
        coming,
        coming,
        fc.tuple(fc.nat({ max: 5 }), fc.constantFrom(0, 0.1, 0.5, 1, 1.5)).map(([which, share]) => new End(which, share)),
        fc.tuple(fc.nat({ max: 5 }), fc.constantFrom(0.1, 1)).map(([which, share]) => new End(which, share)),
        fc.nat({ max: 5 }).map((which) => new Leave(which)),
        fc.constantFrom(1, 50, 999, 1_000, 5_000, 20_000, 60_000).map((ms) => new Tick(ms)),
      ],
      { maxCommands: 100, size: 'max' },
    );
    const reached = new Set<string>();
    await fc.assert(
      fc.asyncProperty(commands, async (steps) => {
        const clock = manualClock();
        const store = memoryStore();
        const { size, timeout, ...limits } = RULES;
        const limiter = rateLimit({ ...limits, queue: { size, timeout }, pace: false });
        const real: Real = {
          limiter,
          store,
          clock,
          sent: [],
          outcomes: new Map(),
          answers: new Map(),
          controllers: new Map(),
          reached,
        };
        const model: Model = { reference: new Reference(RULES, clock.now()), coming: 0 };
        await fc.asyncModelRun(() => ({ model, real }), steps);
        await allEnds(model, real);
      }),
      { numRuns: 300 },
    );
    expect([...reached].sort()).toEqual(['aborted', 'deadline', 'over_limit', 'queue_full', 'queue_timeout']);
  });
});

/** When everything has ended nobody is lost, and after a minute of rest every bucket is full and every place free. */
async function allEnds(model: Model, real: Real): Promise<void> {
  for (let rounds = 0; rounds < 30 && (model.reference.running.size > 0 || model.reference.queue.length > 0); rounds++) {
    if (model.reference.running.size > 0) await new End(0, 1).run(model, real);
    else await new Tick(60_000).run(model, real);
  }
  expect(real.outcomes.size).toBe(model.coming);
  await new Tick(180_000).run(model, real);
  const { clock, store } = real;
  const context = { clock, report: () => {} };
  for (const [name, perMinute] of [
    ['requests', RULES.requestsPerMinute],
    ['tokens', RULES.tokensPerMinute],
  ] as const) {
    const rule = { capacity: perMinute, refillPerSecond: perMinute / 60 };
    expect(store.buckets.take(`rateLimit:${name}:${KEY}`, rule, 0, context)).toMatchObject({ left: perMinute });
  }
  const places = Array.from({ length: RULES.concurrency + 1 }, () =>
    store.slots.take(`rateLimit:${KEY}`, RULES.concurrency, 1, context),
  );
  expect(places.filter((place) => place !== undefined)).toHaveLength(RULES.concurrency);
}
