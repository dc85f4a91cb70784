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

describe('hosts with numbers and names of their own', () => {
  itExplains('moonshot', [
    row(
      429,
      openai('Your account x is suspended due to insufficient balance, please recharge', null, 'exceeded_current_quota_error'),
      MONEY,
    ),
    row(429, openai('Your account reached max request', null, 'rate_limit_reached_error'), RATE),
    row(429, openai('The engine is currently overloaded, please try again later', null, 'engine_overloaded_error'), BUSY),
    row(401, openai('Invalid Authentication', null, 'invalid_authentication_error'), AUTH),
    row(403, openai('no', null, 'permission_denied_error'), PERMISSION),
    row(404, openai('Not found the model x or Permission denied', null, 'resource_not_found_error'), MISSING),
    row(400, openai('Your request exceeded model token limit: 262144 (requested: 291351)'), CONTEXT),
    row(400, openai('The request was rejected because it was considered high risk', null, 'content_filter'), POLICY),
  ]);
  const zai = (code: string, message = 'x') => ({ error: { code, message }, request_id: 'r' });
  itExplains('zai', [
    row(429, zai('1113', 'Insufficient balance or no resource package. Please recharge.'), MONEY),
    row(401, zai('1113', 'Insufficient balance'), MONEY),
    row(429, zai('1308', 'Usage limit reached for 5 hour. Your limit will reset at 2026-01-02 10:00:00'), MONEY),
    row(429, zai('1309', 'Your package has expired'), MONEY),
    row(429, zai('1302', 'High concurrency usage of this API'), RATE),
    row(400, zai('1261', 'Prompt exceeds max length'), CONTEXT),
    row(400, zai('1301', 'System detected potentially unsafe or sensitive content'), POLICY),
    row(400, zai('1211', 'Unknown Model, please check the model code.'), MISSING),
    row(400, zai('1210', 'Incorrect parameters'), BAD),
    row(401, zai('1000', 'Authentication Failed'), AUTH),
    row(434, zai('434', 'No API permission'), PERMISSION),
    row(435, zai('435', 'File size must not exceed 100MB'), BAD),
  ]);
  itExplains('dashscope', [
    row(
      400,
      { code: 'Arrearage', message: 'Access denied, please make sure your account is in good standing.', request_id: 'r' },
      MONEY,
    ),
    row(400, openai('Access denied, please make sure your account is in good standing.', 'Arrearage', 'Arrearage'), MONEY),
    row(400, openai('Input data may contain inappropriate content.', 'data_inspection_failed'), POLICY),
    row(400, { code: 'DataInspectionFailed', message: 'Output data may contain inappropriate content.' }, POLICY),
    row(400, openai('Range of input length should be [1, 98304]', 'invalid_parameter_error'), CONTEXT),
    row(400, openai('Range of max_tokens should be [1, 8192]', 'invalid_parameter_error'), BAD),
    row(403, openai('The free quota has been exhausted.', 'AllocationQuota.FreeTierOnly'), MONEY),
    row(429, openai('Requests rate limit exceeded', 'Throttling.RateQuota'), RATE),
    row(429, openai('You exceeded your current requests list.', 'limit_requests'), RATE),
    row(429, openai('Request rate increased too quickly.', 'Throttling.BurstRate'), RATE),
    row(401, openai('Incorrect API key provided.', 'invalid_api_key'), AUTH),
    row(401, { code: 'InvalidApiKey', message: 'Invalid API-key provided.' }, AUTH),
    row(404, openai('The model `x` does not exist', 'model_not_found'), MISSING),
  ]);
  itExplains('volcengine', [
    row(
      403,
      openai('The request failed because your account has an overdue balance. Request id: 1', 'AccountOverdueError', 'Forbidden'),
      MONEY,
    ),
    row(404, openai('The model or endpoint x does not exist', 'InvalidEndpointOrModel.NotFound', 'NotFound'), MISSING),
    row(404, openai('Your account has not activated the model x.', 'ModelNotOpen', 'NotFound'), MISSING),
    row(429, openai('RPM', 'RateLimitExceeded.EndpointRPMExceeded', 'TooManyRequests'), RATE),
    row(429, openai('has reached the set inference limit for the model', 'SetLimitExceeded', 'TooManyRequests'), MONEY),
    row(429, openai('The service is overloaded', 'ServerOverloaded', 'TooManyRequests'), BUSY),
    row(429, openai('You have exceeded the 5-hour usage quota', 'AccountQuotaExceeded', 'TooManyRequests'), MONEY),
    row(400, openai('x', 'InputImageSensitiveContentDetected', 'BadRequest'), POLICY),
    row(400, openai('x', 'OutputTextSensitiveContentDetected', 'BadRequest'), POLICY),
  ]);
  const minimax = (status_code: number, status_msg: string) => ({ base_resp: { status_code, status_msg } });
  itExplains('minimax', [
    row(undefined, minimax(1000, 'unknown error'), 'InternalServerError'),
    row(undefined, minimax(1001, 'timeout'), 'TimeoutError'),
    row(undefined, minimax(1002, 'rate limit'), RATE),
    row(undefined, minimax(1004, 'login fail'), AUTH),
    row(undefined, minimax(1008, 'insufficient balance'), MONEY),
    row(undefined, minimax(1026, 'input new_sensitive'), POLICY),
    row(undefined, minimax(1027, 'output new_sensitive'), POLICY),
    row(undefined, minimax(2013, 'invalid params, context window exceeds limit (2013)'), CONTEXT),
    row(undefined, minimax(2013, "invalid params, unknown model 'x'"), MISSING),
    row(undefined, minimax(2013, 'invalid params, temperature'), BAD),
    row(undefined, minimax(2056, 'usage limit exceeded'), MONEY),
    row(
      400,
      { type: 'error', error: { type: 'bad_request_error', message: 'invalid params, context window exceeds limit (2013)' } },
      CONTEXT,
    ),
  ]);
});
