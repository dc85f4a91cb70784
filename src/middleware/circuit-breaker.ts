import * as z from 'zod/mini';
import type { Call, OperationName, ResultOf, Trail } from '../contract/call.ts';
import { callback, checkOptions, storeOption } from '../contract/check-options.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import type {
  CircuitAdmission,
  CircuitChange,
  CircuitPermit,
  CircuitRefusal,
  CircuitRule,
  CircuitSnapshot,
  CircuitVerdict,
  MaybePromise,
  Store,
} from '../contract/store.ts';
import { whenSettled } from '../contract/stream.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { CircuitOpenError } from '../errors/policy-errors.ts';
import { isFailure } from './circuit-breaker/is-failure.ts';
import type { CircuitName } from './circuit-breaker/own-circuits.ts';
import { OwnCircuits } from './circuit-breaker/own-circuits.ts';

/** When a target is left alone, and for how long. */
export interface CircuitBreakerOptions {
  /** Opens when more than this share of the counted calls failed: at least 0, below 1. Looked at after each failure. Default 0.6. */
  readonly failureRate?: number | undefined;
  /** Stays closed on fewer completed calls than this. Default 10. */
  readonly minCalls?: number | undefined;
  /**
   * How far back completed calls count, in milliseconds. Where more than 300 of them fit in, older ones do not: they would only
   * delay what the newest 300 already tell. Default 30 000.
   */
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
  /** Where circuits are kept. Default: the client's store. */
  readonly store?: Store | undefined;
  /**
   * Breakers with the same name, numbers and store share the circuits of equal keys, over clients and processes. Default: the
   * name of the function `isFailure`, so that breakers which judge differently are apart.
   */
  readonly name?: string | undefined;
}

/** The layer, with a look inside. */
export interface CircuitBreaker extends Middleware {
  /** Every circuit of this breaker, the longest unused first; one in a store that other processes use too as it was last seen here. */
  readonly snapshot: () => readonly CircuitSnapshot[];
  /** Forgets all circuits in memory. Those in a store that was given to a client stay when that client is closed. */
  close(staying?: Store): void;
}

const RATE = 'a share of at least 0 and below 1';
const POSITIVE = 'a number of milliseconds > 0';
const AT_LEAST_ONE = 'a whole number ≥ 1';

const schema = z.strictObject({
  failureRate: z._default(z.number(RATE).check(z.gte(0, RATE), z.lt(1, RATE)), 0.6),
  minCalls: z._default(z.int(AT_LEAST_ONE).check(z.gte(1, AT_LEAST_ONE)), 10),
  window: z._default(z.number(POSITIVE).check(z.gt(0, POSITIVE)), 30_000),
  openFor: z._default(z.number(POSITIVE).check(z.gt(0, POSITIVE)), 5_000),
  key: z.optional(callback<(call: Call) => string>()),
  isFailure: z.optional(callback<(error: LLMError) => boolean>()),
  store: z.optional(storeOption),
  name: z.optional(z.string()),
});

/** So many tell a rate of 0.5 from one above 0.6; fewer open at 0.5 by chance now and then. */
const ENOUGH_CALLS = 300;
const LONGEST_TRIAL = 600_000;

/** An attempt that was let through. */
interface Passage {
  readonly store: Store;
  readonly name: CircuitName;
  readonly permit: CircuitPermit;
  readonly call: Call;
}

