import type { ErrorKind } from './kinds.ts';

/**
 * One try of one target within a call: what was asked, how it ended and how long it took.
 * A target that its circuit breaker refused is listed too, with outcome `circuit_open` and a duration of 0.
 */
export interface Attempt {
  /** Provider id, for example `anthropic`. */
  readonly provider: string;
  /** Model name without the provider prefix. */
  readonly model: string;
  /** Position in the whole call, over all targets, counted from 1. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds from the start to the outcome; for a stream to its first content. */
  readonly durationMs: number;
  /** Milliseconds waited before this attempt began (backoff or Retry-After). */
  readonly waitedMs: number;
  /** `success`, or the kind of the error. */
  readonly outcome: 'success' | ErrorKind;
  /** HTTP status of the answer, if there was one. */
  readonly status?: number;
  /** The provider's id for the request, if it sent one. */
  readonly requestId?: string;
  /** How long the provider asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The failure itself; absent in JSON. */
  readonly error?: Error;
}
