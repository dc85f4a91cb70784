import type { Verdict } from '../../contract/provider.ts';
import type { ErrorKind } from '../../errors/kinds.ts';

/** A code's letters and digits in lower case, so that `RateLimitReached` and `rate_limit_reached` are one. */
export const squash = (code: string): string =>
  code
    .slice(0, 96)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '');

type CodeTable = ReadonlyMap<string, Verdict>;

function tableOf(rows: { readonly [K in ErrorKind]?: string }): CodeTable {
  const table = new Map<string, Verdict>();
  for (const [kind, codes] of Object.entries(rows)) {
    for (const code of codes.trim().split(/\s+/)) table.set(squash(code), { kind: kind as ErrorKind });
  }
  return table;
}

/** Codes and types that settle the matter, before any wording and at every status but 401 and 403. */
const DECISIVE = tableOf({
  context_window_exceeded: `
    context_length_exceeded model_context_window_exceeded context_window_exceeded exceed_context_size_error
    max_tokens_per_request tokens_limit_reached ContextWindowExceededError ERROR_LIMIT`,
  content_policy_violation: `
    content_filter content_policy_violation content_moderation data_inspection_failed sensitive_words_detected sensitive
    image_content_policy_violation refusal ResponsibleAIPolicyViolation ContentFiltering cyber_policy bio_policy
    misalignment_policy_violation moderation_blocked safety_violation ContentPolicyViolationError ERROR_TOXIC`,
  insufficient_credits: `
    insufficient_quota insufficient_balance insufficient_credits insufficient_credit insufficient_funds insufficient_user_quota
    billing_hard_limit_reached billing_not_active billing_error credit_limit credit_limit_reached credit_balance_exhausted
    organization_usage_limit_exceeded budget_exceeded BudgetExceededError Arrearage AccountOverdueError
    exceeded_current_quota_error payment_required NOT_ENOUGH_BALANCE AllocationQuota.FreeTierOnly token_quota_reached`,
  authentication: `
    invalid_api_key InvalidApiKey incorrect_api_key wrong_api_key api_key_required API_KEY_INVALID invalid_authentication
    invalid_authentication_error authentication_error FAILED_TO_AUTH UnrecognizedClientException InvalidSignatureException
    MissingAuthenticationTokenException MissingAuthenticationToken IncompleteSignature InvalidClientTokenId
    authentication_token_not_valid ExpiredToken ExpiredTokenException expired_key token_expired access_token_expired
    authentication_token_expired expired_api_key api_key_expired RequestExpired`,
  not_found: `
    model_not_found model_not_available unknown_model model_not_supported model_deprecated model_decommissioned model_retired invalid_model ModelNotFound
    DeploymentNotFound ModelNotOpen InvalidEndpointOrModel.NotFound endpoint_not_found resource_does_not_exist
    github_models_retirement_brownout ResourceNotFoundException`,
  rate_limit: `
    rate_limit_exceeded rate_limit_reached rate_limit_reached_error RateLimitReached rate_limited too_many_requests
    too_many_requests_error request_quota_exceeded token_quota_exceeded queue_exceeded queue_full limit_requests
    request_limit_exceeded service_tier_capacity_exceeded consumption_limit_reached user_rate_limit_exceeded`,
  service_unavailable: `
    overloaded_error engine_overloaded_error provider_overloaded provider_unavailable server_is_overloaded ServerOverloaded
    service_unavailable_error ServiceUnavailableException SERVICE_NOT_AVAILABLE unavailable_error maintenance
    temporarily_unavailable ModelNotReadyException infra_overload`,
  timeout: 'timeout_error ModelTimeoutException',
  unsupported_params: 'UnsupportedParamsError',
  request_too_large: 'request_too_large payload_too_large request_entity_too_large',
});

const DECISIVE_FORMS: readonly (readonly [RegExp, Verdict])[] = [
  [/spendlimit(?:exceeded|reached)$/, { kind: 'insufficient_credits' }], // OpenAI's and Anthropic's *_spend_limit_*
  [/(?:bill|service|account)overdue/, { kind: 'insufficient_credits' }], // DashScope PrepaidBillOverdue, Volcengine OperationDenied.ServiceOverdue
  [/(?<!media|image|vision|tokens?|thinking|reasoning|time)budget(?:limit)?exceeded$/, { kind: 'insufficient_credits' }], // DashScope BudgetLimitExceeded, LiteLLM
  [/^insufficient(?:account|user)?(?:balance|credits?|funds|budget)/, { kind: 'insufficient_credits' }], // Jina InsufficientBalanceError, gateways
  [
    /context(?:length|window|size|limit)?(?:exceeded|overflow)|exceed(?:s|ed)?(?:max)?context|^(?:prompt|input)too(?:long|large)$/,
    { kind: 'context_window_exceeded' }, // gateways and small servers: context_exceeded, provider_context_overflow, prompt_too_long
  ],
  [/^(?:content|prompt|input|output|response)(?:blocked|flagged|filtered|moderated)$/, { kind: 'content_policy_violation' }], // Azure ContentFiltered, Gemini content_blocked
  [/sensitivecontentdetected/, { kind: 'content_policy_violation' }], // Volcengine's Input*/Output* codes and their refinements
  [/(?:request|gateway|upstream|internalerror)timeout$/, { kind: 'timeout' }], // DashScope InternalError.Timeout
  [/^throttling(?!error$)|toomanyrequests|^ratelimitexceeded/, { kind: 'rate_limit' }], // DashScope Throttling.*, Volcengine RateLimitExceeded.*
];

