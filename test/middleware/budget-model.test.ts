import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCatalogue } from '../../src/catalogue/catalogue.ts';
import type { Call } from '../../src/contract/call.ts';
import type { Next } from '../../src/contract/middleware.ts';
import { isLLMError } from '../../src/errors/catalogue.ts';
import type { Budget } from '../../src/middleware/budget.ts';
import { budget } from '../../src/middleware/budget.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import { callOf } from '../support/call.ts';
import { failure, replyOf } from '../support/layered.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { manualClock } from '../support/manual-clock.ts';

const LIMIT = 500;
const WINDOW = 1_000;
const AROUND = 7;
/** A dollar for every token, of prompt or answer. */
const catalogue = createCatalogue({ 'openai/gpt-own': { prices: { input: 1_000_000, output: 1_000_000 } } });

interface Held {
  readonly key: string;
  readonly reserved: number;
  readonly ends: number;
}

/** What a budget is, said as plainly as possible: for each key a sum and the end of its window. */
class Reference {
  readonly accounts = new Map<string, { spent: number; ends: number }>();
  usual: number | undefined;

  spent(key: string, now: number): number {
    const account = this.accounts.get(key);
    return account === undefined || account.ends <= now ? 0 : account.spent;
  }

  add(key: string, amount: number, now: number): number {
    if (this.spent(key, now) === 0 && (this.accounts.get(key)?.ends ?? 0) <= now) {
      if (amount <= 0) return now + WINDOW;
      this.accounts.set(key, { spent: 0, ends: now + WINDOW });
    }
    const account = this.accounts.get(key) ?? { spent: 0, ends: now };
    account.spent = Math.max(0, account.spent + amount);
    return account.ends;
  }

  begin(key: string, prompt: number, most: number, now: number): Held | undefined {
    const reserved = prompt + Math.min(Math.ceil(this.usual ?? most), most);
    if (this.spent(key, now) + reserved > LIMIT) return undefined;
    return { key, reserved, ends: this.add(key, reserved, now) };
  }

  end({ key, reserved, ends }: Held, cost: number, answer: number | undefined, now: number): void {
    if (answer !== undefined) this.usual = this.usual === undefined ? answer : this.usual + (answer - this.usual) * 0.2;
    const difference = cost - reserved;
    const amount = now >= ends ? Math.max(0, difference) : difference;
    if (amount !== 0) this.add(key, amount, now);
  }
}

interface Model {
  readonly reference: Reference;
  readonly held: { readonly prompt: number; readonly hold: Held }[];
}

interface Real {
  readonly layer: Budget;
  readonly clock: ManualClock;
  readonly store: ReturnType<typeof memoryStore>;
  readonly held: Running[];
}

interface Running {
  readonly call: Call;
  finish(outcome: 'answer' | 'refused' | 'broken', answer: number): Promise<void>;
}

type Step = fc.AsyncCommand<Model, Real>;

const KEYS = ['a', 'b'];

async function compare({ reference }: Model, { layer, clock }: Real): Promise<void> {
  for (const key of KEYS) {
    expect((await layer.spent(key)).costUSD?.spent).toBeCloseTo(reference.spent(key, clock.now()), 6);
  }
}

