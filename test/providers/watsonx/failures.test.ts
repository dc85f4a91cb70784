import { describe, expect, it } from 'vitest';
import { iamFailures } from '../../../src/providers/watsonx/failure.ts';
import { explainFailure } from '../../../src/wire/failure/explain.ts';
import { explained, failureOf, NOW } from '../../support/explain.ts';
import { itExplains, row } from '../../support/failure-rows.ts';

const said = (status_code: number, code: string, message = 'said by the service') => ({
  errors: [{ code, message, more_info: 'https://cloud.ibm.com/apidocs/watsonx-ai#text-chat' }],
  trace: 'ebeec5ab',
  status_code,
});

describe('failures of watsonx', () => {
  itExplains('watsonx', [
    row(400, said(400, 'invalid_request_entity'), 'BadRequestError'),
    row(400, said(400, 'json_type_error'), 'BadRequestError'),
    row(
      400,
      said(400, 'invalid_input_argument', 'the number of input tokens 9000 cannot exceed the total tokens limit 8192'),
      'ContextWindowExceededError',
    ),
    row(
      400,
      said(400, 'invalid_request_entity', "This model's maximum context length is 8192 tokens"),
      'ContextWindowExceededError',
    ),
    row(404, said(404, 'model_not_supported', "Model 'x' is not supported"), 'NotFoundError'),
    row(400, said(400, 'model_not_supported', "Model 'x' is not supported"), 'NotFoundError'),
    row(
      404,
      said(404, 'model_no_support_for_function', "Model 'x' does not support function 'function_text_chat'"),
      'BadRequestError',
    ),
    row(401, said(401, 'authentication_token_expired'), 'AuthenticationError', { retryable: true }),
    row(401, said(401, 'authentication_token_not_valid'), 'AuthenticationError'),
    row(403, said(403, 'authorization_rejected'), 'PermissionDeniedError'),
    row(403, said(403, 'user_authorization_failed'), 'PermissionDeniedError'),
    row(403, said(403, 'no_associated_service_instance_error'), 'PermissionDeniedError'),
    row(403, said(403, 'token_quota_reached'), 'InsufficientCreditsError'),
    row(429, said(429, 'token_quota_reached'), 'InsufficientCreditsError'),
    row(404, said(404, 'deployment_not_found'), 'NotFoundError'),
    row(429, said(429, 'consumption_limit_reached'), 'RateLimitError'),
    row(429, said(429, 'rate_limit_reached_requests'), 'RateLimitError'),
    row(413, said(413, 'payload_too_large'), 'RequestTooLargeError'),
    row(422, said(422, 'invalid_request_entity'), 'UnprocessableEntityError'),
    row(500, said(500, 'downstream_request_failed'), 'InternalServerError'),
    row(502, '<html><body>Bad Gateway</body></html>', 'ServiceUnavailableError'),
    row(503, '<?xml version="1.0"?><Error>busy</Error>', 'ServiceUnavailableError'),
    row(520, '', 'ServiceUnavailableError'),
    row(504, said(504, 'gateway_timeout'), 'TimeoutError'),
    row(429, { error: { code: 'too_many_requests', message: 'slow down', request_id: 'g-1' } }, 'RateLimitError'),
    row(undefined, said(403, 'token_quota_reached'), 'InsufficientCreditsError'),
    row(undefined, 'event: error\ndata: it broke\n\n', 'InternalServerError'),
  ]);

  it('keep the trace as the id of the request, unless a header has it', () => {
    expect(explained('watsonx', 500, said(500, 'x')).requestID).toBe('ebeec5ab');
    const headers = { 'x-global-transaction-id': 'from-header' };
    expect(explained('watsonx', 500, said(500, 'x'), { headers }).requestID).toBe('from-header');
  });
});

describe('failures of the token service', () => {
  const facts = {
    provider: 'watsonx',
    model: 'm',
    call: { correlationId: 'c' },
    now: NOW,
    secrets: [],
    promptText: () => '',
  };
  it.each([
    [400, { errorCode: 'BXNIM0415E', errorMessage: 'Provided API key could not be found.' }, 'AuthenticationError'],
    [400, { errorCode: 'BXNIM0109E', errorMessage: 'Property missing or empty: apikey' }, 'AuthenticationError'],
    [401, {}, 'AuthenticationError'],
    [403, { errorCode: 'BXNIM0513E', errorMessage: 'not authorized' }, 'PermissionDeniedError'],
    [429, { errorCode: 'BXNIM0489E', errorMessage: 'Too many requests' }, 'RateLimitError'],
    [500, {}, 'InternalServerError'],
    [503, '<html></html>', 'ServiceUnavailableError'],
  ])('%i %j is %s', (status, body, name) => {
    expect(explainFailure(failureOf(status, body), iamFailures, facts).name).toBe(name);
  });
});
