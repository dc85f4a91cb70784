import type { DecodeContext } from '../../contract/codec.ts';
import { isRecord } from '../chat-rules.ts';

/** A JSON object whose fields may be anything. */
export type Fields = Record<string, unknown>;

/**
 * Throws when an answer with status 200 is an error all the same: `error` in any form, MiniMax's `base_resp`,
 * Groq's `x_groq.error`, a gateway's `status: "failure"` or `success: false`.
 */
export function refuseFailure(body: Fields, context: DecodeContext): void {
  if (body.error || body.type === 'error' || isError(body.object) || body.status === 'failure' || body.success === false) {
    throw context.failure(body, statusIn(body));
  }
  const { base_resp: base, x_groq: groq } = body;
  if (isRecord(base) && Number(base.status_code ?? 0) !== 0) throw context.failure(body);
  if (isRecord(groq) && groq.error) throw context.failure(isRecord(groq.error) ? groq : { error: { message: groq.error } });
}

/** Mistral writes `Error` in some of its bodies. */
const isError = (object: unknown): boolean => object === 'error' || object === 'Error';

/** The error for a body without `choices` (or `data`): the failure that it tells of, or no protocol at all. */
export function notTheProtocol(body: unknown, field: string, context: DecodeContext): Error {
  if (Array.isArray(body) && isRecord(body[0]) && body[0].error) return context.failure(body, statusIn(body[0]));
  if (!isRecord(body)) return context.invalid('the answer is no JSON object');
  const { message, detail, error_code: code, errors } = body;
  if (typeof message === 'string' || detail || code || Array.isArray(errors)) return context.failure(body, statusIn(body));
  return context.invalid(`no "${field}" in the answer`);
}

/** The HTTP status that an error body names itself. */
export function statusIn(body: Fields): number | undefined {
  const { error } = body;
  const inner = isRecord(error) ? error : undefined;
  const named = [inner?.status, inner?.status_code, inner?.code, body.status, body.status_code, body.statusCode, body.code];
  for (const value of named) {
    const status = typeof value === 'number' ? value : typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : 0;
    if (status >= 400 && status <= 599) return status;
  }
  return undefined;
}