class Begin implements Step {
  readonly #key: string;
  readonly #prompt: number;
  readonly #most: number;
  constructor(key: string, prompt: number, most: number) {
    this.#key = key;
    this.#prompt = prompt;
    this.#most = most;
  }
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    const expected = model.reference.begin(this.#key, this.#prompt, this.#most, real.clock.now());
    const content = 'word '.repeat(this.#prompt - AROUND).trim();
    const call = callOf(
      'chat',
      { messages: [{ role: 'user', content }], max_tokens: this.#most },
      { model: 'gpt-own', clock: real.clock, store: real.store, catalogue: () => catalogue, metadata: { key: this.#key } },
    );
    const started = await start(real.layer, call, this.#prompt);
    expect(started !== undefined).toBe(expected !== undefined);
    if (started !== undefined && expected !== undefined) {
      real.held.push(started);
      model.held.push({ prompt: this.#prompt, hold: expected });
    }
    await compare(model, real);
  }
  toString = () => `begin(${this.#key}, ${this.#prompt}, ${this.#most})`;
}

/** A call that has reached the provider, or `undefined` when the budget refused it. */
async function start(layer: Budget, call: Call<'chat'>, prompt: number): Promise<Running | undefined> {
  let settle: ((result: unknown) => void) | undefined;
  let under: Call | undefined;
  const next = ((beneath: Call) => {
    under = beneath;
    return new Promise((resolve, reject) => {
      settle = (result) => (result instanceof Error ? reject(result) : resolve(result));
    });
  }) as unknown as Next;
  const done = layer(call, next).then(
    () => undefined,
    (error: unknown) => error,
  );
  const refused = await Promise.race([done, new Promise((resolve) => setImmediate(resolve))]);
  if (isLLMError(refused, 'budget_exceeded')) return undefined;
  return {
    call,
    async finish(outcome, answer) {
      const usage = { prompt_tokens: prompt, completion_tokens: answer, total_tokens: prompt + answer };
      const facts = { provider: 'openai', model: 'gpt-own', number: 1, startedAt: 0, durationMs: 0, waitedMs: 0 };
      if (outcome === 'answer') under?.onAttempt?.({ ...facts, outcome: 'success', usage, costUSD: prompt + answer });
      if (outcome === 'refused') under?.onAttempt?.({ ...facts, outcome: 'rate_limit' });
      if (outcome === 'broken') under?.onAttempt?.({ ...facts, outcome: 'stream_interrupted', usage, costUSD: prompt + answer });
      settle?.(outcome === 'answer' ? replyOf('gpt-own') : failure(outcome === 'refused' ? 'rate_limit' : 'stream_interrupted'));
      await done;
    },
  };
}

class End implements Step {
  readonly #which: number;
  readonly #outcome: 'answer' | 'refused' | 'broken';
  readonly #answer: number;
  constructor(which: number, outcome: 'answer' | 'refused' | 'broken', answer: number) {
    this.#which = which;
    this.#outcome = outcome;
    this.#answer = answer;
  }
  check = ({ held }: Readonly<Model>) => held.length > 0;
  async run(model: Model, real: Real): Promise<void> {
    const at = this.#which % model.held.length;
    const [expected] = model.held.splice(at, 1);
    const [running] = real.held.splice(at, 1);
    if (expected === undefined || running === undefined) throw new Error('the two differ in what is under way');
    const cost = this.#outcome === 'refused' ? 0 : expected.prompt + this.#answer;
    const learned = this.#outcome === 'answer' ? this.#answer : undefined;
    model.reference.end(expected.hold, cost, learned, real.clock.now());
    await running.finish(this.#outcome, this.#answer);
    await compare(model, real);
  }
  toString = () => `${this.#outcome}(${this.#which}, ${this.#answer})`;
}

class Tick implements Step {
  readonly #ms: number;
  constructor(ms: number) {
    this.#ms = ms;
  }
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    real.clock.tick(this.#ms);
    await compare(model, real);
  }
  toString = () => `tick(${this.#ms})`;
}

describe('a budget', () => {
  it('behaves like the plain reference, whatever begins and ends in whatever order', async () => {
    const tokens = fc.integer({ min: AROUND + 1, max: 150 });
    const begin = fc.tuple(fc.constantFrom(...KEYS), tokens, tokens).map(([key, prompt, most]) => new Begin(key, prompt, most));
    const end = fc
      .tuple(fc.nat({ max: 20 }), fc.constantFrom('answer', 'answer', 'refused', 'broken'), fc.integer({ min: 0, max: 200 }))
      .map(([which, outcome, answer]) => new End(which, outcome as 'answer', answer));
    const tick = fc.constantFrom(1, 100, 500, 999, 1_000, 2_500).map((ms) => new Tick(ms));
    await fc.assert(
      fc.asyncProperty(fc.commands([begin, begin, end, end, tick], { maxCommands: 60, size: 'max' }), async (commands) => {
        const clock = manualClock();
        const layer = budget({ maxCostUSD: LIMIT, window: WINDOW, key: (call) => String(call.metadata.key) });
        const setup = () => ({
          model: { reference: new Reference(), held: [] },
          real: { layer, clock, store: memoryStore(), held: [] },
        });
        await fc.asyncModelRun(setup, commands);
      }),
      { numRuns: 150 },
    );
  });
});
