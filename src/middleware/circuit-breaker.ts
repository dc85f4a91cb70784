import * as z from 'zod/mini';
import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import { callback, checkOptions } from '../contract/check-options.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import type { Settlement } from '../contract/stream.ts';
import { whenSettled } from '../contract/stream.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import type { CircuitOptions, CircuitSnapshot, Permit } from './circuit-breaker/circuit.ts';
import { Circuit } from './circuit-breaker/circuit.ts';
import { isFailure } from './circuit-breaker/verdict.ts';

export type { CircuitSnapshot } from './circuit-breaker/circuit.ts';

/** When a target is left alone, and for how long. */
export interface CircuitBreakerOptions {
  /** Opens when more than this share of the counted calls failed: at least 0, below 1. Looked at after each failure. Default 0.6. */
  readonly failureRate?: number | undefined;
  /** Stays closed on fewer completed calls than this. Default 10. */
  readonly minCalls?: number | undefined;
  /** How far back completed calls count, in milliseconds. Default 30 000. */
  readonly window?: number | undefined;
  /**
   * Milliseconds until the first trial; doubled for every opening in a row up to 300 000, ±20 %. A longer Retry-After wins, up to
   * 15 minutes. Starts anew once the circuit has stayed closed for `window` and for as long as it was last open. Default 5 000.
   */
  readonly openFor?: number | undefined;
  /** Calls with the same key share a circuit. Default: provider, base URL and model. */
  readonly key?: ((call: Call) => string) | undefined;
  /**
   * Whether a failure speaks against the target; `false` counts for nothing, neither way. Default: connection failures, timeouts,
   * 5xx, broken streams and answers outside the protocol; not throttling, quota, keys, bad requests, filters or aborts.
   */
  readonly isFailure?: ((error: LLMError) => boolean) | undefined;
}

/** The layer, with a look inside. */
export interface CircuitBreaker extends Middleware {
  /** Every circuit that is kept, the longest unused first. */
  readonly snapshot: () => readonly CircuitSnapshot[];
  /** Forgets all circuits. */
  close(): void;
}

const RATE = 'a share of at least 0 and below 1';
const POSITIVE = 'a number of milliseconds > 0';
const AT_LEAST_ONE = 'a whole number ≥ 1';

const schema = z.strictObject({
  failureRate: z._default(z.number(RATE).check(z.gte(0, RATE), z.lt(1, RATE)), 0.6),
  minCalls: z._default(z.int(AT_LEAST_ONE).check(z.gte(1, AT_LEAST_ONE)), 10),
  window: z._default(z.number(POSITIVE).check(z.gt(0, POSITIVE)), 30_000),
  openFor: z._default(z.number(POSITIVE).check(z.gt(0, POSITIVE)), 5_000),
  key: z._default(callback<(call: Call) => string>(), () => keyOfTarget),
  isFailure: z._default(callback<(error: LLMError) => boolean>(), () => isFailure),
});

const MOST_CIRCUITS = 1_000;

/**
 * Stops asking a target that keeps failing: calls to it reject with `CircuitOpenError`, nothing is sent, and a `fallback` around it
 * moves on at once. After a while one call goes through as a trial; its outcome closes the circuit or opens it for longer.
 *
 * An attempt counts when it has ended, a stream at the end of its bytes. One that its reader leaves early counts for nothing;
 * as a trial it is a success, for its content had begun to flow.
 *
 * @throws ConfigurationError when an option is wrong.
 * @example
 * const breaker = circuitBreaker({ failureRate: 0.5, minCalls: 20 });
 * createClient({ use: [retry(), breaker] });
 * breaker.snapshot(); // [{ key: 'anthropic/claude-sonnet-4-5', state: 'closed' }]
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  const { key: keyOf, isFailure, ...settings } = checkOptions(schema, options, 'circuitBreaker');
  const circuits = new Circuits(settings);

  function settle(circuit: Circuit, permit: Permit, call: Call, outcome: Settlement): void {
    if (outcome === 'success') circuit.settle(permit, 'success', call);
    else if (outcome === 'abandoned') circuit.settle(permit, permit.trial ? 'success' : 'neutral', call);
    else circuit.settle(permit, verdictOf(outcome, call), call, outcome.retryAfterMs);
  }

  function verdictOf(error: LLMError, call: Call): 'failure' | 'neutral' {
    try {
      return isFailure(error) ? 'failure' : 'neutral';
    } catch (thrown) {
      const message = `circuitBreaker.isFailure threw (${String(thrown)}); the ${error.kind} error was not counted`;
      call.report({ type: 'warning', target: call.target, message });
      return 'neutral';
    }
  }

  async function circuitBreaker<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    // Out of time before it began: its failure would say nothing about the target.
    if (call.deadline !== Number.POSITIVE_INFINITY && call.clock.now() >= call.deadline) return next(call);
    const circuit = circuits.of(keyOf(call), call);
    const permit = circuit.admit(call);
    if (permit === undefined) {
      const error = circuit.refusal(call);
      call.report({ type: 'skipped', target: call.target, reason: 'circuit_open', error });
      throw error;
    }
    let result: ResultOf<K>;
    try {
      result = await next(call);
    } catch (error) {
      if (isLLMError(error)) settle(circuit, permit, call, error);
      else circuit.settle(permit, 'neutral', call);
      throw error;
    }
    whenSettled(result, (outcome) => settle(circuit, permit, call, outcome));
    return result;
  }

  return Object.assign(circuitBreaker, { snapshot: () => circuits.snapshot(), close: () => circuits.close() });
}

function keyOfTarget({ target: { provider, model, baseURL } }: Call): string {
  return baseURL === '' ? `${provider}/${model}` : `${provider}/${model} at ${baseURL}`;
}

/** The circuits by key, the longest unused first; beyond the bound that one is given up. */
class Circuits {
  readonly #options: CircuitOptions;
  readonly #byKey = new Map<string, Circuit>();
  #latest: Circuit | undefined;

  constructor(options: CircuitOptions) {
    this.#options = options;
  }

  of(key: string, { clock }: Call): Circuit {
    if (this.#latest?.key === key) return this.#latest;
    const circuit = this.#byKey.get(key) ?? new Circuit(key, this.#options, clock);
    this.#byKey.delete(key);
    this.#byKey.set(key, circuit);
    this.#latest = circuit;
    if (this.#byKey.size > MOST_CIRCUITS) this.#dropOldest();
    return circuit;
  }

  snapshot(): CircuitSnapshot[] {
    return [...this.#byKey.values()].map((circuit) => circuit.snapshot());
  }

  close(): void {
    for (const circuit of this.#byKey.values()) circuit.dispose();
    this.#byKey.clear();
    this.#latest = undefined;
  }

  #dropOldest(): void {
    for (const [key, circuit] of this.#byKey) {
      circuit.dispose();
      this.#byKey.delete(key);
      return;
    }
  }
}
