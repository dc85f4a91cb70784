import type { ErrorInit } from './llm-error.ts';
import { stamp } from './llm-error.ts';
import {
  AuthenticationBase,
  BadRequestBase,
  ConflictBase,
  InternalServerBase,
  NotFoundBase,
  PermissionDeniedBase,
  RateLimitBase,
  UnprocessableEntityBase,
} from './openai-bases.ts';

/** The provider refuses the request as it stands (400, 501, other 4xx). Repeating it gives the same answer. */
export class BadRequestError extends BadRequestBase {
  declare readonly kind:
    | 'bad_request'
    | 'context_window_exceeded'
    | 'content_policy_violation'
    | 'unsupported_params'
    | 'request_too_large';

  constructor(init: ErrorInit) {
    super(init.status, undefined, init.message, init.headers);
    stamp(this, 'BadRequestError', 'bad_request', init);
  }
}

/** The prompt does not fit the model, whatever status the provider gave it. A `fallback` moves it to a larger model. */
export class ContextWindowExceededError extends BadRequestError {
  declare readonly kind: 'context_window_exceeded';

  constructor(init: ErrorInit) {
    super(init);
    stamp(this, 'ContextWindowExceededError', 'context_window_exceeded', init);
  }
}

/** A safety filter stopped the prompt or the whole answer; `details` holds the verdicts that the provider gave. */
export class ContentPolicyViolationError extends BadRequestError {
  declare readonly kind: 'content_policy_violation';

  constructor(init: ErrorInit) {
    super(init);
    stamp(this, 'ContentPolicyViolationError', 'content_policy_violation', init);
  }
}

/** The provider has no such parameter; `param` names it. Raised before any request unless `unsupportedParams: 'drop'`. */
export class UnsupportedParamsError extends BadRequestError {
  declare readonly kind: 'unsupported_params';

  constructor(init: ErrorInit) {
    super(init);
    stamp(this, 'UnsupportedParamsError', 'unsupported_params', init);
  }
}

/** The body is larger than the provider accepts (413). Not the same as a prompt with too many tokens. */
export class RequestTooLargeError extends BadRequestError {
  declare readonly kind: 'request_too_large';

  constructor(init: ErrorInit) {
    super(init);
    stamp(this, 'RequestTooLargeError', 'request_too_large', init);
  }
}

/** The key is missing, wrong or expired (401). */
export class AuthenticationError extends AuthenticationBase {
  declare readonly kind: 'authentication';

  constructor(init: ErrorInit) {
    super(init.status, undefined, init.message, init.headers);
    stamp(this, 'AuthenticationError', 'authentication', init);
  }
}

/** The key is valid but may not do this: region, plan, role or network policy (403). */
export class PermissionDeniedError extends PermissionDeniedBase {
  declare readonly kind: 'permission_denied';

  constructor(init: ErrorInit) {
    super(init.status, undefined, init.message, init.headers);
    stamp(this, 'PermissionDeniedError', 'permission_denied', init);
  }
}

/** The model or route does not exist, is retired or is not served under this name (404, 410). */
export class NotFoundError extends NotFoundBase {
  declare readonly kind: 'not_found';

  constructor(init: ErrorInit) {
    super(init.status, undefined, init.message, init.headers);
    stamp(this, 'NotFoundError', 'not_found', init);
  }
}

/** Another request is in the way (409). Retryable only when the provider says so. */
export class ConflictError extends ConflictBase {
  declare readonly kind: 'conflict';

  constructor(init: ErrorInit) {
    super(init.status, undefined, init.message, init.headers);
    stamp(this, 'ConflictError', 'conflict', init);
  }
}

/** One field that the provider found wrong. */
export interface FieldError {
  /** Path of the field, for example `messages.0.content`. */
  readonly path: string;
  readonly message: string;
}

/** The request is well formed but wrong in its content (422); `fieldErrors` lists what the provider named. */
export class UnprocessableEntityError extends UnprocessableEntityBase {
  declare readonly kind: 'unprocessable_entity';
  readonly fieldErrors: readonly FieldError[];

  constructor(init: ErrorInit & { readonly fieldErrors?: readonly FieldError[] | undefined }) {
    super(init.status, undefined, init.message, init.headers);
    this.fieldErrors = init.fieldErrors ?? [];
    stamp(this, 'UnprocessableEntityError', 'unprocessable_entity', init);
  }
}

/** Too many requests or tokens for now (429). Retryable after `retryAfterMs`, unless the window is an hour or more. */
export class RateLimitError extends RateLimitBase {
  declare readonly kind: 'rate_limit' | 'insufficient_credits';

  constructor(init: ErrorInit) {
    super(init.status, undefined, init.message, init.headers);
    stamp(this, 'RateLimitError', 'rate_limit', init);
  }
}

/** Money or plan is exhausted, whatever the status (402, 403, 429 …). Waiting does not help. */
export class InsufficientCreditsError extends RateLimitError {
  declare readonly kind: 'insufficient_credits';

  constructor(init: ErrorInit) {
    super(init);
    stamp(this, 'InsufficientCreditsError', 'insufficient_credits', init);
  }
}

/** The provider failed on its side (500). */
export class InternalServerError extends InternalServerBase {
  declare readonly kind: 'internal_server' | 'service_unavailable' | 'out_of_memory';

  constructor(init: ErrorInit) {
    super(init.status, undefined, init.message, init.headers);
    stamp(this, 'InternalServerError', 'internal_server', init);
  }
}

/** The provider is overloaded, loading or unreachable behind its gateway (502, 503, 520–523, 529). */
export class ServiceUnavailableError extends InternalServerError {
  declare readonly kind: 'service_unavailable';

  constructor(init: ErrorInit) {
    super(init);
    stamp(this, 'ServiceUnavailableError', 'service_unavailable', init);
  }
}

/** The model server has no memory for this request (507). */
export class OutOfMemoryError extends InternalServerError {
  declare readonly kind: 'out_of_memory';

  constructor(init: ErrorInit) {
    super(init);
    stamp(this, 'OutOfMemoryError', 'out_of_memory', init);
  }
}
