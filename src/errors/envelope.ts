import type { LLMError } from './catalogue.ts';
import type { ErrorKind } from './kinds.ts';

/** What OpenAI sends for a failure: all four members, always. */
export interface ErrorEnvelope {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

/** A failure as OpenAI's API would answer it. */
export interface EnvelopedError {
  readonly status: number;
  readonly body: ErrorEnvelope;
}

/** The envelope of a failure that no error of ours describes. */
export function envelope(message: string, type: string, code: string | null = null, param: string | null = null): ErrorEnvelope {
  return { error: { message, type, param, code } };
}

/**
 * A failure in OpenAI's envelope: its own status where the provider sent one, otherwise the one that a gateway gives for its kind.
 * `type` and `code` are OpenAI's words for the kind, so that clients written for OpenAI understand failures of every provider;
 * a code without such a word stays the provider's.
 */
export function envelopeOf(error: LLMError): EnvelopedError {
  const { status, type, code } = WORDS[error.kind];
  const facts = error as { readonly status?: number; readonly code?: string | null; readonly param?: string | null };
  const sent = facts.status !== undefined && facts.status >= 400 && facts.status < 600 ? facts.status : undefined;
  return {
    status: sent ?? status,
    // what no provider is concerned in is told in our own words alone, as OpenAI tells it
    body: envelope(error.provider === '' ? error.reason : error.message, type, code ?? facts.code ?? null, facts.param ?? null),
  };
}

interface Words {
  /** Where the provider sent none. */
  readonly status: number;
  readonly type: string;
  readonly code?: string;
}

const INVALID = 'invalid_request_error';
const SERVER = 'server_error';

/** Types and codes of OpenAI's error guide; the statuses of RFC 9110 for what a gateway finds (502, 503, 504). */
const WORDS: { readonly [K in ErrorKind]: Words } = {
  bad_request: { status: 400, type: INVALID },
  context_window_exceeded: { status: 400, type: INVALID, code: 'context_length_exceeded' },
  content_policy_violation: { status: 400, type: INVALID, code: 'content_policy_violation' },
  unsupported_params: { status: 400, type: INVALID, code: 'unsupported_parameter' },
  request_too_large: { status: 413, type: INVALID },
  authentication: { status: 401, type: INVALID },
  permission_denied: { status: 403, type: INVALID },
  not_found: { status: 404, type: INVALID },
  conflict: { status: 409, type: INVALID },
  unprocessable_entity: { status: 422, type: INVALID },
  rate_limit: { status: 429, type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  insufficient_credits: { status: 429, type: 'insufficient_quota', code: 'insufficient_quota' },
  internal_server: { status: 500, type: SERVER },
  service_unavailable: { status: 503, type: SERVER },
  out_of_memory: { status: 507, type: SERVER },
  connection: { status: 502, type: SERVER },
  timeout: { status: 504, type: SERVER, code: 'timeout' },
  stream_interrupted: { status: 502, type: SERVER, code: 'stream_interrupted' },
  circuit_open: { status: 503, type: SERVER },
  response_validation: { status: 502, type: SERVER, code: 'invalid_response' },
  budget_exceeded: { status: 429, type: 'insufficient_quota', code: 'budget_exceeded' },
  // the status that nginx gives to a request whose client has left
  aborted: { status: 499, type: INVALID, code: 'request_cancelled' },
  unsupported_operation: { status: 400, type: INVALID, code: 'unsupported_operation' },
  configuration: { status: 500, type: SERVER },
};
