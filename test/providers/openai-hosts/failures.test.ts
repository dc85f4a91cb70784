import { describe } from 'vitest';
import { itExplains, openai, row } from '../../support/failure-rows.ts';

const CONTEXT = 'ContextWindowExceededError';
const POLICY = 'ContentPolicyViolationError';
const MONEY = 'InsufficientCreditsError';
const RATE = 'RateLimitError';
const AUTH = 'AuthenticationError';
const BUSY = 'ServiceUnavailableError';
const MISSING = 'NotFoundError';
const BAD = 'BadRequestError';
const PERMISSION = 'PermissionDeniedError';

describe('hosts with single models', () => {
  itExplains('together_ai', [
    row(
      402,
      { id: 'x', error: { message: 'Credit limit exceeded, please [add credits](https://x)', type: 'credit_limit' } },
      MONEY,
    ),
    row(403, openai("The input (9000 tokens) is longer than the model's context length (8192 tokens)."), CONTEXT),
    row(403, openai('You may not use this endpoint'), PERMISSION),
    row(401, openai('Invalid API key provided. You can find your API key at …', 'invalid_api_key'), AUTH),
    row(503, openai('The engine is overloaded'), BUSY),
    row(429, openai('Rate limit', null, 'credit_limit'), MONEY),
  ]);
  itExplains('groq', [
    row(
      413,
      openai(
        'Request too large for model `m` on tokens per minute (TPM): Limit 8000, Requested 11881, please reduce your message size',
        'rate_limit_exceeded',
        'tokens',
      ),
      RATE,
      { retryable: false },
    ),
    row(413, openai('Please reduce the length of the messages or completion.', 'context_length_exceeded'), CONTEXT),
    row(413, openai('Please reduce the length of the messages or completion.', null), CONTEXT),
    row(413, openai('Request Entity Too Large', 'request_too_large'), 'RequestTooLargeError'),
    row(400, openai('Failed to call a function.', 'tool_use_failed'), BAD, { retryable: true }),
    row(400, openai('Failed to generate JSON.', 'json_validate_failed'), BAD),
    row(400, openai('The model `m` has been decommissioned', 'model_decommissioned'), MISSING),
    row(404, openai('The model `m` does not exist or you do not have access to it.', 'model_not_found'), MISSING),
    row(424, openai('MCP authentication failed'), BAD),
    row(498, openai('Flex tier capacity exceeded', 'capacity_exceeded'), RATE),
    row(499, openai('Request cancelled'), 'APIConnectionError'),
    row(401, openai('Invalid API Key', 'invalid_api_key'), AUTH),
    row(
      429,
      openai(
        'Rate limit reached on requests per day (RPD): Limit 1000, Used 1000, Requested 1. Please try again in 1m26.4s.',
        'rate_limit_exceeded',
        'requests',
      ),
      RATE,
      { retryable: false },
    ),
  ]);
  itExplains('deepseek', [
    row(400, openai('Content Exists Risk', 'invalid_request_error'), POLICY),
    row(400, openai('Model Not Exist', 'invalid_request_error'), MISSING),
    row(
      401,
      openai('Authentication Fails, Your api key: ****1234 is invalid', 'invalid_request_error', 'authentication_error'),
      AUTH,
    ),
    row(402, openai('Insufficient Balance', 'invalid_request_error', 'unknown_error'), MONEY),
    row(422, openai('invalid parameters'), 'UnprocessableEntityError'),
    row(503, openai('Service is too busy', 'service_unavailable_error'), BUSY),
  ]);
  itExplains('xai', [
    row(
      400,
      {
        code: 'invalid-argument',
        error: 'Incorrect API key provided: xa***ab. You can obtain an API key from https://console.x.ai.',
      },
      AUTH,
    ),
    row(
      400,
      {
        code: 'Client specified an invalid argument',
        error: "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
      },
      CONTEXT,
    ),
    row(
      403,
      {
        code: 'The caller does not have permission to execute the specified operation',
        error: "Your newly created team doesn't have any credits or licenses yet.",
      },
      MONEY,
    ),
    row(
      403,
      {
        code: 'permission-denied',
        error: 'Content violates usage guidelines. Team: x, API key ID: y, Failed check: SAFETY_CHECK_TYPE_BIO',
      },
      POLICY,
    ),
    row(
      429,
      {
        code: 'Some resource has been exhausted',
        error: 'Your team x has either used all available credits or reached its monthly spending limit.',
      },
      MONEY,
    ),
    row(
      429,
      {
        code: 'Some resource has been exhausted',
        error: 'Too many requests for team x and model y. Your team can make 1 requests per second.',
      },
      RATE,
    ),
    row(undefined, { code: 'The service is currently unavailable', error: 'Please try again later.' }, BUSY, { streamed: false }),
    row(404, { code: 'Some requested entity was not found', error: 'The model grok-9 does not exist' }, MISSING),
  ]);
  itExplains('perplexity', [
    row(400, openai("Invalid model 'x'. Permitted models can be found in the documentation at …", 400, 'invalid_model'), MISSING),
    row(
      401,
      openai('You exceeded your current quota, please check your plan and billing details…', 401, 'insufficient_quota'),
      MONEY,
    ),
    row(401, '<html><head><title>401 Authorization Required</title></head></html>', AUTH),
    row(
      400,
      openai('After the (optional) system message(s), user and assistant roles should be alternating', 400, 'invalid_message'),
      BAD,
    ),
  ]);
  itExplains('fireworks_ai', [
    row(
      412,
      openai('Account x is suspended, possibly due to reaching the monthly spending limit or failure to pay past invoices.'),
      MONEY,
    ),
    row(412, { error: 'Account x is suspended, possibly due to reaching the monthly spending limit' }, MONEY),
    row(412, openai('LoRA could not be loaded'), BAD),
    row(404, openai('Model not found, inaccessible, and/or not deployed', 'NOT_FOUND'), MISSING),
    row(400, openai('The prompt is too long: 9000, model maximum context length: 8192'), CONTEXT),
  ]);
  itExplains('cerebras', [
    row(
      429,
      {
        message: 'Requests per minute limit exceeded',
        type: 'too_many_requests_error',
        param: 'quota',
        code: 'request_quota_exceeded',
      },
      RATE,
    ),
    row(
      429,
      {
        message: 'Tokens per minute limit exceeded',
        type: 'too_many_tokens_error',
        param: 'quota',
        code: 'token_quota_exceeded',
      },
      RATE,
    ),
    row(
      429,
      { message: 'Tokens per day limit exceeded', type: 'too_many_tokens_error', param: 'quota', code: 'token_quota_exceeded' },
      RATE,
      { retryable: false },
    ),
    row(
      429,
      {
        message: "We're experiencing high traffic right now! Please try again soon.",
        type: 'too_many_requests_error',
        param: 'queue',
        code: 'queue_exceeded',
      },
      RATE,
    ),
    row(400, '', CONTEXT),
    row(413, '', CONTEXT),
    row(401, { message: 'Wrong API Key', type: 'invalid_request_error', param: 'api_key', code: 'wrong_api_key' }, AUTH),
    row(404, { message: 'Model x does not exist', type: 'not_found_error', param: 'model', code: 'model_not_found' }, MISSING),
  ]);
  itExplains('nvidia_nim', [
    row(400, { status: 400, title: 'Bad Request', detail: 'DEGRADED function cannot be invoked' }, BUSY),
    row(400, { status: 400, title: 'Bad Request', detail: "Function id 'x': DEGRADED function cannot be invoked" }, BUSY),
    row(
      404,
      {
        status: 404,
        title: 'Not Found',
        detail: "Function id 'x' version 'null': Specified function in account 'y' is not found",
      },
      MISSING,
    ),
    row(
      410,
      {
        type: 'about:blank',
        title: 'Gone',
        status: 410,
        detail: "The model 'x' has reached its end of life on 2026-08-07 and is no longer available.",
      },
      MISSING,
    ),
    row(402, { status: 402, title: 'Payment Required', detail: 'Credits used up' }, MONEY),
    row(422, { detail: [{ loc: ['body', 'n'], msg: 'field required', type: 'missing' }] }, 'UnprocessableEntityError'),
  ]);
  itExplains('sambanova', [
    row(429, { error: openai('Rate limit', 'insufficient_quota').error, request_id: 'r' }, RATE),
    row(429, openai('Queue full', 'queue_full'), RATE),
    row(400, openai('too long', 'context_length_exceeded'), CONTEXT),
    row(400, openai('no', 'model_not_found'), MISSING),
    row(408, openai('slow', 'request_timeout'), 'TimeoutError'),
    row(410, openai('gone', 'model_deprecated'), MISSING),
    row(503, openai('later', 'maintenance'), BUSY),
  ]);
  itExplains('hyperbolic', [row(402, { detail: 'Insufficient funds, please see https://x' }, MONEY)]);
  itExplains('deepinfra', [
    row(
      402,
      { detail: { error: 'You need positive balance to make requests. Please add balance manually or setup top-up' } },
      MONEY,
    ),
    row(400, openai('Requested input length 9000 exceeds maximum input length 8192'), CONTEXT),
    row(410, { detail: 'Model retired' }, MISSING),
    row(429, { detail: { error: 'Model busy, retry later' } }, RATE),
  ]);
  itExplains('novita', [
    row(403, { code: 403, reason: 'NOT_ENOUGH_BALANCE', message: 'not enough balance', metadata: {} }, MONEY),
    row(403, { code: 403, reason: 'INVALID_API_KEY', message: 'x', metadata: {} }, AUTH),
    row(403, { code: 403, reason: 'ACCESS_DENY', message: 'x', metadata: {} }, PERMISSION),
    row(404, { code: 404, reason: 'MODEL_NOT_FOUND', message: 'x', metadata: {} }, MISSING),
    row(429, { code: 429, reason: 'RATE_LIMIT_EXCEEDED', message: 'x', metadata: {} }, RATE),
    row(429, { code: 429, reason: 'TOKEN_LIMIT_EXCEEDED', message: 'x', metadata: {} }, RATE),
    row(503, { code: 503, reason: 'SERVICE_NOT_AVAILABLE', message: 'x', metadata: {} }, BUSY),
  ]);
  itExplains('chutes', [
    row(402, { detail: { message: 'Quota exceeded and account balance is $0.0, please pay with fiat or send tao to x' } }, MONEY),
    row(503, { detail: "No instances available (yet) for chute_id='x'" }, BUSY),
    row(429, { detail: 'Too many requests' }, RATE),
  ]);
  itExplains('databricks', [
    row(
      429,
      {
        error_code: 'REQUEST_LIMIT_EXCEEDED',
        message: 'REQUEST_LIMIT_EXCEEDED: Exceeded workspace input tokens per minute rate limit for x.',
      },
      RATE,
    ),
    row(400, { error_code: 'REQUEST_LIMIT_EXCEEDED', message: 'REQUEST_LIMIT_EXCEEDED: Exceeded workspace rate limit' }, RATE),
    row(429, { error_code: 'REQUEST_LIMIT_EXCEEDED', message: 'daily spend limit exceeded' }, MONEY),
    row(403, { error_code: 'PERMISSION_DENIED', message: 'x' }, PERMISSION),
    row(404, { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'x' }, MISSING),
    row(400, { error_code: 'INVALID_PARAMETER_VALUE', message: 'x' }, BAD),
    row(503, { error_code: 'TEMPORARILY_UNAVAILABLE', message: 'x' }, BUSY),
    row(500, { error_code: 'INTERNAL_ERROR', message: 'x' }, 'InternalServerError'),
  ]);
});
