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

describe('gateways and local servers', () => {
  const router = (code: number, message: string, metadata: object = {}) => ({ error: { code, message, metadata } });
  const typed = (error_type: string) => router(400, 'Provider returned error', { error_type });
  itExplains('openrouter', [
    row(400, typed('context_length_exceeded'), CONTEXT),
    row(400, typed('token_limit_exceeded'), BAD),
    row(400, typed('string_too_long'), BAD),
    row(401, typed('authentication'), AUTH),
    row(403, typed('permission_denied'), PERMISSION),
    row(402, typed('payment_required'), MONEY),
    row(429, typed('rate_limit_exceeded'), RATE),
    row(502, typed('provider_overloaded'), BUSY),
    row(502, typed('provider_unavailable'), BUSY),
    row(404, typed('not_found'), MISSING),
    row(400, typed('content_policy_violation'), POLICY),
    row(400, typed('refusal'), POLICY),
    row(422, typed('unprocessable'), 'UnprocessableEntityError'),
    row(400, typed('invalid_request'), BAD),
    row(400, typed('image_too_large'), BAD),
    row(400, typed('max_tokens_exceeded'), BAD),
    row(500, typed('server'), 'InternalServerError'),
    row(408, typed('timeout'), 'TimeoutError'),
    row(503, typed('unmapped'), BUSY),
    row(
      402,
      router(
        402,
        'This request requires more credits, or fewer max_tokens. You requested up to 32000 tokens, but can only afford 1200.',
      ),
      MONEY,
    ),
    row(402, router(402, 'Wait', { limit_source: 'openrouter_in_flight_budget' }), RATE, { headers: { 'retry-after': '3' } }),
    row(
      403,
      router(403, 'Your chosen model requires moderation and your input was flagged', {
        reasons: ['violence'],
        flagged_input: 'x',
        provider_name: 'OpenAI',
      }),
      POLICY,
    ),
    row(403, router(403, 'Only management keys can perform this operation'), PERMISSION),
    row(403, router(403, 'Key limit exceeded (total limit). Manage it using https://openrouter.ai/settings/keys'), MONEY),
    row(404, router(404, 'No endpoints found for x/y.'), MISSING),
    row(404, router(404, 'No endpoints found matching your data policy. Enable prompt training here'), PERMISSION),
    row(
      429,
      router(429, 'Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day'),
      RATE,
      { retryable: false },
    ),
    row(429, router(429, 'Rate limit exceeded: free-models-per-min.'), RATE),
    row(502, router(502, 'Bad gateway'), BUSY),
    row(503, router(503, 'No available model provider'), BUSY),
    row(524, router(524, 'timeout'), 'TimeoutError'),
    row(529, router(529, 'overloaded'), BUSY),
    row(
      400,
      router(400, 'Provider returned error', {
        raw: '{"error":{"message":"prompt is too long: 5 tokens > 4 maximum"}}',
        provider_name: 'Anthropic',
      }),
      CONTEXT,
    ),
    row(undefined, router(429, 'Rate limited upstream'), RATE),
    row(413, router(413, 'Too large', { error_type: 'payload_too_large' }), 'RequestTooLargeError'),
  ]);
  itExplains('litellm_proxy', [
    row(400, openai('Budget has been exceeded! Current cost: 5.0, Max budget: 1.0', '400', 'budget_exceeded'), MONEY),
    row(429, openai('ExceededBudget: User over budget', '429', 'budget_exceeded'), MONEY),
    row(401, openai('Authentication Error, Invalid proxy server token passed', '401', 'auth_error'), AUTH),
    row(401, openai('Authentication Error, Expired Key', '401', 'expired_key'), AUTH),
    row(403, openai('key not allowed to access model', '403', 'key_model_access_denied'), PERMISSION),
    row(401, openai('key not allowed to access model', '401', 'key_model_access_denied'), PERMISSION),
    row(400, openai('litellm.ContextWindowExceededError: litellm.BadRequestError: x', '400', null), CONTEXT),
    row(400, openai('litellm.ContentPolicyViolationError: AzureException - x', '400', null), POLICY),
    row(400, openai('litellm.UnsupportedParamsError: m does not support parameters', '400', null), 'UnsupportedParamsError'),
    row(
      500,
      openai(
        'litellm.RateLimitError: AnthropicException - {"type":"error","error":{"type":"rate_limit_error","message":"slow"}}',
        '500',
        null,
      ),
      RATE,
    ),
    row(
      429,
      openai('litellm.RateLimitError: RateLimitError: OpenAIException - You exceeded your current quota', '429', null),
      MONEY,
    ),
    row(
      400,
      openai(
        "litellm.BadRequestError: OpenAIException - Error code: 400 - {'error': {'message': 'x', 'code': 'context_length_exceeded'}}",
        '400',
        null,
      ),
      CONTEXT,
    ),
    row(500, openai('litellm.Timeout: Request timed out', '500', null), 'TimeoutError'),
    row(404, openai('litellm.NotFoundError: x', '404', null), MISSING),
    row(429, openai('No deployments available for selected model, Try again in 5 seconds. cooldown_list=[]', '429', null), RATE),
  ]);
  itExplains('portkey', [
    row(
      446,
      {
        error: {
          message:
            'The guardrail checks defined in the config failed. You can find more information in the `hook_results` object.',
          type: 'hooks_failed',
        },
        hook_results: {},
      },
      POLICY,
    ),
    row(400, { status: 'failure', message: 'Invalid config passed' }, BAD),
  ]);
  itExplains('vercel_ai_gateway', [
    row(401, openai('no', null, 'authentication_error'), AUTH),
    row(400, openai('no', null, 'invalid_request_error'), BAD),
    row(429, openai('no', null, 'rate_limit_exceeded'), RATE),
    row(404, openai("Model 'x' not found", null, 'model_not_found'), MISSING),
    row(500, openai('no', null, 'internal_server_error'), 'InternalServerError'),
    row(424, openai('no', null, 'failed_dependency'), BAD),
    row(403, openai('no', null, 'forbidden'), PERMISSION),
  ]);
  itExplains('baseten', [
    row(404, { error: 'please check the model you provided' }, MISSING),
    row(400, { error: 'please check the model you provided' }, MISSING),
  ]);
  itExplains('voyage', [
    row(
      429,
      {
        detail:
          'You have not yet added your payment method in the billing page and will have reduced rate limits of 3 RPM and 10K TPM.',
      },
      RATE,
    ),
    row(400, { detail: "Request to model 'voyage-4' failed. The max allowed tokens per submitted batch is 120000." }, CONTEXT),
    row(400, { detail: "Argument 'input_type' is invalid." }, BAD),
  ]);
  itExplains('lm_studio', [
    row(
      400,
      {
        error:
          'The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 10978 >= n_ctx: 8192).',
      },
      CONTEXT,
    ),
    row(400, { error: 'Context size has been exceeded' }, CONTEXT),
    row(
      404,
      { error: { message: 'No models loaded. Please load a model in the developer page', type: 'invalid_request_error' } },
      MISSING,
    ),
  ]);
  itExplains('openai_compatible', [
    row(402, openai('余额不足', null), MONEY),
    row(403, openai('用户额度不足', 'insufficient_user_quota', 'new_api_error'), MONEY),
    row(
      429,
      {
        error: {
          code: 'RateLimitReached',
          message: 'Rate limit of 50 per 86400s exceeded for UserByModelByDay. Please wait 5631 seconds before retrying.',
          details: 'x',
        },
      },
      RATE,
      { retryable: false },
    ),
    row(
      413,
      { error: { code: 'tokens_limit_reached', message: 'Request body too large for gpt-4o model. Max size: 8000 tokens.' } },
      CONTEXT,
    ),
    row(410, { error: { code: 'github_models_retirement_brownout', message: 'gone' } }, MISSING),
    row(401, '"Api key is invalid"', AUTH),
    row(503, '<!doctype html><html><body>Service Unavailable</body></html>', BUSY),
    row(
      429,
      { error: { message: 'You exceeded your current quota … ai.google.dev', code: 429, status: 'RESOURCE_EXHAUSTED' } },
      RATE,
    ),
    row(413, '', 'RequestTooLargeError'),
  ]);
});
