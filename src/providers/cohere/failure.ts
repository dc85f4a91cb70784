import type { FailureSpec } from '../../contract/provider.ts';
import { statusRule, textRule } from '../../wire/failure/rules.ts';

/**
 * How Cohere fails. Bodies have a message and no code: the status decides, and words where one status has several
 * meanings or an error comes inside a 200. Texts of docs.cohere.com, "Errors".
 */
export const cohereFailures: FailureSpec = {
  requestIdHeaders: ['x-debug-trace-id', 'x-request-id'],
  requestIdFields: ['id'],
  rules: [
    // named InvalidToken, but it is a deny-listed token of prompt or answer (cohere-openapi.yaml)
    statusRule(498, 'content_policy_violation'),
    textRule(/contains? a deny-?listed token/i, 'content_policy_violation'),
    // a trial key's cap of the month; caps of the minute are rates
    textRule(/limited to [\d,]+ api calls? ?(?:\/|per) ?month|past the per month request limit/i, 'insufficient_credits', 429),
    textRule(/maximum billing reached|add or update your payment method/i, 'insufficient_credits'),
    textRule(/past the per minute request limit|api calls? ?(?:\/|per) ?minute/i, 'rate_limit'),
    textRule(/too many tokens: max tokens must be/i, 'bad_request'),
    textRule(/^(?:invalid api token|no api key supplied)|^your api key has expired/i, 'authentication'),
    (failure) => (failure.status === undefined && /^invalid request:/i.test(failure.message) ? 'bad_request' : undefined),
  ],
};
