import type { ErrorKind } from './kinds.ts';

/** Token counts of an answer, in openai's shape. Embeddings and rerankers count no answer. */
export interface TokenCounts {
  readonly prompt_tokens: number;
  readonly completion_tokens?: number | undefined;
  readonly total_tokens?: number | undefined;
  /** Inside `prompt_tokens`. */
  readonly prompt_tokens_details?:
    | { readonly cached_tokens?: number; readonly cache_write_tokens?: number; readonly audio_tokens?: number }
    | undefined;
  /** Inside `completion_tokens`. */
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number; readonly audio_tokens?: number } | undefined;
}

/**
 * One try of one target within a call: what was asked, how it ended and how long it took.
 * A target that its circuit breaker refused, or that is cooling down, is listed too, with outcome `circuit_open` and a duration of 0;
 * an attempt that another one beside it overtook has the outcome `aborted`.
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
  /**
   * `success`, or the kind of the error. A stream that its reader leaves after the first content (`break`, `controller.abort()`) is a
   * success; one that the signal of the call ends is `aborted`, though the loop ends silently.
   */
  readonly outcome: 'success' | ErrorKind;
  /** HTTP status of the answer, if there was one. */
  readonly status?: number;
  /** The provider's id for the request, if it sent one. */
  readonly requestId?: string;
  /** What the provider counted; a stream's when it has ended. */
  readonly usage?: TokenCounts;
  /** US dollars by the model catalogue; absent where usage or price is unknown. */
  readonly costUSD?: number;
  /**
   * `usage` and `costUSD` are estimated from the prompt and what had come of the answer: it ended early (broken, left by its
   * reader, aborted, out of time), and the provider told no counts.
   */
  readonly estimated?: true;
  /** How long the provider asked to be left alone, in milliseconds. */
  readonly retryAfterMs?: number;
  /** The failure itself; absent in JSON. */
  readonly error?: Error;
}
