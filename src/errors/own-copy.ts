import type { LLMError } from './catalogue.ts';
import { errorOf } from './catalogue.ts';
import { EXTRA_FIELDS } from './llm-error.ts';

/**
 * The same failure for another call, with the original as its cause: each call completes its own error with its own attempts and
 * id. The copy has none of either yet.
 */
export function ownCopy(error: LLMError): LLMError {
  const { reason, provider, model, status, code, type, param, requestID, headers, retryable, retryAfterMs, timestamp, details } =
    error;
  const facts = error as unknown as Readonly<Record<string, unknown>>;
  const extras = Object.fromEntries(EXTRA_FIELDS.map((field) => [field, facts[field]]));
  return errorOf(error.kind, {
    ...extras,
    message: reason,
    provider,
    model,
    status,
    code,
    type,
    param,
    requestID,
    headers,
    error: facts.error as object | undefined,
    retryable,
    retryAfterMs,
    timestamp,
    details,
    cause: error,
  });
}
