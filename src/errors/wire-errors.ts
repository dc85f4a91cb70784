import type { TimeoutPhase } from './kinds.ts';
import type { ErrorInit } from './llm-error.ts';
import { stamp } from './llm-error.ts';
import { APIErrorBase, ConnectionBase, ConnectionTimeoutBase, UserAbortBase } from './openai-bases.ts';
import type { PartialOutput } from './partial.ts';

/** No usable answer came: refused, reset, DNS, TLS, an empty or cut body. */
export class APIConnectionError extends ConnectionBase {
  declare readonly kind: 'connection' | 'stream_interrupted' | 'circuit_open' | 'budget_exceeded';

  constructor(init: ErrorInit) {
    super({ message: init.message });
    stamp(this, 'APIConnectionError', 'connection', init);
  }
}

/** A limit ran out; `phase` says which. Retryable, except for `deadline`, which is the limit of the whole call. */
export class TimeoutError extends ConnectionTimeoutBase {
  declare readonly kind: 'timeout';
  readonly phase: TimeoutPhase;

  constructor(init: ErrorInit & { readonly phase: TimeoutPhase }) {
    super({ message: init.message });
    this.phase = init.phase;
    stamp(this, 'TimeoutError', 'timeout', { ...init, retryable: init.retryable ?? init.phase !== 'deadline' });
  }
}

/** A stream broke after content had been handed out; `partial` holds everything received. */
export class StreamInterruptedError extends APIConnectionError {
  declare readonly kind: 'stream_interrupted';
  declare readonly partial: PartialOutput;

  constructor(init: ErrorInit & { readonly partial: PartialOutput }) {
    super(init);
    stamp(this, 'StreamInterruptedError', 'stream_interrupted', init);
  }
}

/** The caller's own signal ended the call; `cause` is the signal's reason. */
export class AbortError extends UserAbortBase {
  declare readonly kind: 'aborted';

  constructor(init: ErrorInit) {
    super({ message: init.message });
    stamp(this, 'AbortError', 'aborted', init);
  }
}

/**
 * The answer is not what the protocol promises: HTML with status 200, JSON of another shape,
 * or output that does not match the schema given to `.parse()`.
 */
export class ResponseValidationError extends APIErrorBase {
  declare readonly kind: 'response_validation';

  constructor(init: ErrorInit) {
    super(init.status, undefined, init.message, init.headers);
    stamp(this, 'ResponseValidationError', 'response_validation', init);
  }
}
