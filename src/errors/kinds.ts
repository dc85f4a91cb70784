/** Every way a call can fail. A `switch` over `error.kind` is exhaustive. */
export type ErrorKind =
  | 'bad_request'
  | 'context_window_exceeded'
  | 'content_policy_violation'
  | 'unsupported_params'
  | 'request_too_large'
  | 'authentication'
  | 'permission_denied'
  | 'not_found'
  | 'conflict'
  | 'unprocessable_entity'
  | 'rate_limit'
  | 'insufficient_credits'
  | 'internal_server'
  | 'service_unavailable'
  | 'out_of_memory'
  | 'connection'
  | 'timeout'
  | 'stream_interrupted'
  | 'circuit_open'
  | 'response_validation'
  | 'budget_exceeded'
  | 'aborted'
  | 'unsupported_operation'
  | 'configuration';

/** Which limit ran out. `server` means that the provider itself reported the timeout (408, 504, 524). */
export type TimeoutPhase = 'connect' | 'first_token' | 'idle' | 'attempt' | 'deadline' | 'server';

export interface KindTraits {
  /** The words used in messages: `429 rate limit`. */
  readonly label: string;
  /** Whether a repeat of the same request may succeed. */
  readonly retryable: boolean;
  /** The status reported when an error inside a 200 names none. */
  readonly canonicalStatus?: number;
}

export const KINDS: { readonly [K in ErrorKind]: KindTraits } = {
  bad_request: { label: 'bad request', retryable: false, canonicalStatus: 400 },
  context_window_exceeded: { label: 'context window exceeded', retryable: false, canonicalStatus: 400 },
  content_policy_violation: { label: 'content policy violation', retryable: false, canonicalStatus: 400 },
  unsupported_params: { label: 'unsupported parameter', retryable: false, canonicalStatus: 400 },
  request_too_large: { label: 'request too large', retryable: false, canonicalStatus: 413 },
  authentication: { label: 'authentication failed', retryable: false, canonicalStatus: 401 },
  permission_denied: { label: 'permission denied', retryable: false, canonicalStatus: 403 },
  not_found: { label: 'not found', retryable: false, canonicalStatus: 404 },
  conflict: { label: 'conflict', retryable: false, canonicalStatus: 409 },
  unprocessable_entity: { label: 'unprocessable entity', retryable: false, canonicalStatus: 422 },
  rate_limit: { label: 'rate limit', retryable: true, canonicalStatus: 429 },
  insufficient_credits: { label: 'insufficient credits', retryable: false, canonicalStatus: 402 },
  internal_server: { label: 'internal server error', retryable: true, canonicalStatus: 500 },
  service_unavailable: { label: 'service unavailable', retryable: true, canonicalStatus: 503 },
  out_of_memory: { label: 'out of memory', retryable: false, canonicalStatus: 507 },
  connection: { label: 'connection failed', retryable: true },
  timeout: { label: 'timeout', retryable: true, canonicalStatus: 504 },
  stream_interrupted: { label: 'stream interrupted', retryable: false },
  circuit_open: { label: 'circuit open', retryable: false },
  response_validation: { label: 'invalid response', retryable: false },
  budget_exceeded: { label: 'budget exceeded', retryable: false },
  aborted: { label: 'aborted by the caller', retryable: false },
  unsupported_operation: { label: 'unsupported operation', retryable: false },
  configuration: { label: 'configuration', retryable: false },
};
