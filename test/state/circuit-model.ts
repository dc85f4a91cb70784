import fc from 'fast-check';
import { expect } from 'vitest';
import type { BreakerState, CallEvent } from '../../src/contract/events.ts';
import type { CircuitChange, CircuitPermit, CircuitRule, CircuitVerdict, Store, StoreContext } from '../../src/contract/store.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { manualClock } from '../support/manual-clock.ts';

const RULE: CircuitRule = { failureRate: 0.5, minCalls: 3, windowMs: 1_000, enoughCalls: 5, openForMs: 200 };
const BUCKET = RULE.windowMs / 10;
const LEASE = 5_000;

/** What a breaker is, said as plainly as possible: a list of outcomes, a moment, a trial. */
class Reference {
  state: BreakerState = 'closed';
  era = 0;
  outcomes: { readonly bucket: number; readonly failed: boolean }[] = [];
  since: number;
  until = 0;
  trial: { readonly expires: number } | undefined;
  openings = 0;
  lastOpenFor = 0;

  constructor(now: number) {
    this.since = now;
  }

  admit(now: number): { readonly era: number; readonly trial?: object } | undefined {
    if (this.state === 'open' && now >= this.until) {
      this.#become('half-open');
      this.outcomes = [];
      this.trial = undefined;
    }
    if (this.state === 'closed') return { era: this.era };
    if (this.state === 'open' || (this.trial !== undefined && now < this.trial.expires)) return undefined;
    this.trial = { expires: now + LEASE };
    return { era: this.era, trial: this.trial };
  }

  settle(permit: { readonly era: number; readonly trial?: object }, verdict: CircuitVerdict, now: number): void {
    if (permit.era !== this.era || (this.state === 'half-open' && permit.trial !== this.trial)) return;
    this.trial = undefined;
    if (verdict === 'neutral') return;
    const bucket = Math.floor(now / BUCKET);
    this.outcomes.push({ bucket, failed: verdict === 'failure' });
    if (this.state === 'half-open') {
      if (verdict === 'failure') return this.#open(now);
      this.#become('closed');
      this.since = now;
      return;
    }
    const newerThan = (step: number): number => this.outcomes.filter((outcome) => outcome.bucket > step).length;
    const counted = this.outcomes.filter((outcome) => {
      return outcome.bucket > bucket - 10 && newerThan(outcome.bucket) < RULE.enoughCalls;
    });
    const failed = counted.filter((outcome) => outcome.failed).length;
    if (verdict === 'failure' && counted.length >= RULE.minCalls && failed / counted.length > RULE.failureRate) this.#open(now);
  }

  #open(now: number): void {
    if (this.state === 'closed' && now - this.since >= Math.max(RULE.windowMs, this.lastOpenFor)) this.openings = 0;
    this.lastOpenFor = Math.min(300_000, RULE.openForMs * 2 ** this.openings++);
    this.until = now + this.lastOpenFor;
    this.#become('open');
  }

  #become(state: BreakerState): void {
    this.state = state;
    this.era++;
  }
}

interface Model {
  readonly reference: Reference;
  readonly held: ({ readonly era: number; readonly trial?: object } | undefined)[];
}

interface Real {
  readonly store: Store;
  readonly key: string;
  readonly context: StoreContext & { readonly clock: ManualClock };
  readonly held: (CircuitPermit | undefined)[];
  /** Every change that was told. */
  readonly changes: Set<string>;
}

type Step = fc.AsyncCommand<Model, Real>;

function compare({ reference }: Model, { store, key }: Real): void {
  const trialAt = reference.state === 'open' ? { trialAt: reference.until } : {};
  expect(store.circuits.known(key)).toEqual([{ key, state: reference.state, ...trialAt }]);
}

