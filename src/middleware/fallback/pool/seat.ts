import type { LLMError } from '../../../errors/catalogue.ts';
import type { ErrorKind } from '../../../errors/kinds.ts';

const FIRST_REST = 1_000;
const LONGEST_REST = 30_000;
/** Of what a provider may ask for. */
const LONGEST_ASKED = 300_000;

/** What a pool counts of one member. */
export class Seat {
  readonly weight: number;
  inFlight = 0;
  /** Milliseconds since the epoch; 0 while it does not rest. */
  restsUntil = 0;
  /** Its account in the smooth round robin. */
  credit = 0;
  /** When it is taken again where nothing else decides. */
  turn = 0;
  #failures = 0;

  constructor(weight: number) {
    this.weight = weight;
  }

  failed(error: LLMError, now: number): void {
    if (OF_THE_CALL.has(error.kind) || (error.kind === 'timeout' && error.phase === 'deadline')) return;
    const rest = Math.min(LONGEST_REST, FIRST_REST * 2 ** Math.min(this.#failures++, 30));
    this.restsUntil = Math.max(this.restsUntil, now + Math.max(rest, Math.min(error.retryAfterMs ?? 0, LONGEST_ASKED)));
  }

  recovered(): void {
    this.#failures = 0;
    this.restsUntil = 0;
  }
}

/** Failures that would be the same at every member, or that its caller is the reason of. */
const OF_THE_CALL: ReadonlySet<ErrorKind> = new Set([
  'aborted',
  'bad_request',
  'budget_exceeded',
  'conflict',
  'content_policy_violation',
  'context_window_exceeded',
  'request_too_large',
  'unprocessable_entity',
  'unsupported_operation',
  'unsupported_params',
]);
