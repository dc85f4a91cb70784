import type { FailureRule } from '../../contract/provider.ts';
import { codeRule, textRule } from '../../wire/failure/rules.ts';
import { saysOverflow } from '../../wire/failure/wording.ts';

export const moonshotRules: readonly FailureRule[] = [
  // type and text speak of a quota, the status of a rate
  textRule(
    /insufficient balance|account .{0,80}is suspended|usage limit for this billing cycle/i,
    'insufficient_credits',
    400,
    402,
    403,
    429,
  ),
  // limits of the coding plan, sent as permission_error
  textRule(/\b(?:\d+-hour|daily|weekly) usage limit/i, { kind: 'rate_limit', retryable: false }, 403),
  textRule(/\bconcurrent request limit/i, 'rate_limit', 403),
  codeRule({
    insufficient_credits: 'exceeded_current_quota_error',
    rate_limit: 'rate_limit_reached_error',
    service_unavailable: 'engine_overloaded_error',
    not_found: 'resource_not_found_error',
  }),
];

/** Numbers as codes, in `error.code`; 1113 also with 401 and with type rate_limit_error. */
export const zaiRules: readonly FailureRule[] = [
  codeRule({
    insufficient_credits: '1113 1308 1309 1310',
    rate_limit: '1302 1303',
    service_unavailable: '1305',
    context_window_exceeded: '1261',
    content_policy_violation: '1301',
    not_found: '1211',
    permission_denied: '1311', // not in the plan
    bad_request: '1210 1213 1214',
    authentication: '1000 1001 1002 1003 1004',
  }),
  ({ status }) => (status === 434 ? 'permission_denied' : undefined),
];

export const dashscopeRules: readonly FailureRule[] = [
  textRule(
    /account is in good standing|free (?:tier|(?:allocated )?quota)\b.{0,40}(?:exhausted|exceeded)/i,
    'insufficient_credits',
  ),
  codeRule({
    insufficient_credits: 'Arrearage AllocationQuota.FreeTierOnly',
    content_policy_violation: 'data_inspection_failed DataInspectionFailed',
    rate_limit: 'LimitRequests Throttling Throttling.RateQuota Throttling.AllocationQuota Throttling.BurstRate limit_requests',
    authentication: 'InvalidApiKey invalid_api_key',
    permission_denied: 'CommodityNotPurchased',
    not_found: 'ModelNotFound model_not_found Model.NotFound',
  }),
  textRule(/request rate increased too quickly/i, 'rate_limit', 400, 429),
];

export const volcengineRules: readonly FailureRule[] = [
  codeRule({
    insufficient_credits: 'AccountOverdueError SetLimitExceeded QuotaExceeded',
    not_found: 'InvalidEndpointOrModel.NotFound ModelNotOpen',
    service_unavailable: 'ServerOverloaded',
  }),
  textRule(/set inference limit|\d-hour usage quota|overdue balance/i, 'insufficient_credits'),
];

const MINIMAX_CODES = codeRule({
  internal_server: '1000 1024 1033',
  timeout: '1001',
  rate_limit: '1002 1039 1041 2045',
  authentication: '1004 2049',
  insufficient_credits: '1008 2056 2061',
  content_policy_violation: '1026 1027',
});

/** 1013 and 2013 are parameters, unless the text says what is wrong with them. */
const minimaxParameter: FailureRule = ({ codes, message }) => {
  if (!codes.includes('1013') && !codes.includes('2013')) return undefined;
  if (saysOverflow(message)) return 'context_window_exceeded';
  return /unknown model/i.test(message) ? 'not_found' : 'bad_request';
};

/** The code is in `base_resp`, with status 200 mostly, or follows the message: `login failed (1004)`. */
const baseResp: FailureRule = (failure) => {
  const last = /\((\d{4})\)(?=\s|$)/.exec(failure.message)?.[1];
  const coded = last === undefined ? failure : { ...failure, codes: [last, ...failure.codes] };
  return MINIMAX_CODES(coded) ?? minimaxParameter(coded);
};

export const minimaxRules: readonly FailureRule[] = [baseResp];
