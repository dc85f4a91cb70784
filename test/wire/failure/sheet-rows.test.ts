import { describe } from 'vitest';
import { itExplains, openai, row } from '../../support/failure-rows.ts';

const CONTEXT = 'ContextWindowExceededError';
const POLICY = 'ContentPolicyViolationError';
const MONEY = 'InsufficientCreditsError';
const RATE = 'RateLimitError';

describe('rows of the Anthropic sheet', () => {
  const anthropic = (type: string, message: string, errorCode?: string) => ({
    type: 'error',
    error: { type, message, ...(errorCode === undefined ? {} : { details: { error_code: errorCode } }) },
    request_id: 'req_1',
  });
  itExplains('anthropic', [
    row(400, anthropic('invalid_request_error', 'messages: roles must alternate'), 'BadRequestError'),
    row(400, anthropic('invalid_request_error', 'prompt is too long: 210000 tokens > 200000 maximum'), CONTEXT),
    row(400, anthropic('invalid_request_error', 'input length and `max_tokens` exceed context limit: 1 + 2 > 2'), CONTEXT),
    row(
      400,
      anthropic('invalid_request_error', 'max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens for m'),
      'BadRequestError',
    ),
    row(400, anthropic('invalid_request_error', 'Output blocked by content filtering policy'), POLICY),
    row(400, anthropic('invalid_request_error', 'Your credit balance is too low to access the Anthropic API.'), MONEY),
    row(
      400,
      anthropic(
        'invalid_request_error',
        'You have reached your specified API usage limits. You will regain access on 2026-02-01 at 00:00 UTC.',
      ),
      MONEY,
    ),
    row(400, anthropic('invalid_request_error', 'You have reached your specified workspace API usage limits.'), MONEY),
    row(400, anthropic('invalid_request_error', 'This organization has been disabled.'), 'PermissionDeniedError'),
    row(401, anthropic('authentication_error', 'invalid x-api-key'), 'AuthenticationError'),
    row(402, anthropic('billing_error', 'Payment required', 'linked_organization_spend_limit_reached'), MONEY),
    row(403, anthropic('permission_error', 'Your key may not use this resource'), 'PermissionDeniedError'),
    row(404, anthropic('not_found_error', 'model: claude-9'), 'NotFoundError'),
    row(408, '', 'TimeoutError'),
    row(409, anthropic('conflict_error', 'in use'), 'ConflictError'),
    row(413, anthropic('request_too_large', 'Request exceeds the maximum size'), 'RequestTooLargeError'),
    row(422, anthropic('invalid_request_error', 'no'), 'UnprocessableEntityError'),
    row(429, anthropic('rate_limit_error', 'Number of request tokens has exceeded your per-minute rate limit'), RATE),
    row(429, anthropic('rate_limit_error', 'Limit reached', 'contract_spend_limit_reached'), MONEY),
    row(429, anthropic('rate_limit_error', 'Limit reached', 'enforced_spend_limit_reached'), MONEY),
    row(429, anthropic('rate_limit_error', 'Too fast', 'ramp_limit_exceeded'), RATE),
    row(500, anthropic('api_error', 'Internal server error'), 'InternalServerError'),
    row(502, '<html><title>502</title></html>', 'ServiceUnavailableError'),
    row(503, anthropic('api_error', 'key unavailable', 'cmek_unavailable'), 'ServiceUnavailableError'),
    row(504, anthropic('timeout_error', 'Request timed out'), 'TimeoutError'),
    row(529, anthropic('overloaded_error', 'Overloaded'), 'ServiceUnavailableError'),
    row(undefined, anthropic('api_error', 'x'), 'InternalServerError'),
    row(undefined, anthropic('overloaded_error', 'Overloaded'), 'ServiceUnavailableError'),
    row(undefined, anthropic('rate_limit_error', 'slow'), RATE),
    row(undefined, anthropic('timeout_error', 'slow'), 'TimeoutError'),
    row(undefined, anthropic('request_too_large', 'big'), 'RequestTooLargeError'),
    row(undefined, anthropic('authentication_error', 'no'), 'AuthenticationError'),
    row(undefined, anthropic('permission_error', 'no'), 'PermissionDeniedError'),
    row(undefined, anthropic('not_found_error', 'no'), 'NotFoundError'),
    row(undefined, anthropic('billing_error', 'no'), MONEY),
    row(undefined, anthropic('invalid_request_error', 'no'), 'BadRequestError'),
  ]);
});

