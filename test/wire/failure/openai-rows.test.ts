import { describe } from 'vitest';
import { itExplains, openai, row } from '../../support/failure-rows.ts';

const CONTEXT = 'ContextWindowExceededError';
const POLICY = 'ContentPolicyViolationError';
const MONEY = 'InsufficientCreditsError';
const RATE = 'RateLimitError';

describe('rows of the OpenAI sheet', () => {
  itExplains('openai', [
    row(400, openai('too long', 'context_length_exceeded'), CONTEXT),
    row(400, openai("This model's maximum context length is 8192 tokens."), CONTEXT),
    row(400, openai('Your input exceeds the context window of this model.'), CONTEXT),
    row(400, openai('Blocked.', 'content_policy_violation'), POLICY),
    row(400, openai('Blocked.', 'content_filter'), POLICY),
    row(400, openai('Blocked.', 'moderation_blocked', 'image_generation_user_error'), POLICY),
    row(400, openai('Blocked.', 'image_content_policy_violation'), POLICY),
    row(400, openai('Blocked.', 'cyber_policy'), POLICY),
    row(400, openai('Blocked.', 'bio_policy'), POLICY),
    row(400, openai('Blocked.', 'misalignment_policy_violation'), POLICY),
    row(400, openai('Invalid prompt: violating our usage policy. Please try again.', 'invalid_prompt'), POLICY),
    row(400, openai('Invalid prompt: it is empty.', 'invalid_prompt'), 'BadRequestError'),
    row(400, openai("Unsupported parameter: 'max_tokens'", 'unsupported_parameter'), 'BadRequestError'),
    row(400, openai("Unsupported value: 'temperature' does not support 0.2", 'unsupported_value'), 'BadRequestError'),
    row(
      400,
      openai('max_tokens is too large: 65536. This model supports at most 16384 completion tokens', 'invalid_value'),
      'BadRequestError',
    ),
    row(
      400,
      openai("Invalid 'messages[0].content': string too long. Expected maximum length 1048576", 'string_above_max_length'),
      'BadRequestError',
    ),
    row(400, openai('The model `gpt-9` does not exist', 'model_not_found'), 'NotFoundError'),
    row(401, openai('Incorrect API key provided: sk-***. Find yours at …', 'invalid_api_key'), 'AuthenticationError'),
    row(401, openai('Your IP is not authorized to access this resource', 'ip_not_authorized'), 'AuthenticationError'),
    row(401, openai('You must be a member of an organization to use the API', null), 'AuthenticationError'),
    row(
      403,
      openai('Country not supported', 'unsupported_country_region_territory', 'request_forbidden'),
      'PermissionDeniedError',
    ),
    row(403, openai('Project `p` does not have access to model `m`', 'model_not_found'), 'PermissionDeniedError'),
    row(404, openai('The model `gpt-9` does not exist', 'model_not_found'), 'NotFoundError'),
    row(404, openai('This is a chat model and not supported in the v1/completions endpoint.', null), 'NotFoundError'),
    row(409, openai('The resource was updated by another request'), 'ConflictError'),
    row(413, openai('Payload too large', null), 'RequestTooLargeError'),
    row(422, openai('Could not process', null), 'UnprocessableEntityError'),
    row(429, openai('You exceeded your current quota', null, 'insufficient_quota'), MONEY),
    row(429, openai('No credit', 'credit_balance_exhausted'), MONEY),
    row(429, openai('Limit', 'organization_spend_limit_exceeded'), MONEY),
    row(429, openai('Limit', 'project_spend_limit_exceeded'), MONEY),
    row(429, openai('Limit', 'organization_usage_limit_exceeded'), MONEY),
    row(429, openai('Billing hard limit has been reached', 'billing_hard_limit_reached'), MONEY),
    row(400, openai('Billing hard limit has been reached', 'billing_hard_limit_reached'), MONEY),
    row(429, openai('Your account is not active, please check your billing details', 'billing_not_active'), MONEY),
    row(429, openai('Rate limit reached for requests. Limit: 3 / min.', 'rate_limit_exceeded', 'requests'), RATE),
    row(429, openai('Slow down', 'slow_down', 'rate_limit_error'), RATE),
    row(
      429,
      openai(
        'Request too large for gpt-5 on tokens per min (TPM): Limit 30000, Requested 40000.',
        'rate_limit_exceeded',
        'tokens',
      ),
      RATE,
      { retryable: false },
    ),
    row(
      429,
      openai(
        'Rate limit reached for gpt-5 on requests per day (RPD): Limit 200, Used 200, Requested 1. Please try again in 7m12s.',
        'rate_limit_exceeded',
        'requests',
      ),
      RATE,
      { retryable: false },
    ),
    row(
      429,
      openai(
        'Rate limit reached on tokens per min (TPM): Limit 30,000, Used 29,000, Requested 2,000.',
        'rate_limit_exceeded',
        'tokens',
      ),
      RATE,
    ),
    row(500, openai('The server had an error', null, 'server_error'), 'InternalServerError'),
    row(502, '<html><head><title>502 Bad Gateway</title></head></html>', 'ServiceUnavailableError'),
    row(503, openai('The server is overloaded', 'server_is_overloaded', 'service_unavailable_error'), 'ServiceUnavailableError'),
    row(503, openai('Slow down', 'slow_down', 'service_unavailable_error'), 'ServiceUnavailableError'),
    row(503, openai('The engine is currently overloaded, please try again later'), 'ServiceUnavailableError'),
    row(408, openai('Request timeout'), 'TimeoutError'),
    row(504, '', 'TimeoutError'),
    row(undefined, openai('The server had an error', 'server_error', 'server_error'), 'InternalServerError'),
    row(undefined, openai('Overloaded', 'server_is_overloaded'), 'ServiceUnavailableError'),
    row(undefined, openai('Something', null, 'invalid_request_error'), 'BadRequestError'),
  ]);

  itExplains('text-completion-openai', [
    row(
      400,
      openai(
        "This model's maximum context length is 4097 tokens, however you requested 5360 tokens (1360 in your prompt; 4000 for the completion).",
      ),
      CONTEXT,
    ),
    row(400, openai('you must provide a model parameter'), 'BadRequestError'),
    row(404, openai('The model `text-davinci-003` has been deprecated, learn more here: …', 'model_not_found'), 'NotFoundError'),
    row(429, openai('…', 'insufficient_quota', 'insufficient_quota'), MONEY),
    row(503, openai('The server is currently overloaded'), 'ServiceUnavailableError'),
  ]);
});

