import { isLLMError } from '../errors/catalogue.ts';
import type { ErrorEnvelope } from '../errors/envelope.ts';
import { envelope, envelopeOf } from '../errors/envelope.ts';

/** A request that is refused before any provider is concerned. */
export class Refusal extends Error {
  readonly status: number;
  readonly body: ErrorEnvelope;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: ErrorEnvelope, headers: Readonly<Record<string, string>> = {}) {
    super(body.error.message);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** `400`, type `invalid_request_error`. */
export function invalid(message: string, param: string | null = null, code: string | null = null): Refusal {
  return new Refusal(400, envelope(message, 'invalid_request_error', code, param));
}

export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
}

/** OpenAI's words for a model that this endpoint does not serve. */
export function unknownModel(model: string): Refusal {
  const message = `The model \`${model.slice(0, 200)}\` does not exist or you do not have access to it.`;
  return new Refusal(404, envelope(message, 'invalid_request_error', 'model_not_found', 'model'));
}

/** Any failure as OpenAI would answer it. What is no error of ours says nothing of its inside. */
export function failed(error: unknown): Response {
  if (error instanceof Refusal) return json(error.body, error.status, error.headers);
  if (!isLLMError(error)) return json(envelope('The server had an error while processing your request.', 'server_error'), 500);
  if (error.kind === 'configuration') {
    if (NO_MODEL.has(error.code ?? '')) return failed(unknownModel(modelIn(error.reason)));
    if (error.code === 'wrong_argument') return failed(invalid(error.reason, error.param ?? null, 'invalid_value'));
  }
  const { status, body } = envelopeOf(error);
  const headers: Record<string, string> = {};
  if (error.retryAfterMs !== undefined) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
    headers['retry-after-ms'] = String(Math.ceil(error.retryAfterMs));
  }
  // openai's client asks this header first; what our layers have repeated already, it need not repeat
  if (!error.retryable || error.retryAfterMs === undefined) headers['x-should-retry'] = 'false';
  const requestID = 'requestID' in error ? error.requestID : undefined;
  headers['x-request-id'] = typeof requestID === 'string' && PRINTABLE.test(requestID) ? requestID : error.correlationId;
  return json(body, status, headers);
}

/** What a header can carry: providers send ids in bodies too. */
const PRINTABLE = /^[\x21-\x7e]+$/;

const NO_MODEL: ReadonlySet<string> = new Set(['missing_provider', 'unknown_provider', 'model']);

function modelIn(reason: string): string {
  return /"([^"]*)"/.exec(reason)?.[1] ?? '';
}
