import type { TimeoutPhase } from './kinds.ts';
import type { ErrorInit } from './llm-error.ts';
import { stamp } from './llm-error.ts';
import { APIErrorBase, ConnectionBase, ConnectionTimeoutBase, UserAbortBase } from './openai-bases.ts';

/** What a broken stream had delivered. Tool calls in it are incomplete and must not be run. */
export interface PartialOutput {
  readonly content: string;
  readonly reasoning_content: string;
  readonly tool_calls: readonly PartialToolCall[];
  /** Token usage, if the provider had reported it. */
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };
  /** How many chunks the reader was given. */
  readonly chunks: number;
}

/** A tool call whose `arguments` may be cut anywhere. */
export interface PartialToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

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
  /** What a stream had delivered before it fell silent. */
  readonly partial?: PartialOutput;

  constructor(init: ErrorInit & { readonly phase: TimeoutPhase; readonly partial?: PartialOutput | undefined }) {
    super({ message: init.message });
    this.phase = init.phase;
    if (init.partial !== undefined) this.partial = init.partial;
    stamp(this, 'TimeoutError', 'timeout', { ...init, retryable: init.retryable ?? init.phase !== 'deadline' });
  }
}

/** A stream broke after content had been handed out; `partial` holds everything received. */
export class StreamInterruptedError extends APIConnectionError {
  declare readonly kind: 'stream_interrupted';
  readonly partial: PartialOutput;

  constructor(init: ErrorInit & { readonly partial: PartialOutput }) {
    super(init);
    this.partial = init.partial;
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
