import { describe, expect, it } from 'vitest';
import { explained } from '../../support/explain.ts';
import type { Row } from '../../support/failure-rows.ts';
import { itExplains, row } from '../../support/failure-rows.ts';

const typed = (status: number, type: string, message: string, becomes: string): Row =>
  row(status, { Message: message }, becomes, { name: `${status} ${type}: ${message}`, headers: { 'x-amzn-errortype': type } });

/** A failure of the container, as the service hands it on. */
function container(status: number, said: object | string, becomes: string): Row {
  const text = typeof said === 'string' ? said : JSON.stringify(said);
  const kind = status >= 500 ? 'server' : 'client';
  return {
    ...typed(424, 'ModelError', '', becomes),
    name: `a container's ${status} ${text}`,
    body: {
      LogStreamArn: 'arn:aws:logs:us-east-1:1:log-group:/aws/sagemaker/Endpoints/x',
      Message: `Received ${kind} error (${status}) from primary with message "${text}". See https://example.com for more.`,
      OriginalMessage: text,
      OriginalStatusCode: status,
    },
  };
}

const TOO_LONG = 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096';

describe('failures of SageMaker', () => {
  itExplains('sagemaker', [
    typed(400, 'ValidationError', 'Endpoint my-endpoint of account 123456789012 not found.', 'NotFoundError'),
    typed(400, 'ValidationError', 'Inference Component Name header is required for endpoints to which …', 'BadRequestError'),
    typed(400, 'ValidationError', 'Variant blue of endpoint my-endpoint not found.', 'BadRequestError'),
    typed(403, 'AccessDeniedException', 'User is not authorized to perform: sagemaker:InvokeEndpoint', 'PermissionDeniedError'),
    typed(403, 'UnrecognizedClientException', 'The security token included in the request is invalid.', 'AuthenticationError'),
    typed(403, 'ExpiredTokenException', 'The security token included in the request is expired', 'AuthenticationError'),
    typed(403, 'InvalidSignatureException', 'Signature not yet current', 'AuthenticationError'),
    typed(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token', 'AuthenticationError'),
    typed(413, 'ValidationError', 'payload too large', 'RequestTooLargeError'),
    typed(429, 'ModelNotReadyException', 'Either a serverless endpoint is still loading or …', 'ServiceUnavailableError'),
    typed(429, 'ThrottlingException', 'Rate exceeded', 'RateLimitError'),
    typed(500, 'InternalFailure', 'An internal failure occurred.', 'InternalServerError'),
    typed(503, 'ServiceUnavailable', 'The service is unavailable. Try your call again.', 'ServiceUnavailableError'),
    typed(
      530,
      'InternalDependencyException',
      'Your request caused an exception with an internal dependency.',
      'InternalServerError',
    ),
  ]);

  itExplains('sagemaker', [
    container(400, { error: TOO_LONG, error_type: 'validation' }, 'ContextWindowExceededError'),
    container(422, { error: TOO_LONG, error_type: 'validation' }, 'ContextWindowExceededError'),
    container(
      400,
      { object: 'error', message: "This model's maximum context length is 4096 tokens.", code: 400 },
      'ContextWindowExceededError',
    ),
    container(400, 'The prompt is longer than the maximum model length of 2048', 'ContextWindowExceededError'),
    container(400, { error: '`best_of` must be > 0 and <= 2', error_type: 'validation' }, 'BadRequestError'),
    container(404, { error: { message: 'no such adapter' } }, 'NotFoundError'),
    container(422, { detail: [{ loc: ['body', 'messages'], msg: 'field required' }] }, 'UnprocessableEntityError'),
    container(429, { error: 'Model is overloaded', error_type: 'overloaded' }, 'RateLimitError'),
    container(408, 'too slow', 'TimeoutError'),
    container(503, 'busy', 'ServiceUnavailableError'),
    container(500, { code: 500, type: 'InternalServerException', message: 'Prediction failed' }, 'InternalServerError'),
    {
      ...typed(424, 'ModelError', '', 'TimeoutError'),
      name: 'a container that did not answer in time',
      body: {
        Message:
          'Received server error (0) from primary with message "Your invocation timed out while waiting for a response from container primary."',
        OriginalMessage: 'Your invocation timed out while waiting for a response from container primary.',
        OriginalStatusCode: 0,
      },
    },
    {
      ...typed(424, 'ModelError', '', 'BadRequestError'),
      name: 'an answer whose status stands in the sentence only',
      body: { Message: 'Received client error (400) from primary with message "no"' },
    },
  ]);

  itExplains('sagemaker', [
    row(undefined, { code: 'ModelStreamError', ErrorCode: 'ModelInvocationTimeExceeded', Message: 'x' }, 'TimeoutError'),
    row(undefined, { code: 'ModelStreamError', ErrorCode: 'StreamBroken', Message: 'x' }, 'APIConnectionError'),
    row(undefined, { code: 'ModelStreamError', Message: 'x' }, 'InternalServerError'),
    row(undefined, { code: 'InternalStreamFailure', Message: 'x' }, 'InternalServerError'),
    row(undefined, { error: 'no', error_type: 'validation' }, 'BadRequestError'),
    row(undefined, { error: TOO_LONG, error_type: 'validation' }, 'ContextWindowExceededError'),
    row(undefined, { error: 'full', error_type: 'overloaded' }, 'RateLimitError'),
    row(undefined, { error: 'broken', error_type: 'generation' }, 'InternalServerError'),
    row(undefined, { error: 'half', error_type: 'incomplete_generation' }, 'InternalServerError'),
  ]);

  it('tells the container’s own words, not the sentence around them', () => {
    const { body, headers } = container(400, { error: TOO_LONG, error_type: 'validation' }, '');
    expect(explained('sagemaker', 424, body, { headers: headers ?? {} })).toMatchObject({
      reason: TOO_LONG,
      status: 424,
      code: 'ModelError',
      details: { upstreamStatus: 400 },
    });
  });
});
