import type { MockAnswer, MockAsk, MockFailureName } from '../../contract/mock.ts';

const REQUEST_ID = 'req_011MockServer';

interface ServerFailure {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

const FAILURES: Readonly<Record<MockFailureName, ServerFailure>> = {
  rateLimit: {
    status: 429,
    type: 'rate_limit_error',
    message: "This request would exceed your organization's rate limit of 50 requests per minute.",
  },
  overloaded: { status: 529, type: 'overloaded_error', message: 'Overloaded' },
  unavailable: { status: 503, type: 'api_error', message: 'Service unavailable' },
  quota: {
    status: 400,
    type: 'invalid_request_error',
    message: 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.',
  },
  contextWindow: {
    status: 400,
    type: 'invalid_request_error',
    message: 'prompt is too long: 214315 tokens > 200000 maximum',
  },
  contentPolicy: { status: 400, type: 'invalid_request_error', message: 'Output blocked by content filtering policy' },
  auth: { status: 401, type: 'authentication_error', message: 'invalid x-api-key' },
  notFound: { status: 404, type: 'not_found_error', message: 'Not found' },
  badRequest: { status: 400, type: 'invalid_request_error', message: 'messages.0.content: Field required' },
  internal: { status: 500, type: 'api_error', message: 'Internal server error' },
};

/** The envelope of an error, in a body or as an event. */
export function errorBody(name: MockFailureName, ask: MockAsk | undefined): Readonly<Record<string, unknown>> {
  const { type, message } = FAILURES[name];
  const text = name === 'notFound' && ask !== undefined && ask.model !== '' ? `model: ${ask.model}` : message;
  return { type: 'error', error: { details: null, type, message: text }, request_id: REQUEST_ID };
}

/** A failure with status and headers. */
export function failureAnswer(
  name: MockFailureName,
  ask: MockAsk | undefined,
  options: { readonly retryAfterSeconds?: number },
): MockAnswer {
  const { retryAfterSeconds } = options;
  const headers: Record<string, string> = { 'content-type': 'application/json', 'request-id': REQUEST_ID };
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds);
  if (name === 'rateLimit') {
    headers['anthropic-ratelimit-requests-limit'] = '50';
    headers['anthropic-ratelimit-requests-remaining'] = '0';
  }
  return { status: FAILURES[name].status, headers, body: errorBody(name, ask) };
}
