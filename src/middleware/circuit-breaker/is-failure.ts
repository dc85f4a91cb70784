import type { LLMError } from '../../errors/catalogue.ts';
import type { ErrorKind } from '../../errors/kinds.ts';

/** Whether a failure speaks against the target. What the caller, the request, the key or our own rules caused does not. */
export function isFailure(error: LLMError): boolean {
  if (error.kind !== 'timeout') return SPEAKS_AGAINST[error.kind];
  // The end of the call's own time says something only where the provider had been silent, and had been asked at all.
  return error.phase !== 'deadline' || (error.partial === undefined && error.code !== 'queue_timeout');
}

const SPEAKS_AGAINST: { readonly [K in Exclude<ErrorKind, 'timeout'>]: boolean } = {
  connection: true,
  internal_server: true,
  service_unavailable: true,
  out_of_memory: true,
  stream_interrupted: true,
  response_validation: true,
  rate_limit: false,
  insufficient_credits: false,
  authentication: false,
  permission_denied: false,
  not_found: false,
  bad_request: false,
  unprocessable_entity: false,
  unsupported_params: false,
  request_too_large: false,
  context_window_exceeded: false,
  content_policy_violation: false,
  conflict: false,
  circuit_open: false,
  budget_exceeded: false,
  aborted: false,
  unsupported_operation: false,
  configuration: false,
};