class Admit implements Step {
  check = () => true;
  async run(model: Model, real: Real): Promise<void> {
    const now = real.context.clock.now();
    const before = model.reference.state;
    const expected = model.reference.admit(now);
    const admission = await real.store.circuits.admit(real.key, RULE, LEASE, real.context);
    expect(admission.permit !== undefined).toBe(expected !== undefined);
    if (admission.permit === undefined) {
      const { state, until } = model.reference;
      const retryAfterMs = state === 'open' ? until - now : RULE.openForMs;
      expect(admission.refusal).toMatchObject({ state, retryAfterMs });
    } else {
      expect(admission.permit.trial).toBe(expected?.trial !== undefined);
      told(admission.changed, before, model, real);
    }
    model.held.push(expected);
    real.held.push(admission.permit);
    compare(model, real);
  }
  toString = () => 'admit';
}

class Settle implements Step {
  readonly #which: number;
  readonly #verdict: CircuitVerdict;
  constructor(which: number, verdict: CircuitVerdict) {
    this.#which = which;
    this.#verdict = verdict;
  }
  check = (model: Readonly<Model>) => model.held.some((permit) => permit !== undefined);
  async run(model: Model, real: Real): Promise<void> {
    const open = [...model.held.keys()].filter((i) => model.held[i] !== undefined);
    const at = open[this.#which % open.length] ?? 0;
    const [expected, permit] = [model.held[at], real.held[at]];
    model.held[at] = undefined;
    real.held[at] = undefined;
    if (expected === undefined || permit === undefined) throw new Error('the two differ in what they admitted');
    const before = model.reference.state;
    model.reference.settle(expected, this.#verdict, real.context.clock.now());
    told(await real.store.circuits.settle(real.key, RULE, permit, this.#verdict, 0, real.context), before, model, real);
    compare(model, real);
  }
  toString = () => `${this.#verdict}(${this.#which})`;
}

/** A change is told by the step that makes it, and by no other. */
function told(changed: CircuitChange | undefined, before: BreakerState, { reference }: Model, { changes }: Real): void {
  if (before === reference.state) return expect(changed).toBeUndefined();
  const openForMs = reference.state === 'open' ? { openForMs: reference.lastOpenFor } : {};
  expect(changed).toEqual({ from: before, to: reference.state, ...openForMs });
  changes.add(`${before} → ${reference.state}`);
}

class Tick implements Step {
  readonly #ms: number;
  constructor(ms: number) {
    this.#ms = ms;
  }
  check = () => true;
  run(_model: Model, { context }: Real): Promise<void> {
    context.clock.tick(this.#ms);
    return Promise.resolve();
  }
  toString = () => `tick(${this.#ms})`;
}

/** Runs circuits of a store against the plain reference, whatever happens in whatever order. Resolves to the changes that were seen. */
export async function runCircuitModel(store: Store, numRuns: number): Promise<string[]> {
  const settle = fc.tuple(fc.nat({ max: 20 }), fc.constantFrom<CircuitVerdict>('success', 'failure', 'failure', 'neutral'));
  const commands = fc.commands(
    [
      fc.constant(new Admit()),
      fc.constant(new Admit()),
      settle.map(([which, verdict]) => new Settle(which, verdict)),
      settle.map(([which, verdict]) => new Settle(which, verdict)),
      fc.constantFrom(1, 50, 100, 199, 200, 400, 999, 1_000, 5_000).map((ms) => new Tick(ms)),
    ],
    { maxCommands: 120, size: 'max' },
  );
  const changes = new Set<string>();
  const events: CallEvent[] = [];
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(commands, async (steps) => {
      const clock = manualClock();
      const key = `model-${runs++}/`;
      const setup = () => ({
        model: { reference: new Reference(clock.now()), held: [] },
        real: { store, key, context: { clock, report: (event: CallEvent) => events.push(event) }, held: [], changes },
      });
      await fc.asyncModelRun(setup, steps);
      expect(clock.pending).toBe(0);
    }),
    { numRuns },
  );
  expect(events).toEqual([]);
  return [...changes].sort();
}