describe('rows of the Gemini sheet', () => {
  const google = (code: number | undefined, status: string, message: string, details: unknown[] = []) => ({
    error: { ...(code === undefined ? {} : { code }), message, status, details },
  });
  const info = (reason: string, metadata = {}) => ({ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, metadata });
  const quota = (quotaId: string, quotaValue = '10') => ({
    '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
    violations: [{ quotaMetric: 'm', quotaId, quotaValue }],
  });
  const EXCEEDED = 'You exceeded your current quota, please check your plan and billing details.';
  itExplains('gemini', [
    row(
      400,
      google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [info('API_KEY_INVALID')]),
      'AuthenticationError',
    ),
    row(400, google(400, 'INVALID_ARGUMENT', 'API key expired. Please renew the API key.'), 'AuthenticationError'),
    row(
      400,
      google(400, 'INVALID_ARGUMENT', 'The input token count (9) exceeds the maximum number of tokens allowed (8).'),
      CONTEXT,
    ),
    row(
      400,
      google(400, 'INVALID_ARGUMENT', 'The input token count (32769) exceeds the maximum input tokens of 32768.'),
      CONTEXT,
    ),
    row(400, google(400, 'INVALID_ARGUMENT', 'Request payload size exceeds the limit: 20971520 bytes.'), 'RequestTooLargeError'),
    row(400, google(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'), 'PermissionDeniedError'),
    row(400, google(400, 'FAILED_PRECONDITION', 'Something else must be set first.'), 'BadRequestError'),
    row(400, google(400, 'OUT_OF_RANGE', 'no'), 'BadRequestError'),
    row(401, google(401, 'UNAUTHENTICATED', 'no'), 'AuthenticationError'),
    row(402, google(402, 'RESOURCE_EXHAUSTED', 'Your prepayment credits are depleted.'), MONEY),
    row(429, google(429, 'RESOURCE_EXHAUSTED', 'Your prepayment credits are depleted.'), MONEY),
    row(429, google(429, 'RESOURCE_EXHAUSTED', 'Your project has exceeded its spending cap.'), MONEY),
    row(403, google(403, 'PERMISSION_DENIED', 'disabled', [info('SERVICE_DISABLED')]), 'PermissionDeniedError'),
    row(403, google(403, 'PERMISSION_DENIED', 'Your API key was reported as leaked.'), 'PermissionDeniedError'),
    row(404, google(404, 'NOT_FOUND', 'models/x is not found for API version v1beta'), 'NotFoundError'),
    row(409, google(409, 'ABORTED', 'x'), 'ConflictError', { retryable: true }),
    row(409, google(409, 'ALREADY_EXISTS', 'x'), 'ConflictError'),
    row(429, google(429, 'RESOURCE_EXHAUSTED', EXCEEDED, [quota('GenerateRequestsPerMinutePerProjectPerModel-FreeTier')]), RATE),
    row(429, google(429, 'RESOURCE_EXHAUSTED', EXCEEDED, [quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier')]), RATE, {
      retryable: false,
    }),
    row(
      429,
      google(429, 'RESOURCE_EXHAUSTED', EXCEEDED, [quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier', '0')]),
      MONEY,
    ),
    row(
      429,
      google(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded', [info('RATE_LIMIT_EXCEEDED', { quota_limit: 'XPerDay' })]),
      RATE,
      { retryable: false },
    ),
    row(499, google(499, 'CANCELLED', 'The operation was cancelled.'), 'APIConnectionError'),
    row(500, google(500, 'INTERNAL', 'x'), 'InternalServerError'),
    row(500, google(500, 'UNKNOWN', 'x'), 'InternalServerError'),
    row(501, google(501, 'UNIMPLEMENTED', 'x'), 'BadRequestError'),
    row(503, google(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'), 'ServiceUnavailableError'),
    row(504, google(504, 'DEADLINE_EXCEEDED', 'x'), 'TimeoutError'),
    row(502, '<!DOCTYPE html><html><title>Error 502</title></html>', 'ServiceUnavailableError'),
    row(503, [google(503, 'UNAVAILABLE', 'x')], 'ServiceUnavailableError'),
    row(undefined, google(undefined, 'UNAVAILABLE', 'x'), 'ServiceUnavailableError'),
    row(undefined, google(undefined, 'INVALID_ARGUMENT', 'x'), 'BadRequestError'),
    row(undefined, google(undefined, 'DEADLINE_EXCEEDED', 'x'), 'TimeoutError'),
    row(undefined, google(undefined, 'NOT_FOUND', 'x'), 'NotFoundError'),
    row(undefined, google(undefined, 'PERMISSION_DENIED', 'x'), 'PermissionDeniedError'),
    row(undefined, google(undefined, 'UNAUTHENTICATED', 'x'), 'AuthenticationError'),
    row(undefined, google(undefined, 'RESOURCE_EXHAUSTED', 'x'), RATE),
    row(undefined, google(undefined, 'CANCELLED', 'x'), 'APIConnectionError'),
    row(undefined, google(undefined, 'UNIMPLEMENTED', 'x'), 'BadRequestError'),
    row(undefined, google(undefined, 'DATA_LOSS', 'x'), 'InternalServerError'),
    row(undefined, google(undefined, 'ALREADY_EXISTS', 'x'), 'ConflictError'),
    row(400, { error: { code: 'invalid_request', message: 'x' } }, 'BadRequestError'),
    row(undefined, { promptFeedback: { blockReason: 'OTHER' } }, POLICY),
  ]);
});

describe('rows of the Ollama sheet', () => {
  itExplains('ollama', [
    row(400, { error: 'the prompt is longer than the context length currently available to the model' }, CONTEXT),
    row(400, { error: 'the input length exceeds the context length' }, CONTEXT),
    row(400, { error: 'input after truncation exceeds maximum context length' }, CONTEXT),
    row(500, { error: 'the request exceeds the available context size' }, CONTEXT),
    row(400, { error: '"gemma" does not support thinking' }, 'BadRequestError'),
    row(400, { error: 'registry.ollama.ai/library/gemma:2b does not support tools' }, 'BadRequestError'),
    row(400, { error: 'invalid reasoning value: "x"' }, 'BadRequestError'),
    row(401, { error: 'unauthorized', signin_url: 'https://ollama.com/connect?name=x' }, 'AuthenticationError'),
    row(403, { error: 'remote inference is unavailable' }, 'PermissionDeniedError'),
    row(403, '', 'PermissionDeniedError'),
    row(404, { error: "model 'x' not found" }, 'NotFoundError'),
    row(404, '404 page not found', 'NotFoundError'),
    row(429, { error: 'too many concurrent requests' }, RATE),
    row(429, { error: "you've reached your hourly usage limit" }, RATE, { retryable: false }),
    row(499, { error: 'request canceled' }, 'APIConnectionError'),
    row(500, { error: 'model runner has unexpectedly stopped' }, 'InternalServerError'),
    row(500, { error: 'model requires more system memory (21.0 GiB) than is available (5.0 GiB)' }, 'InternalServerError', {
      retryable: false,
    }),
    row(502, { error: 'upstream unreachable' }, 'ServiceUnavailableError'),
    row(503, { error: 'server busy, please try again.  maximum pending requests exceeded' }, 'ServiceUnavailableError'),
    row(503, { error: 'account unavailable' }, 'ServiceUnavailableError'),
    row(undefined, { error: 'model runner has unexpectedly stopped' }, 'InternalServerError'),
    row(undefined, { error: 'exceeds the available context size' }, CONTEXT),
  ]);
});

describe('rows of the vLLM and llama.cpp sheets', () => {
  itExplains('vllm', [
    row(
      400,
      openai(
        "This model's maximum context length is 4096 tokens. However, you requested 100 output tokens and your prompt contains at least 4000 input tokens",
        400,
        'BadRequestError',
      ),
      CONTEXT,
    ),
    row(
      400,
      openai('The decoder prompt (length 5000) is longer than the maximum model length of 4096.', 400, 'BadRequestError'),
      CONTEXT,
    ),
    row(400, openai('too many (parameter=input_tokens, value=5000)', 400, 'BadRequestError'), CONTEXT),
    row(
      400,
      openai(
        "'max_tokens' or 'max_completion_tokens' is too large: 9000. This model's maximum context length is 4096 tokens",
        400,
        'BadRequestError',
      ),
      CONTEXT,
    ),
    row(400, openai('"auto" tool choice requires --enable-auto-tool-choice', 400, 'BadRequestError'), 'BadRequestError'),
    row(400, openai('1 validation error: rate 429 403', 400, 'Bad Request'), 'BadRequestError'),
    row(401, { error: 'Unauthorized' }, 'AuthenticationError'),
    row(404, openai('The model `x` does not exist.', 404, 'NotFoundError'), 'NotFoundError'),
    row(404, { detail: 'Not Found' }, 'NotFoundError'),
    row(405, { detail: 'Method Not Allowed' }, 'BadRequestError'),
    row(422, openai('x', 422, 'UnprocessableEntityError'), 'UnprocessableEntityError'),
    row(499, '', 'APIConnectionError'),
    row(500, openai('EngineDeadError', 500, 'InternalServerError'), 'InternalServerError'),
    row(501, openai('x', 501, 'NotImplementedError'), 'BadRequestError'),
    row(503, { error: 'scaling' }, 'ServiceUnavailableError'),
  ]);
  itExplains('llamacpp', [
    row(
      400,
      {
        error: {
          code: 400,
          message: 'request (13392 tokens) exceeds the available context size (8192 tokens)',
          type: 'exceed_context_size_error',
          n_prompt_tokens: 13392,
          n_ctx: 8192,
        },
      },
      CONTEXT,
    ),
    row(400, openai('missing messages', 400), 'BadRequestError'),
    row(401, openai('Invalid API Key', 401, 'authentication_error'), 'AuthenticationError'),
    row(403, openai('no', 403, 'permission_error'), 'PermissionDeniedError'),
    row(404, openai('File Not Found', 404, 'not_found_error'), 'NotFoundError'),
    row(500, openai('input is too large to process. increase the physical batch size', 500, 'server_error'), CONTEXT),
    row(500, openai('Failed to parse input at pos 7', 500, 'server_error'), 'InternalServerError'),
    row(
      501,
      openai('This server does not support embeddings. Start it with --embeddings', 501, 'not_supported_error'),
      'BadRequestError',
    ),
    row(503, openai('Loading model', 503, 'unavailable_error'), 'ServiceUnavailableError'),
    row(400, { detail: '{"error":{"code":400,"message":"x","type":"exceed_context_size_error"}}' }, CONTEXT),
  ]);
});