/** Who lets a call's trial through: a second breaker of the same circuit beneath the first one must not refuse it. */
const trials = new WeakMap<Trail, { readonly id: string; readonly breaker: unknown }>();

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
  const { failureRate, minCalls, window, openFor, ...given } = checkOptions(schema, options, 'circuitBreaker');
  const enoughCalls = Math.max(ENOUGH_CALLS, minCalls);
  const rule: CircuitRule = { failureRate, minCalls, windowMs: window, enoughCalls, openForMs: openFor };
  const { name: ownName = given.isFailure?.name ?? '' } = given;
  const circuits = new OwnCircuits(`${ownName}(${failureRate},${minCalls},${window},${openFor}):`, given.key, given.store);
  const speaksAgainst = given.isFailure ?? isFailure;

  function verdictOn(outcome: unknown, { permit, call }: Passage): CircuitVerdict {
    if (outcome === 'success') return 'success';
    if (outcome === 'abandoned') return permit.trial ? 'success' : 'neutral';
    if (!isLLMError(outcome)) return 'neutral';
    try {
      return speaksAgainst(outcome) ? 'failure' : 'neutral';
    } catch (thrown) {
      const message = `circuitBreaker.isFailure threw (${String(thrown)}); the ${outcome.kind} error was not counted`;
      call.report({ type: 'warning', target: call.target, message });
      return 'neutral';
    }
  }

  function settle(passage: Passage, outcome: unknown): MaybePromise<void> {
    const { store, name, permit, call } = passage;
    if (permit.trial && trials.get(call.trail)?.breaker === circuitBreaker) trials.delete(call.trail);
    const verdict = verdictOn(outcome, passage);
    const retryAfterMs = (verdict === 'failure' && (outcome as LLMError).retryAfterMs) || 0;
    const changed = store.circuits.settle(name.id, rule, permit, verdict, retryAfterMs, call);
    if (changed instanceof Promise) return changed.then((change) => tell(passage, change));
    tell(passage, changed);
  }

  function circuitBreaker<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    // Out of time before it began: its failure would say nothing about the target.
    if (call.deadline !== Number.POSITIVE_INFINITY && call.clock.now() >= call.deadline) return next(call);
    const store = circuits.storeFor(call);
    const name = circuits.nameOf(call);
    const admit = (): MaybePromise<CircuitAdmission> =>
      store.circuits.admit(name.id, rule, Math.min(call.limits.attempt, LONGEST_TRIAL), call);
    const streams = call.operation === 'stream' || call.operation === 'completeStream';
    const prepared = streams ? store.circuits.prepare?.() : undefined;
    const admission = prepared instanceof Promise ? prepared.then(admit) : admit();
    return admission instanceof Promise
      ? admission.then((admission) => admitted(admission, store, name, call, next))
      : admitted(admission, store, name, call, next);
  }

  function admitted<K extends OperationName>(
    admission: CircuitAdmission,
    store: Store,
    name: CircuitName,
    call: Call<K>,
    next: Next,
  ): Promise<ResultOf<K>> {
    const { permit } = admission;
    if (permit === undefined) {
      const held = trials.get(call.trail);
      if (held?.id === name.id && held.breaker !== circuitBreaker) return next(call);
      return Promise.reject(refused(call, admission.refusal));
    }
    if (permit.trial) trials.set(call.trail, { id: name.id, breaker: circuitBreaker });
    const passage = { store, name, permit, call };
    const broken = async (error: unknown): Promise<never> => {
      await settle(passage, error);
      throw error;
    };
    try {
      tell(passage, admission.changed);
    } catch (error) {
      return broken(error);
    }
    return next(call).then((result) => {
      whenSettled(result, (outcome) => {
        const told = settle(passage, outcome);
        if (told instanceof Promise) told.catch(() => {});
      });
      return result;
    }, broken);
  }

  return Object.assign(circuitBreaker, {
    snapshot: () => circuits.snapshot(),
    close: (staying?: Store) => circuits.forget(staying),
  });
}

function tell({ name: { key }, call: { report, target } }: Passage, changed: CircuitChange | undefined): void {
  if (changed !== undefined) report({ type: 'breaker-changed', key, target, ...changed });
}

function refused(call: Call, { state, retryAfterMs, calls, failures }: CircuitRefusal): CircuitOpenError {
  const { provider, model } = call.target;
  const why = calls === 0 ? 'the trial failed' : `${failures} of ${calls} calls failed`;
  const message =
    state === 'open'
      ? `${why}; nothing is sent before the next trial`
      : 'a trial is under way; nothing else is sent until it has ended';
  const error = new CircuitOpenError({ message, retryAfterMs, provider, model });
  call.report({ type: 'skipped', target: call.target, reason: 'circuit_open', error });
  return error;
}
