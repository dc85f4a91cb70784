import type { Call } from '../../contract/call.ts';
import type { BreakerState } from '../../contract/events.ts';
import { CircuitOpenError } from '../../errors/policy-errors.ts';
import type { Clock } from '../../time/clock.ts';
import type { Engine, EngineStart, Thresholds } from './engine.ts';
import { createEngine } from './engine.ts';
import type { Verdict } from './verdict.ts';

export interface CircuitOptions extends Thresholds {
  /** Milliseconds that the first opening lasts; each further one in a row lasts twice as long. */
  readonly openFor: number;
}

/** Leave to send one attempt. It holds for the state it was given in: who comes back later decides nothing. */
export interface Permit {
  readonly trial: boolean;
  /** When a trial that has not settled is taken for lost. */
  readonly expires: number;
}

/** A circuit as it stands, for dashboards and tests. */
export interface CircuitSnapshot {
  readonly key: string;
  readonly state: BreakerState;
  /** When the next trial is let through, in milliseconds since the epoch; while `open` only. */
  readonly trialAt?: number;
}

type State =
  | { readonly is: 'closed'; readonly engine: Engine; readonly permit: Permit; readonly since: number }
  | { readonly is: 'open'; readonly until: number; readonly why: string }
  | { readonly is: 'half-open'; readonly engine: Engine; trial: Permit | undefined };

const LONGEST_OPEN = 300_000;
const LONGEST_ASKED = 900_000;
const LONGEST_TRIAL = 600_000;

/** The circuit of one target: closed, open for a while, then one trial at a time until one of them decides. */
export class Circuit {
  readonly key: string;
  readonly #options: CircuitOptions;
  #state: State;
  #openingsInARow = 0;
  #lastOpenFor = 0;
  #askedUntil = 0;

  constructor(key: string, options: CircuitOptions, clock: Clock) {
    this.key = key;
    this.#options = options;
    this.#state = closed(this.#engine('closed', clock), clock);
  }

  /** `undefined`: do not send. Otherwise to be settled when the attempt has really ended. */
  admit(call: Call): Permit | undefined {
    let state = this.#state;
    if (state.is === 'closed') return state.permit;
    const now = call.clock.now();
    if (state.is === 'open') {
      if (now < state.until) return undefined;
      state = { is: 'half-open', engine: this.#engine('half-open', call.clock), trial: undefined };
      this.#enter(state, call);
    }
    if (state.trial !== undefined && now < state.trial.expires) return undefined;
    state.trial = { trial: true, expires: now + Math.min(call.limits.attempt, LONGEST_TRIAL) };
    return state.trial;
  }

  /** @param retryAfterMs how long the failing provider asked to be left alone. */
  settle(permit: Permit, verdict: Verdict, call: Call, retryAfterMs = 0): void {
    const state = this.#state;
    if (state.is === 'open' || permit !== (state.is === 'closed' ? state.permit : state.trial)) return;
    if (state.is === 'half-open') state.trial = undefined;
    if (verdict === 'neutral') return;
    const tripped = state.engine.record(verdict, call.clock);
    if (verdict === 'success') {
      this.#askedUntil = 0;
      if (state.is === 'half-open') this.#enter(closed(state.engine, call.clock), call);
      return;
    }
    const now = call.clock.now();
    this.#askedUntil = Math.max(this.#askedUntil, now + Math.min(retryAfterMs, LONGEST_ASKED));
    if (tripped) this.#open(state, call, now);
  }

  /** Why `admit` said no. */
  refusal(call: Call): CircuitOpenError {
    const state = this.#state;
    const { provider, model } = call.target;
    return state.is === 'open'
      ? new CircuitOpenError({
          message: `${state.why}; nothing is sent before the next trial`,
          retryAfterMs: Math.max(0, Math.ceil(state.until - call.clock.now())),
          provider,
          model,
        })
      : new CircuitOpenError({
          message: 'a trial is under way; nothing else is sent until it has ended',
          retryAfterMs: this.#options.openFor,
          provider,
          model,
        });
  }

  snapshot(): CircuitSnapshot {
    const state = this.#state;
    return { key: this.key, state: state.is, ...(state.is === 'open' ? { trialAt: state.until } : {}) };
  }

  /** Calls that are still under way settle without effect. */
  dispose(): void {
    if (this.#state.is !== 'open') this.#state.engine.dispose();
    this.#state = { is: 'open', until: Number.POSITIVE_INFINITY, why: 'the breaker was closed down' };
  }

  #open(from: Exclude<State, { is: 'open' }>, call: Call, now: number): void {
    const { calls, failures } = from.engine.counts();
    from.engine.dispose();
    const { openFor, window } = this.#options;
    const calm = from.is === 'closed' && now - from.since >= Math.max(window, this.#lastOpenFor);
    if (calm) this.#openingsInARow = 0;
    const longest = Math.max(LONGEST_OPEN, openFor);
    const spread = 0.8 + 0.4 * call.clock.random();
    const openForMs = Math.max(Math.min(longest, openFor * 2 ** this.#openingsInARow) * spread, this.#askedUntil - now);
    this.#openingsInARow++;
    this.#lastOpenFor = openForMs;
    const why = from.is === 'closed' ? `${failures} of ${calls} calls failed` : 'the trial failed';
    this.#enter({ is: 'open', until: now + openForMs, why }, call, openForMs);
  }

  #enter(state: State, { report, target }: Call, openForMs?: number): void {
    const from = this.#state.is;
    this.#state = state;
    report({
      type: 'breaker-changed',
      key: this.key,
      target,
      from,
      to: state.is,
      ...(openForMs === undefined ? {} : { openForMs }),
    });
  }

  #engine(start: EngineStart, clock: Clock): Engine {
    return createEngine(this.key, start, this.#options, clock);
  }
}

function closed(engine: Engine, clock: Clock): State {
  return { is: 'closed', engine, permit: { trial: false, expires: Number.POSITIVE_INFINITY }, since: clock.now() };
}