describe('rows of the Azure sheet', () => {
  const inner = (name: string, results: string) => ({
    error: {
      message: 'filtered',
      code: 'x',
      [name]: { code: 'ResponsibleAIPolicyViolation', [results]: { hate: { filtered: true } } },
    },
  });
  itExplains('azure', [
    row(400, openai('The prompt triggered a filter', 'content_filter', null), POLICY),
    row(400, inner('innererror', 'content_filter_result'), POLICY),
    row(400, inner('inner_error', 'content_filter_results'), POLICY),
    row(400, openai('Image blocked', 'content_policy_violation'), POLICY),
    row(400, openai("The prompt triggering Azure OpenAI's content management policy"), POLICY),
    row(400, openai('The prompt triggering Azure OpenAI’s content management policy'), POLICY),
    row(400, openai('Your request was rejected as a result of our safety system.'), POLICY),
    row(400, openai('Invalid prompt', 'invalid_prompt'), POLICY),
    row(400, openai('Input tokens exceed the configured limit of 272000 tokens.'), CONTEXT),
    row(400, openai('The operation is unsupported', 'OperationUnsupportedOperationError'), 'BadRequestError'),
    row(400, openai('API version not supported', 'BadRequest', null), 'BadRequestError'),
    row(400, openai('The encrypted content could not be verified', 'invalid_encrypted_content'), 'BadRequestError'),
    row(
      401,
      { error: { code: '401', message: 'Access denied due to invalid subscription key or wrong API endpoint.' } },
      'AuthenticationError',
    ),
    row(401, { statusCode: 401, message: 'Access denied due to missing subscription key.' }, 'AuthenticationError'),
    row(
      401,
      { error: { code: 'PermissionDenied', message: 'The principal `x` lacks the required data action' } },
      'PermissionDeniedError',
    ),
    row(401, { error: { code: 'Unauthorized', message: 'Access token is expired' } }, 'AuthenticationError'),
    row(
      403,
      { error: { code: '403', message: 'Public access is disabled. Please configure private endpoint.' } },
      'PermissionDeniedError',
    ),
    row(
      404,
      { error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' } },
      'NotFoundError',
    ),
    row(404, { error: { code: '404', message: 'Resource not found' } }, 'NotFoundError'),
    row(408, { error: { code: 'Timeout', message: 'The operation was timeout.' } }, 'TimeoutError'),
    row(409, { error: { code: '409', message: 'Conflict' } }, 'ConflictError'),
    row(424, { error: { code: '424', message: 'Failed dependency' } }, 'BadRequestError'),
    row(422, { error: { code: '422', message: 'Unprocessable' } }, 'UnprocessableEntityError'),
    row(429, { error: { code: 'too_many_requests', message: 'Too many requests' } }, RATE),
    row(
      429,
      { error: { code: '429', message: 'Requests have exceeded token rate limit. Please retry after 86400 seconds.' } },
      RATE,
      { retryable: false },
    ),
    row(429, openai('You exceeded your current quota', 'insufficient_quota', 'insufficient_quota'), MONEY),
    row(500, { error: { code: 'InternalServerError', message: 'Internal server error' } }, 'InternalServerError'),
    row(500, openai('The model produced invalid content.', null, 'model_error'), 'InternalServerError'),
    row(
      503,
      { error: { code: 'ServiceUnavailable', message: 'The service is temporarily unable to process your request.' } },
      'ServiceUnavailableError',
    ),
    row(502, '', 'ServiceUnavailableError'),
    row(504, '', 'TimeoutError'),
  ]);
});
