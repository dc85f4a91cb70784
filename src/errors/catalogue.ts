import type { ErrorKind } from './kinds.ts';
import type { ErrorInit, ErrorJSON } from './llm-error.ts';
import { BRAND } from './llm-error.ts';
import { BudgetExceededError, CircuitOpenError } from './policy-errors.ts';
import {
  AuthenticationError,
  BadRequestError,
  ConflictError,
  ContentPolicyViolationError,
  ContextWindowExceededError,
  InsufficientCreditsError,
  InternalServerError,
  NotFoundError,
  OutOfMemoryError,
  PermissionDeniedError,
  RateLimitError,
  RequestTooLargeError,
  ServiceUnavailableError,
  UnprocessableEntityError,
  UnsupportedParamsError,
} from './provider-errors.ts';
import { ConfigurationError, UnsupportedOperationError } from './setup-errors.ts';
import { AbortError, APIConnectionError, ResponseValidationError, StreamInterruptedError, TimeoutError } from './wire-errors.ts';

/**
 * Any error of the library. A class with subclasses appears with its own kind only,
 * so that `switch (error.kind)` narrows to one class per case and can be exhaustive.
 */
export type LLMError =
  | (BadRequestError & { readonly kind: 'bad_request' })
  | ContextWindowExceededError
  | ContentPolicyViolationError
  | UnsupportedParamsError
  | RequestTooLargeError
  | AuthenticationError
  | PermissionDeniedError
  | NotFoundError
  | ConflictError
  | UnprocessableEntityError
  | (RateLimitError & { readonly kind: 'rate_limit' })
  | InsufficientCreditsError
  | (InternalServerError & { readonly kind: 'internal_server' })
  | ServiceUnavailableError
  | OutOfMemoryError
  | (APIConnectionError & { readonly kind: 'connection' })
  | TimeoutError
  | StreamInterruptedError
  | CircuitOpenError
  | ResponseValidationError
  | BudgetExceededError
  | AbortError
  | UnsupportedOperationError
  | ConfigurationError;

/** The error of one kind: `LLMErrorOf<'rate_limit'>`. */
export type LLMErrorOf<K extends ErrorKind> = Extract<LLMError, { readonly kind: K }>;

const CLASSES: { readonly [K in ErrorKind]: new (init: never) => unknown } = {
  bad_request: BadRequestError,
  context_window_exceeded: ContextWindowExceededError,
  content_policy_violation: ContentPolicyViolationError,
  unsupported_params: UnsupportedParamsError,
  request_too_large: RequestTooLargeError,
  authentication: AuthenticationError,
  permission_denied: PermissionDeniedError,
  not_found: NotFoundError,
  conflict: ConflictError,
  unprocessable_entity: UnprocessableEntityError,
  rate_limit: RateLimitError,
  insufficient_credits: InsufficientCreditsError,
  internal_server: InternalServerError,
  service_unavailable: ServiceUnavailableError,
  out_of_memory: OutOfMemoryError,
  connection: APIConnectionError,
  timeout: TimeoutError,
  stream_interrupted: StreamInterruptedError,
  circuit_open: CircuitOpenError,
  response_validation: ResponseValidationError,
  budget_exceeded: BudgetExceededError,
  aborted: AbortError,
  unsupported_operation: UnsupportedOperationError,
  configuration: ConfigurationError,
};

/** Makes the error of a kind. `init` carries the kind's own fields too (`phase`, `partial`, `fieldErrors`). */
export function errorOf(kind: ErrorKind, init: ErrorInit & Readonly<Record<string, unknown>>): LLMError {
  const withDefaults = {
    ...init,
    ...(kind === 'timeout' && init.phase === undefined ? { phase: 'server' } : {}),
    ...(kind === 'stream_interrupted' && init.partial === undefined ? { partial: EMPTY_PARTIAL } : {}),
  };
  return new CLASSES[kind](withDefaults as never) as LLMError;
}

const EMPTY_PARTIAL = { content: '', reasoning_content: '', tool_calls: [], chunks: 0 } as const;

/**
 * Whether a caught value is an error of this library, optionally of certain kinds.
 * Works across copies and module systems, where `instanceof` cannot.
 *
 * @example
 * if (isLLMError(e, 'rate_limit', 'service_unavailable')) await queue.later(job, e.retryAfterMs);
 */
export function isLLMError(value: unknown): value is LLMError;
export function isLLMError<K extends ErrorKind>(value: unknown, ...kinds: K[]): value is LLMErrorOf<K>;
export function isLLMError(value: unknown, ...kinds: ErrorKind[]): boolean {
  if (typeof value !== 'object' || value === null || !(BRAND in value)) return false;
  return kinds.length === 0 || kinds.includes((value as unknown as LLMError).kind);
}

/**
 * Restores an error from its JSON, for worker threads and queues. The class, the facts and the message are those of the original;
 * headers, the provider's body, `cause` and the attempts' own errors do not travel.
 *
 * @throws ConfigurationError when the value is not the JSON of an error of this library.
 */
export function errorFromJSON(json: unknown): LLMError {
  const kind = (json as ErrorJSON | null)?.kind;
  if (typeof json !== 'object' || kind === undefined || !Object.hasOwn(CLASSES, kind)) {
    throw new ConfigurationError({
      message: 'errorFromJSON expects what toJSON() of an LLM error returned: an object with a known "kind"',
    });
  }
  const { reason, message, ...facts } = json as ErrorJSON;
  const error = errorOf(kind, { ...facts, message: typeof reason === 'string' ? reason : '' });
  Object.defineProperty(error, 'message', { value: String(message), enumerable: false, configurable: true, writable: true });
  return error;
}
