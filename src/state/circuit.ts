import type { CircuitAdmission, CircuitChange, CircuitPermit, CircuitRule, CircuitVerdict } from '../contract/store.ts';
import type { Clock } from '../time/clock.ts';
import { CalmWindow } from './calm-window.ts';
import type { createEngine, Engine } from './circuit-engine.ts';

/** Makes the machine that decides; loaded with the first failure. */
export type MakeEngine = typeof createEngine;

/** A permit of a circuit in memory. */
export class MemoryPermit implements CircuitPermit {
  readonly circuit: Circuit;
  readonly trial: boolean;
  /** When a trial that has not settled is taken for lost. */
  readonly expires: number;

  constructor(circuit: Circuit, trial: boolean, expires: number) {
    this.circuit = circuit;
    this.trial = trial;
    this.expires = expires;
  }
}

type State =
  | {
      readonly is: 'closed';
      engine: Engine | CalmWindow;
      readonly admission: { readonly permit: MemoryPermit };
      readonly since: number;
    }
  | { readonly is: 'open'; readonly until: number; readonly calls: number; readonly failures: number }
  | { readonly is: 'half-open'; engine: Engine; trial: MemoryPermit | undefined };

export const LONGEST_OPEN = 300_000;
export const LONGEST_ASKED = 900_000;

/** The circuit of one target: closed, open for a while, then one trial at a time until one of them decides. */
export class Circuit {
  readonly #key: string;
  readonly #rule: CircuitRule;
  #state: State;
  #openingsInARow = 0;
  #lastOpenFor = 0;
  #askedUntil = 0;
  #makeEngine: MakeEngine | undefined;

  constructor(key: string, rule: CircuitRule, clock: Clock) {
    this.#key = key;
    this.#rule = rule;
    this.#state = this.#closed(new CalmWindow(rule.windowMs, clock), clock);
  }

  get state(): 'closed' | 'open' | 'half-open' {
    return this.#state.is;
  }

  get trialAt(): number | undefined {
    return this.#state.is === 'open' ? this.#state.until : undefined;
  }

  admit(leaseMs: number, clock: Clock): CircuitAdmission {
    const state = this.#state;
    if (state.is === 'closed') return state.admission;
    const now = clock.now();
    const expires = now + leaseMs;
    if (state.is === 'half-open') {
      if (state.trial !== undefined && now < state.trial.expires) {
        return { refusal: { state: 'half-open', retryAfterMs: this.#rule.openForMs, calls: 0, failures: 0 } };
      }
      state.trial = new MemoryPermit(this, true, expires);
      return { permit: state.trial };
    }
    if (now < state.until) {
      const { until, calls, failures } = state;
      return { refusal: { state: 'open', retryAfterMs: Math.ceil(until - now), calls, failures } };
    }
    const permit = new MemoryPermit(this, true, expires);
    // what was open has seen a failure
    const engine = (this.#makeEngine as MakeEngine)(this.#key, 'half-open', this.#rule, clock);
    const changed = this.#enter({ is: 'half-open', engine, trial: permit });
    return { permit, changed };
  }

  /** @param makeEngine needed for a failure. */
  settle(
    permit: CircuitPermit,
    verdict: CircuitVerdict,
    retryAfterMs: number,
    clock: Clock,
    makeEngine?: MakeEngine,
  ): CircuitChange | undefined {
    const state = this.#state;
    if (state.is === 'open' || permit !== (state.is === 'closed' ? state.admission.permit : state.trial)) return;
    if (state.is === 'half-open') state.trial = undefined;
    if (verdict === 'neutral') return;
    this.#makeEngine ??= makeEngine;
    if (verdict === 'success') {
      this.#askedUntil = 0;
      if (state.engine instanceof CalmWindow) state.engine.record(clock);
      else state.engine.record('success', clock);
      return state.is === 'half-open' ? this.#enter(this.#closed(state.engine, clock)) : undefined;
    }
    if (state.engine instanceof CalmWindow) {
      state.engine = (this.#makeEngine as MakeEngine)(this.#key, state.engine, this.#rule, clock);
    }
    const tripped = state.engine.record('failure', clock);
    const now = clock.now();
    this.#askedUntil = Math.max(this.#askedUntil, now + Math.min(retryAfterMs, LONGEST_ASKED));
    return tripped ? this.#open(state, now, clock) : undefined;
  }

  /** What is still under way settles without effect. */
  dispose(): void {
    const state = this.#state;
    if (state.is !== 'open' && !(state.engine instanceof CalmWindow)) state.engine.dispose();
    this.#state = { is: 'open', until: Number.POSITIVE_INFINITY, ...NONE };
  }

  #open(from: Exclude<State, { is: 'open' }>, now: number, clock: Clock): CircuitChange {
    const engine = from.engine as Engine;
    const counted = from.is === 'closed' ? engine.counts() : NONE;
    engine.dispose();
    const { openForMs: first, windowMs } = this.#rule;
    const calm = from.is === 'closed' && now - from.since >= Math.max(windowMs, this.#lastOpenFor);
    if (calm) this.#openingsInARow = 0;
    const longest = Math.max(LONGEST_OPEN, first);
    const spread = 0.8 + 0.4 * clock.random();
    const openForMs = Math.max(Math.min(longest, first * 2 ** this.#openingsInARow) * spread, this.#askedUntil - now);
    this.#openingsInARow++;
    this.#lastOpenFor = openForMs;
    return this.#enter({ is: 'open', until: now + openForMs, ...counted }, openForMs);
  }

  #enter(state: State, openForMs?: number): CircuitChange {
    const from = this.#state.is;
    this.#state = state;
    return { from, to: state.is, ...(openForMs === undefined ? {} : { openForMs }) };
  }

  #closed(engine: Engine | CalmWindow, clock: Clock): State {
    return {
      is: 'closed',
      engine,
      admission: { permit: new MemoryPermit(this, false, Number.POSITIVE_INFINITY) },
      since: clock.now(),
    };
  }
}

const NONE = { calls: 0, failures: 0 };
