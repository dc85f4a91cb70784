import type { Call, Target } from '../contract/call.ts';
import type { Attempt } from '../errors/attempt.ts';
import type { LLMError } from '../errors/catalogue.ts';

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

/** Not enumerable: attempts are logged and sent as JSON. */
export const withError = (attempt: Attempt, error: LLMError): Attempt =>
  Object.defineProperty(attempt, 'error', { value: error, enumerable: false, configurable: true });

/** Whether the provider was at work on the prompt when an attempt without an answer ended. */
export const wasAtWork = (error: LLMError): boolean =>
  error.kind === 'aborted' || (error.kind === 'timeout' && error.phase !== 'connect' && error.phase !== 'server');

/** Errors that are raised before anything was sent use up no attempt. */
export const wasSent = ({ kind, headers }: LLMError): boolean =>
  kind !== 'configuration' && kind !== 'unsupported_operation' && !(kind === 'unsupported_params' && headers === undefined);
