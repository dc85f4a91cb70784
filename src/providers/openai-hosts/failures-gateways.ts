import type { FailureRule } from '../../contract/provider.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { at, textAt } from '../../wire/failure/fields.ts';
import { codeRule, statusRule, textRule } from '../../wire/failure/rules.ts';
import { saysMoney, saysOverflow } from '../../wire/failure/wording.ts';

/** Credits that are only bound by requests in flight come back by themselves. */
const inFlightBudget: FailureRule = ({ body, status }) =>
  status === 402 && textAt(body, 'metadata', 'limit_source') === 'openrouter_in_flight_budget'
    ? { kind: 'rate_limit', retryable: true }
    : undefined;

/** Whose limit it was: a budget of the workspace or of a guardrail, or the key's own. */
const spentBudget: FailureRule = ({ body }) =>
  /_(?:(?<!in_flight_)budget|key_limit|credits)$/.test(textAt(body, 'metadata', 'limit_source') ?? '')
    ? 'insufficient_credits'
    : undefined;

const moderation: FailureRule = ({ body, status }) =>
  status === 403 && (Array.isArray(at(body, 'metadata', 'reasons')) || at(body, 'metadata', 'flagged_input') !== undefined)
    ? 'content_policy_violation'
    : undefined;

const ERROR_TYPES: Readonly<Record<string, ErrorKind>> = {
  context_length_exceeded: 'context_window_exceeded',
  authentication: 'authentication',
  permission_denied: 'permission_denied',
  payment_required: 'insufficient_credits',
  rate_limit_exceeded: 'rate_limit',
  provider_overloaded: 'service_unavailable',
  provider_unavailable: 'service_unavailable',
  not_found: 'not_found',
  content_policy_violation: 'content_policy_violation',
  refusal: 'content_policy_violation',
  payload_too_large: 'request_too_large',
  unprocessable: 'unprocessable_entity',
  server: 'internal_server',
  timeout: 'timeout',
  token_limit_exceeded: 'bad_request',
  string_too_long: 'bad_request',
  invalid_request: 'bad_request',
  invalid_prompt: 'bad_request',
  precondition_failed: 'bad_request',
  max_tokens_exceeded: 'bad_request',
};

/** OpenRouter's own class of a failure, the same for all upstreams. Only overflow and credit texts of the upstream say more. */
const errorType: FailureRule = ({ body, json, message }) => {
  const type = textAt(body, 'metadata', 'error_type') ?? textAt(body, 'error_type') ?? textAt(json, 'error_type');
  if (type === undefined) return undefined;
  const kind = Object.hasOwn(ERROR_TYPES, type)
    ? ERROR_TYPES[type]
    : /^(?:invalid_)?image/.test(type)
      ? 'bad_request'
      : undefined;
  if (kind !== 'bad_request' && kind !== 'internal_server' && kind !== 'service_unavailable') return kind;
  if (type === 'token_limit_exceeded' || type === 'string_too_long') return kind;
  if (saysOverflow(message)) return 'context_window_exceeded';
  return saysMoney(message) ? 'insufficient_credits' : kind;
};

export const openrouterRules: readonly FailureRule[] = [
  inFlightBudget,
  spentBudget,
  moderation,
  // the key's own spending cap, sent as 403 (RooCodeInc/Roo-Code#515)
  textRule(/^(?:error: )?key limit exceeded/i, 'insufficient_credits', 402, 403),
  errorType,
  textRule(/data policy|privacy settings|guardrail restrictions/i, 'permission_denied', 404),
  textRule(/^no (?:allowed )?(?:endpoints|providers) (?:found|are available)/i, 'not_found', 400, 404),
];

/** LiteLLM's proxy: its own key and budget types; the class in front of a message is among the codes. */
export const proxyRules: readonly FailureRule[] = [
  codeRule({
    insufficient_credits: 'budget_exceeded',
    permission_denied: `
      key_model_access_denied team_model_access_denied user_model_access_denied org_model_access_denied
      project_model_access_denied team_member_permission_error`,
    authentication: 'expired_key token_not_found_in_db',
  }),
  textRule(/budget has been exceeded|over budget/i, 'insufficient_credits', 400, 401, 403, 429),
  textRule(/no deployments available/i, { kind: 'rate_limit', retryable: true }, 429),
];

export const portkeyRules: readonly FailureRule[] = [
  statusRule(446, 'content_policy_violation'),
  textRule(/guardrail checks defined in the config failed/i, 'content_policy_violation'),
];

export const vercelRules: readonly FailureRule[] = [
  codeRule({ bad_request: 'failed_dependency', permission_denied: 'forbidden', not_found: 'model_not_found' }),
];
