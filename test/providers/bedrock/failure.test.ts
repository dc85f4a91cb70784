import { describe, expect, it } from 'vitest';
import { explained } from '../../support/explain.ts';
import type { Row } from '../../support/failure-rows.ts';
import { itExplains, row } from '../../support/failure-rows.ts';

const typed = (status: number, type: string, message: string, becomes: string, more: Partial<Row> = {}): Row =>
  row(status, { message }, becomes, {
    name: `${status} ${type}: ${message}`,
    headers: { 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/` },
    ...more,
  });
const validation = (message: string, becomes: string, more: Partial<Row> = {}): Row =>
  typed(400, 'ValidationException', message, becomes, more);

describe('failures of Bedrock', () => {
  itExplains('bedrock', [
    validation('Input is too long for requested model.', 'ContextWindowExceededError'),
    validation('prompt is too long: 214315 tokens > 200000 maximum', 'ContextWindowExceededError'),
    validation('The model returned the following errors: too many tokens', 'ContextWindowExceededError'),
    validation('Too many input tokens. Max input tokens: 8192, request input token count: 9001', 'ContextWindowExceededError'),
    validation('Malformed input request: expected maxLength: 2048, actual: 3000', 'ContextWindowExceededError'),
    validation('input tokens exceeds the maximum of 4096', 'ContextWindowExceededError'),
    row(400, { error: { message: 'prompt tokens (9000) exceed model maximum (8192)' } }, 'ContextWindowExceededError'),
    validation('Invocation of model ID x with on-demand throughput isn’t supported. Retry with a profile.', 'BadRequestError'),
    validation("Invocation of model ID x with on-demand throughput isn't supported.", 'BadRequestError'),
    validation('The provided model identifier is invalid.', 'NotFoundError'),
    validation('Malformed input request, please reformat your input and try again.', 'BadRequestError'),
    validation('A conversation must start with a user message.', 'BadRequestError'),
    validation('Expected toolResult blocks at messages.2.content for the following Ids: a', 'BadRequestError'),
    validation('The maximum tokens you requested exceeds the model limit of 32768', 'BadRequestError'),
    typed(400, 'ServiceQuotaExceededException', 'Your request exceeds the service quota.', 'InsufficientCreditsError'),
    typed(400, 'ServiceQuotaExceededException', 'Too many requests per minute.', 'RateLimitError'),
    typed(400, 'ConflictException', 'Error occurred because of a conflict while performing an operation.', 'BadRequestError'),
    validation('Output blocked by content filtering policy', 'ContentPolicyViolationError'),
    typed(403, 'AccessDeniedException', 'The request was blocked by a guardrail.', 'ContentPolicyViolationError'),
    typed(403, 'UnrecognizedClientException', 'The security token included in the request is invalid.', 'AuthenticationError'),
    typed(403, 'ExpiredTokenException', 'The security token included in the request is expired', 'AuthenticationError'),
    typed(403, 'InvalidSignatureException', 'Signature expired: 20261101T120000Z is now earlier than …', 'AuthenticationError'),
    typed(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token', 'AuthenticationError'),
    row(403, { Message: 'Authentication failed: Please make sure your API Key is valid.' }, 'AuthenticationError'),
    row(401, { message: 'The bearer token is wrong' }, 'AuthenticationError'),
    typed(
      403,
      'AccessDeniedException',
      "You don't have access to the model with the specified model ID.",
      'PermissionDeniedError',
    ),
    typed(
      403,
      'AccessDeniedException',
      'User: arn:aws:iam::1:user/x is not authorized to perform: bedrock:InvokeModel',
      'PermissionDeniedError',
    ),
    typed(404, 'ResourceNotFoundException', 'This model version has reached the end of its life.', 'NotFoundError'),
    typed(408, 'ModelTimeoutException', 'Model has timed out in processing the request.', 'TimeoutError'),
    typed(424, 'ModelErrorException', 'Something failed inside the model.', 'InternalServerError'),
    typed(429, 'ThrottlingException', 'Too many requests, please wait before trying again.', 'RateLimitError'),
    typed(429, 'ThrottlingException', 'Too many tokens, please wait before trying again.', 'RateLimitError'),
    typed(429, 'ThrottlingException', 'Too many tokens per day, please wait before trying again.', 'RateLimitError', {
      retryable: false,
    }),
    typed(429, 'ModelNotReadyException', 'Model is not ready for inference.', 'ServiceUnavailableError'),
    typed(500, 'InternalServerException', 'The system encountered an unexpected error.', 'InternalServerError'),
    typed(503, 'ServiceUnavailableException', 'Bedrock is unable to process your request.', 'ServiceUnavailableError'),
    row(529, { message: 'Overloaded' }, 'ServiceUnavailableError'),
    row(413, { message: 'payload too large' }, 'RequestTooLargeError'),
    row(400, { __type: 'com.amazon.coral.service#ThrottlingException', message: 'Rate exceeded' }, 'RateLimitError'),
  ]);

  itExplains('bedrock', [
    {
      ...typed(424, 'ModelErrorException', '', 'ContextWindowExceededError'),
      name: 'the overflow of a model behind it',
      body: { message: 'The model returned the following errors: prompt is too long', originalStatusCode: 400 },
    },
    {
      ...typed(424, 'ModelErrorException', '', 'RateLimitError'),
      name: 'the rate limit of a model behind it',
      body: { message: 'slow down', originalStatusCode: 429, resourceName: 'x' },
    },
    row(undefined, { code: 'internalServerException', message: 'Try your request again.' }, 'InternalServerError'),
    row(undefined, { code: 'throttlingException', message: 'Too many requests' }, 'RateLimitError'),
    row(undefined, { code: 'validationException', message: 'Input is too long' }, 'ContextWindowExceededError'),
    row(undefined, { code: 'validationException', message: 'no' }, 'BadRequestError'),
    row(undefined, { code: 'serviceUnavailableException', message: 'busy' }, 'ServiceUnavailableError'),
    row(undefined, { code: 'modelTimeoutException', message: 'slow' }, 'TimeoutError'),
    row(undefined, { code: 'modelStreamErrorException', message: 'x', originalStatusCode: 424 }, 'InternalServerError'),
    row(
      undefined,
      { code: 'modelStreamErrorException', message: 'x', originalStatusCode: 503, originalMessage: 'busy' },
      'ServiceUnavailableError',
    ),
    row(
      undefined,
      { code: 'modelStreamErrorException', originalStatusCode: 400, originalMessage: '{"error":{"code":"content_filter"}}' },
      'ContentPolicyViolationError',
    ),
  ]);

  it('takes the id of a request and what the model behind it answered', () => {
    const error = explained(
      'bedrock',
      424,
      { message: 'outer', originalStatusCode: 503, originalMessage: '{"error":"the model is loading"}' },
      { headers: { 'x-amzn-errortype': 'ModelErrorException', 'x-amzn-requestid': 'r-1' } },
    );
    expect(error).toMatchObject({
      kind: 'service_unavailable',
      status: 424,
      code: 'ModelErrorException',
      reason: 'the model is loading',
      requestID: 'r-1',
      details: { upstreamStatus: 503 },
    });
  });
});
