import type { Call } from '../../contract/call.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { AbortError, TimeoutError } from '../../errors/wire-errors.ts';
import type { Stop } from './chain.ts';
import { nameOf } from './chain.ts';

/** The chains that one call may move along. */
export interface Ways {
  readonly general: readonly Stop[];
  readonly contextWindow: readonly Stop[] | undefined;
  readonly contentPolicy: readonly Stop[] | undefined;
  readonly when: (error: LLMError, call: Call) => boolean;
}

/** The way of one call from target to target. Made at its first failure, never shared. */
export class Route {
  readonly #ways: Ways;
  readonly #asked = new Set<string>();
  /** Names of models that were too small, without their hosts: the same model is no larger elsewhere. */
  readonly #tooSmall = new Set<string>();
  #ahead: readonly Stop[];

  constructor(ways: Ways) {
    this.#ways = ways;
    this.#ahead = ways.general;
  }

  /**
   * Where to go after `call` failed with `error`; `undefined` when the way ends here.
   *
   * @throws AbortError or TimeoutError (`deadline`) when the caller or the clock has ended the call.
   */
  after(error: LLMError, call: Call): Stop | undefined {
    const isPrimary = this.#asked.size === 0;
    this.#asked.add(nameOf(call.target));
    if (endsTheCall(error)) throw error;
    if (!this.#movesOn(error, call)) return undefined;
    const next = this.#nextStop(call);
    const skipped = SKIPPED[error.kind];
    if (skipped !== undefined && (next !== undefined || !isPrimary)) {
      const { report, target } = call;
      report({ type: 'skipped', target, reason: skipped, error });
      report({ type: 'warning', target, message: `${nameOf(target)} was skipped: ${error.reason}` });
    }
    if (next === undefined) return undefined;
    refuseWhenOver(error, call);
    if (call.trail.attemptsLeft <= 0) {
      call.report({ type: 'skipped', target: next.target, reason: 'attempts' });
      return undefined;
    }
    call.report({ type: 'fallback', from: call.target, to: next.target, error });
    return next;
  }

  #movesOn(error: LLMError, call: Call): boolean {
    const { contextWindow, contentPolicy, when } = this.#ways;
    if (SKIPPED[error.kind] !== undefined) return true;
    if (error.kind === 'context_window_exceeded') {
      if (contextWindow === undefined) {
        this.#tooSmall.add(familiarName(call.target.model));
        return when(error, call);
      }
      this.#ahead = contextWindow;
      return true;
    }
    if (error.kind === 'content_policy_violation') {
      if (contentPolicy === undefined) return false;
      this.#ahead = contentPolicy;
      return true;
    }
    return when(error, call);
  }

  #nextStop(call: Call): Stop | undefined {
    for (const stop of this.#ahead) {
      const name = nameOf(stop.target);
      if (this.#asked.has(name)) continue;
      if (!this.#tooSmall.has(familiarName(stop.target.model))) return stop;
      this.#asked.add(name);
      call.report({ type: 'skipped', target: stop.target, reason: 'too_small' });
    }
    return undefined;
  }
}

/** Whether an error moves a call on unless the user says otherwise: not when the same request would fail the same way elsewhere. */
export function movesOnByDefault(error: LLMError): boolean {
  return !STAYS.has(error.kind);
}

const STAYS: ReadonlySet<ErrorKind> = new Set([
  'bad_request',
  'unprocessable_entity',
  'authentication',
  'permission_denied',
  'aborted',
]);

/** Failures of a target that was never asked. */
const SKIPPED: { readonly [K in ErrorKind]?: 'configuration' | 'unsupported' } = {
  configuration: 'configuration',
  unsupported_params: 'unsupported',
  unsupported_operation: 'unsupported',
};

function endsTheCall(error: LLMError): boolean {
  return error.kind === 'aborted' || (error.kind === 'timeout' && error.phase === 'deadline');
}

function refuseWhenOver(error: LLMError, { signal, clock, deadline, target: { provider, model } }: Call): void {
  if (signal?.aborted) {
    throw new AbortError({ message: 'before the next target was asked', provider, model, cause: signal.reason });
  }
  if (clock.now() >= deadline) {
    const message = 'the deadline of the call has passed before the next target was asked';
    throw new TimeoutError({ message, phase: 'deadline', provider, model, cause: error });
  }
}

/** `anthropic/claude-sonnet-4-5` on a gateway is the `claude-sonnet-4-5` of its maker. */
function familiarName(model: string): string {
  return model.slice(model.lastIndexOf('/') + 1).toLowerCase();
}
