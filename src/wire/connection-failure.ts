import type { Call } from '../contract/call.ts';
import type { Confidential } from '../contract/confidential.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import type { TimeoutPhase } from '../errors/kinds.ts';
import { APIConnectionError, TimeoutError } from '../errors/wire-errors.ts';
import { redact } from './failure/redact.ts';
import { safeCause } from './safe-cause.ts';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: is the server running at this address?',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed while the request was being sent',
  ENOTFOUND: 'host name not found: is the address right?',
  EAI_AGAIN: 'host name could not be looked up: is the network up?',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ETIMEDOUT: 'the network timed out',
  UND_ERR_SOCKET: 'the connection was closed by the other side',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the body stopped in mid-way',
  ERR_SSL_WRONG_VERSION_NUMBER: 'no TLS at this address: is it "http://"?',
  CERT_HAS_EXPIRED: 'TLS certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'TLS certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'TLS certificate chain holds a self-signed certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'TLS certificate could not be verified',
  ERR_TLS_CERT_ALTNAME_INVALID: 'TLS certificate is for another host name',
};

const PHASE_BY_CODE: Readonly<Record<string, TimeoutPhase>> = {
  ETIMEDOUT: 'connect',
  UND_ERR_CONNECT_TIMEOUT: 'connect',
  UND_ERR_HEADERS_TIMEOUT: 'first_token',
  UND_ERR_BODY_TIMEOUT: 'idle',
};

const MAX_TEXT = 200;

interface SystemError {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

function rootOf(cause: unknown): SystemError {
  let error = cause as SystemError | undefined;
  for (let depth = 0; depth < 5 && error !== undefined && error !== null; depth++) {
    if (typeof error.code === 'string') return error;
    const inner = Array.isArray(error.errors) ? error.errors[0] : error.cause;
    if (typeof inner !== 'object' || inner === null) break;
    error = inner as SystemError;
  }
  return error ?? {};
}

/** A transport's failure (refused, reset, DNS, TLS, cut) as a typed error. One that is typed already stays what it is. */
export function connectionFailure(
  cause: unknown,
  call: Call,
  confidential: Confidential,
): LLMError | APIConnectionError | TimeoutError {
  if (isLLMError(cause)) return cause;
  const root = rootOf(cause);
  const code = typeof root.code === 'string' ? root.code : undefined;
  const text = redact(typeof root.message === 'string' ? root.message : String(cause), confidential, MAX_TEXT);
  const known = code === undefined ? undefined : WORDS[code];
  const init = {
    message: known === undefined ? text || 'connection failed' : `${known} (${code})`,
    provider: call.target.provider,
    model: call.target.model,
    code,
    cause: safeCause(cause, confidential),
  };
  const phase = code === undefined ? undefined : PHASE_BY_CODE[code];
  return phase === undefined ? new APIConnectionError(init) : new TimeoutError({ ...init, phase });
}