/** A parameter is wrong: whatever the text sounds like, the status decides. */
const PARAMETER = new Set(
  `unsupported_parameter unsupported_value invalid_value invalid_type missing_required_parameter unknown_parameter
   string_above_max_length string_below_min_length array_above_max_length integer_above_max_value integer_below_min_value
   decimal_above_max_value decimal_below_min_value invalid_image_url invalid_image_format invalid_base64 invalid_encrypted_content
   json_validate_failed tool_use_failed invalid_function_parameters`
    .split(/\s+/)
    .map(squash),
);

/** Codes and types that are often wrong or too broad to beat the text, but that say more than the status. */
const TELLING = tableOf({
  rate_limit: 'rate_limit_error RateLimitError throttling_error RESOURCE_EXHAUSTED rateLimitExceeded',
  permission_denied: `
    permission_denied permission_denied_error permission_error PermissionDeniedError AccessDeniedException access_denied forbidden
    request_forbidden unsupported_country_region_territory ACCESS_DENY not_authorized`,
  not_found: 'not_found_error not_found NotFoundError resource_not_found resource_not_found_error',
  conflict: 'conflict_error ConflictException',
  timeout: 'timeout DEADLINE_EXCEEDED',
  service_unavailable: 'ServiceUnavailableError',
  authentication: 'AuthenticationError UNAUTHENTICATED unauthorized auth_error invalid_token',
});

/** What a type says when there is no status either. */
const LAST = tableOf({
  bad_request: `
    invalid_request_error invalid_request BadRequestError bad_request INVALID_ARGUMENT FAILED_PRECONDITION OUT_OF_RANGE
    UNIMPLEMENTED not_supported_error ValidationException invalid_prompt unprocessable_error`,
  unprocessable_entity: 'unprocessable unprocessable_entity UnprocessableEntityError validation_error',
  conflict: 'conflict ABORTED ALREADY_EXISTS',
  connection: 'CANCELLED',
  service_unavailable:
    'overloaded overload service_unavailable UNAVAILABLE cf_bad_gateway cf_service_unavailable bad_gateway capacity_exceeded',
  rate_limit: 'tokens requests rate_limit slow_down',
  internal_server: 'server_error api_error internal_error internal_server_error INTERNAL UNKNOWN DATA_LOSS error',
});

/** The code says that a sent credential has run out, or is none: authentication, even with a 403. */
const CREDENTIAL =
  /^(?:expired|requestexpired|tokenexpired|accesstokenexpired|apikeyexpired|authenticationtokenexpired|unrecognizedclient|invalidsignature|missingauthenticationtoken|invalidclienttokenid|incompletesignature)/;

/** The verdict of the first code that settles the matter. With 401 and 403 only some kinds do. */
export function byDecisiveCode(codes: readonly string[], status: number | undefined): Verdict | 'parameter' | undefined {
  const guarded = status === 401 || status === 403;
  for (const code of codes) {
    const key = squash(code);
    const verdict = DECISIVE.get(key) ?? DECISIVE_FORMS.find(([form]) => form.test(key))?.[1];
    if (verdict !== undefined && (!guarded || outranksStatus(verdict.kind, key))) return verdict;
    if (verdict === undefined && !guarded && PARAMETER.has(key)) return key === 'toolusefailed' ? SAMPLED_BADLY : 'parameter';
  }
  return undefined;
}

/** Groq: the model wrote a bad tool call; another sample often passes. */
const SAMPLED_BADLY: Verdict = { kind: 'bad_request', retryable: true };

const outranksStatus = (kind: ErrorKind, key: string): boolean =>
  kind === 'insufficient_credits' ||
  kind === 'context_window_exceeded' ||
  kind === 'content_policy_violation' ||
  (kind === 'authentication' && CREDENTIAL.test(key));

/** Whatever else a host puts around it: `user_rate_limit`, `rate_limit.minute`. */
const RATE_NAME = /ratelimit(?!er)|toomanyrequests/;

export const byTellingCode = (codes: readonly string[]): Verdict | undefined =>
  firstIn(TELLING, codes) ?? (codes.some((code) => RATE_NAME.test(squash(code))) ? { kind: 'rate_limit' } : undefined);

export const byLastCode = (codes: readonly string[]): Verdict | undefined => firstIn(LAST, codes) ?? firstIn(TELLING, codes);

function firstIn(table: CodeTable, codes: readonly string[]): Verdict | undefined {
  for (const code of codes) {
    const verdict = table.get(squash(code));
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}
