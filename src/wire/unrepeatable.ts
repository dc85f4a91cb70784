import type { OperationName } from '../contract/call.ts';
import type { Operation } from '../contract/codec.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { forbidRepeat } from '../errors/llm-error.ts';

/** Nothing has been sent when a connection fails for one of these reasons. */
const NOT_SENT = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$|CERT|_TLS_/;

/**
 * An operation that makes something, at a provider that cannot tell a repeat from a second order: after a failure in which the
 * request may have done its work, no layer sends it again. What was refused (429, 503) or never sent may be repeated.
 */
export function unrepeatable<K extends OperationName>(operation: Operation<K>): Operation<K> {
  return guardedBy(operation, mayHaveWorked);
}

/** An operation on a state that asking again does not change: a conflict is never repeated. */
export function conflictFinal<K extends OperationName>(operation: Operation<K>): Operation<K> {
  return guardedBy(operation, ({ kind }) => kind === 'conflict');
}

function guardedBy<K extends OperationName>(operation: Operation<K>, forbids: (error: LLMError) => boolean): Operation<K> {
  return async (call) => {
    try {
      return await operation(call);
    } catch (error) {
      if (isLLMError(error) && forbids(error)) forbidRepeat(error);
      throw error;
    }
  };
}

function mayHaveWorked(error: LLMError): boolean {
  if (error.kind === 'connection') return !NOT_SENT.test(error.code ?? '');
  if (error.kind === 'timeout') return error.phase !== 'connect';
  if (error.kind === 'service_unavailable') return error.status !== 503 && error.status !== 529;
  return error.kind === 'internal_server' || error.kind === 'conflict';
}
