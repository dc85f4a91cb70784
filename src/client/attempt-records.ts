import type { Call, Target } from '../contract/call.ts';
import type { Settlement } from '../contract/stream.ts';
import { ChunkStream } from '../contract/stream.ts';
import type { Attempt } from '../errors/attempt.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { AbortError } from '../errors/wire-errors.ts';
import { nextTurn } from '../time/turn.ts';

/** An attempt that has begun and not yet ended. */
export interface OpenAttempt {
  readonly target: Target;
  /** Absent where nothing was to be sent. */
  readonly call?: Call | undefined;
  readonly number: number;
  readonly startedAt: number;
  readonly waitedMs: number;
}

/** What is known of an answer when an attempt succeeds. */
export interface AnswerMarks {
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
}

/** The attempt as it is told when it ends, or has its first content. */
export function listed(open: OpenAttempt, now: number, outcome: Attempt['outcome'], marks: AnswerMarks): Attempt {
  const attempt: { -readonly [K in keyof Attempt]: Attempt[K] } = {
    provider: open.target.provider,
    model: open.target.model,
    number: open.number,
    startedAt: open.startedAt,
    durationMs: now - open.startedAt,
    waitedMs: open.waitedMs,
    outcome,
  };
  if (marks.status !== undefined) attempt.status = marks.status;
  if (marks.requestId !== undefined) attempt.requestId = marks.requestId;
  return attempt;
}

/** The attempt as a failure. */
export function amended(attempt: Attempt, error: LLMError): Attempt {
  const { status, requestID, retryAfterMs } = error;
  return withError(
    {
      ...attempt,
      outcome: error.kind,
      ...(status === undefined ? {} : { status }),
      ...(requestID === undefined || requestID === null ? {} : { requestId: requestID }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    },
    error,
  );
}

/** The caller's own signal ended the call. */
export function aborted({ target: { provider, model }, signal }: Pick<Call, 'target' | 'signal'>): AbortError {
  return new AbortError({ message: 'the signal given to the call was aborted', provider, model, cause: signal?.reason });
}

/**
 * The failure in the end of a result. A reader who leaves a stream has what it wanted; a signal gives it up: the caller's, or one that
 * a layer has put in its place.
 */
export function failureIn(settlement: Settlement, call: Call, caller?: AbortSignal): LLMError | undefined {
  if (settlement !== 'abandoned') return settlement === 'success' ? undefined : settlement;
  const signal = caller?.aborted === true ? caller : call.signal;
  return signal?.aborted === true ? aborted({ target: call.target, signal }) : undefined;
}

/** A result that the call does not need: of a stream nothing more is taken, unless a layer begins to read it. */
export function letGo(result: object): void {
  if (!(result instanceof ChunkStream)) return;
  void nextTurn().then(() => {
    if (!result.consumed) result.cancel();
  });
}

/** Not enumerable: attempts are logged and sent as JSON. */
export const withError = (attempt: Attempt, error: LLMError): Attempt =>
  Object.defineProperty(attempt, 'error', { value: error, enumerable: false, configurable: true });

/** Whether the provider was at work on the prompt when an attempt without an answer ended. */
export const wasAtWork = (error: LLMError): boolean =>
  error.kind === 'aborted' || (error.kind === 'timeout' && error.phase !== 'connect' && error.phase !== 'server');

/** Errors that are raised before anything was sent use up no attempt. */
export const wasSent = ({ kind, headers }: LLMError): boolean =>
  kind !== 'configuration' && kind !== 'unsupported_operation' && !(kind === 'unsupported_params' && headers === undefined);

/** The call has used up its attempts: what the last one failed with, where that is known. */
export function exhausted(attempts: readonly Attempt[], most: number, { provider, model }: Target): Error {
  const last = attempts.findLast((attempt) => attempt.error !== undefined)?.error;
  if (last !== undefined) return last;
  return new ConfigurationError({
    message: `maxAttempts: ${most} attempts were made in one call; raise the client's maxAttempts to allow more`,
    provider,
    model,
    code: 'max_attempts',
    param: 'maxAttempts',
  });
}

/** Tells the layers that keep an account of their own. */
export function tell({ onAttempt }: Call, attempt: Attempt): void {
  try {
    onAttempt?.(attempt);
  } catch {
    // a layer that stumbles over its own account does not change the call
  }
}
