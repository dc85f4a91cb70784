import { describe, expect, it } from 'vitest';
import { explained } from '../../support/explain.ts';
import { itExplains, row } from '../../support/failure-rows.ts';

const flat = (message: unknown, type: string, code: string | number | null = null) => ({
  object: 'error',
  message,
  type,
  param: null,
  code,
});
const extra = [{ type: 'extra_forbidden', loc: ['body', 'n'], msg: 'Extra inputs are not permitted', input: 'status 429' }];

describe('failures', () => {
  itExplains('mistral', [
    row(
      400,
      flat('Prompt contains 50000 tokens, too large for model with 32768 maximum context length', 'invalid_request_error'),
      'ContextWindowExceededError',
    ),
    row(
      400,
      flat('Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.', 'invalid_function_call', '3280'),
      'BadRequestError',
    ),
    row(
      400,
      flat('Not the same number of function calls and responses', 'invalid_request_message_order', '3230'),
      'BadRequestError',
    ),
    row(400, flat('Invalid model: mistral-gigantic', 'invalid_model', '1500'), 'NotFoundError'),
    row(400, flat('no such thing', 'invalid_request_error', 1500), 'NotFoundError'),
    row(401, { message: 'Unauthorized', request_id: 'r1' }, 'AuthenticationError'),
    row(401, { detail: 'Unauthorized' }, 'AuthenticationError'),
    row(402, { message: 'Payment required' }, 'InsufficientCreditsError'),
    row(403, { message: 'This model is not part of your plan' }, 'PermissionDeniedError'),
    row(
      403,
      { object: 'Error', message: 'Blocked.', guardrails: [{ moderation: { action: 'block', categories: ['x'] } }] },
      'ContentPolicyViolationError',
    ),
    row(
      403,
      { object: 'Error', code: 3201, message: 'Blocked.', guardrails: [{ other: { error: { message: 'down' } } }] },
      'ServiceUnavailableError',
    ),
    row(404, { message: 'no Route matched with those values' }, 'NotFoundError'),
    row(408, { message: 'slow' }, 'TimeoutError'),
    row(422, flat({ detail: extra }, 'invalid_request_error'), 'UnprocessableEntityError'),
    row(422, { detail: extra }, 'UnprocessableEntityError'),
    row(422, flat(JSON.stringify({ detail: extra }), 'invalid_request_error'), 'UnprocessableEntityError'),
    row(422, { object: 'Error', detail: extra, message: extra, code: 3001 }, 'UnprocessableEntityError'),
    row(429, flat('Rate limit exceeded', 'rate_limited', '1300'), 'RateLimitError'),
    row(429, { message: 'Requests rate limit exceeded' }, 'RateLimitError'),
    row(429, flat('Service tier capacity exceeded for this model.', 'invalid_request_error', '3505'), 'RateLimitError'),
    row(429, flat('Monthly token limit reached for this workspace', 'rate_limited', '1300'), 'InsufficientCreditsError'),
    row(429, { message: 'Monthly token limit reached for this workspace' }, 'InsufficientCreditsError'),
    row(500, flat('oops', 'internal_server_error'), 'InternalServerError'),
    row(503, '<html><h1>503</h1></html>', 'ServiceUnavailableError'),
    row(504, { message: 'slow' }, 'TimeoutError'),
    row(undefined, flat('Rate limit exceeded', 'rate_limited', '1300'), 'RateLimitError'),
    row(undefined, flat('something broke', 'unknown_thing'), 'InternalServerError'),
  ]);

  it('tells which fields are wrong, and nothing of what was sent', () => {
    const error = explained('mistral', 422, flat({ detail: extra }, 'invalid_request_error'));
    expect(error).toMatchObject({ fieldErrors: [{ path: 'body.n', message: 'Extra inputs are not permitted' }] });
    expect(JSON.stringify(error)).not.toContain('status 429');
  });

  it('finds the request id in a header or in the body', () => {
    const id = (headers: Record<string, string>, body: object) => explained('mistral', 500, body, { headers }).requestID;
    expect(id({ 'mistral-correlation-id': 'm1', 'x-kong-request-id': 'k1' }, {})).toBe('m1');
    expect(id({ 'x-kong-request-id': 'k1' }, {})).toBe('k1');
    expect(id({}, { message: 'x', request_id: 'r1' })).toBe('r1');
  });
});
