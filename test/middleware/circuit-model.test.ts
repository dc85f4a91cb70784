import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/contract/call.ts';
import type { CircuitOptions, Permit } from '../../src/middleware/circuit-breaker/circuit.ts';
import { Circuit } from '../../src/middleware/circuit-breaker/circuit.ts';
import type { Verdict } from '../../src/middleware/circuit-breaker/verdict.ts';
import { callOf } from '../support/call.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { manualClock } from '../support/manual-clock.ts';

const OPTIONS: CircuitOptions = { failureRate: 0.5, minCalls: 3, window: 1_000, openFor: 200 };
const BUCKET = OPTIONS.window / 10;
const ATTEMPT = 5_000;

/** What a breaker is, said as plainly as possible: a list of outcomes, a moment, a trial. */
class Reference {
  state: 'closed' | 'open' | 'half-open' = 'closed';
  era = 0;
  outcomes: { readonly bucket: number; readonly failed: boolean }[] = [];
  origin: number;
  since: number;
  until = 0;
  trial: { readonly expires: number } | undefined;
  openings = 0;
  lastOpenFor = 0;

  constructor(now: number) {
    this.origin = now;
    this.since = now;
  }

  admit(now: number): { readonly era: number; readonly trial?: object } | undefined {
    if (this.state === 'open' && now >= this.until) {
      this.#become('half-open');
      this.origin = now;
      this.outcomes = [];
      this.trial = undefined;
    }
    if (this.state === 'closed') return { era: this.era };
    if (this.state === 'open' || (this.trial !== undefined && now < this.trial.expires)) return undefined;
    this.trial = { expires: now + ATTEMPT };
    return { era: this.era, trial: this.trial };
  }

  settle(permit: { readonly era: number; readonly trial?: object }, verdict: Verdict, now: number): void {
    if (permit.era !== this.era || (this.state === 'half-open' && permit.trial !== this.trial)) return;
    this.trial = undefined;
    if (verdict === 'neutral') return;
    const bucket = Math.floor((now - this.origin) / BUCKET);
    this.outcomes.push({ bucket, failed: verdict === 'failure' });
    if (this.state === 'half-open') {
      if (verdict === 'failure') return this.#open(now);
      this.#become('closed');
      this.since = now;
      return;
    }
    const counted = this.outcomes.filter((outcome) => outcome.bucket > bucket - 10);
    const failed = counted.filter((outcome) => outcome.failed).length;
    if (verdict === 'failure' && counted.length >= OPTIONS.minCalls && failed / counted.length > OPTIONS.failureRate)
      this.#open(now);
  }

  #open(now: number): void {
    if (this.state === 'closed' && now - this.since >= Math.max(OPTIONS.window, this.lastOpenFor)) this.openings = 0;
    this.lastOpenFor = Math.min(300_000, OPTIONS.openFor * 2 ** this.openings++);
    this.until = now + this.lastOpenFor;
    this.#become('open');
  }

  #become(state: 'closed' | 'open' | 'half-open'): void {
    this.state = state;
    this.era++;
  }
}

interface Model {
  readonly reference: Reference;
  readonly held: ({ readonly era: number; readonly trial?: object } | undefined)[];
}

interface Real {
  readonly circuit: Circuit;
  readonly clock: ManualClock;
  readonly call: Call;
  readonly held: (Permit | undefined)[];
}

type Step = fc.Command<Model, Real>;

const compare = (model: Model, real: Real): void => {
  const { reference } = model;
  const trialAt = reference.state === 'open' ? { trialAt: reference.until } : {};
  expect(real.circuit.snapshot()).toEqual({ key: 'demo', state: reference.state, ...trialAt });
};

class Admit implements Step {
  check = () => true;
  run(model: Model, real: Real): void {
    const expected = model.reference.admit(real.clock.now());
    const permit = real.circuit.admit(real.call);
    expect(permit !== undefined).toBe(expected !== undefined);
    if (permit === undefined) expect(real.circuit.refusal(real.call).retryAfterMs).toBeGreaterThanOrEqual(0);
    model.held.push(expected);
    real.held.push(permit);
    compare(model, real);
  }
  toString = () => 'admit';
}

class Settle implements Step {
  readonly #which: number;
  readonly #verdict: Verdict;
  constructor(which: number, verdict: Verdict) {
    this.#which = which;
    this.#verdict = verdict;
  }
  check = (model: Readonly<Model>) => model.held.some((permit) => permit !== undefined);
  run(model: Model, real: Real): void {
    const open = [...model.held.keys()].filter((i) => model.held[i] !== undefined);
    const at = open[this.#which % open.length] ?? 0;
    const [expected, permit] = [model.held[at], real.held[at]];
    model.held[at] = undefined;
    real.held[at] = undefined;
    if (expected === undefined || permit === undefined) throw new Error('the two differ in what they admitted');
    model.reference.settle(expected, this.#verdict, real.clock.now());
    real.circuit.settle(permit, this.#verdict, real.call);
    compare(model, real);
  }
  toString = () => `${this.#verdict}(${this.#which})`;
}

class Tick implements Step {
  readonly #ms: number;
  constructor(ms: number) {
    this.#ms = ms;
  }
  check = () => true;
  run(model: Model, real: Real): void {
    real.clock.tick(this.#ms);
    compare(model, real);
  }
  toString = () => `tick(${this.#ms})`;
}

describe('a circuit', () => {
  it('behaves like the plain reference, whatever happens in whatever order', () => {
    const settle = fc.tuple(fc.nat({ max: 20 }), fc.constantFrom<Verdict>('success', 'failure', 'failure', 'neutral'));
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
    const reached = new Set<string>();
    fc.assert(
      fc.property(commands, (steps) => {
        const clock = manualClock();
        const limits = { connect: 1, firstToken: 1, idle: 1, attempt: ATTEMPT };
        const call = callOf(
          'chat',
          { messages: [] },
          {
            clock,
            limits,
            report: (event) => {
              if (event.type === 'breaker-changed') reached.add(`${event.from} → ${event.to}`);
            },
          },
        );
        const setup = () => ({
          model: { reference: new Reference(clock.now()), held: [] },
          real: { circuit: new Circuit('demo', OPTIONS, clock), clock, call, held: [] },
        });
        fc.modelRun(setup, steps);
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 300 },
    );
    expect([...reached].sort()).toEqual(['closed → open', 'half-open → closed', 'half-open → open', 'open → half-open']);
  });
});
