import type { FailureRule, FailureSpec } from '../../contract/provider.ts';
import { at } from '../../wire/failure/fields.ts';
import { codeRule, textRule } from '../../wire/failure/rules.ts';

/** A line of a batch result that is no error object: `{"result":{"type":"expired"}}`. */
const batchResult: FailureRule = ({ json, body, message }) => {
  const type = at(json, 'result', 'type');
  if (message !== '' || body === undefined) return undefined;
  if (type === 'expired') return { kind: 'timeout', message: 'the batch ended before this request was run' };
  return undefined;
};

/** How the Messages API fails, wherever it is spoken. Types and `details.error_code` as documented. */
export const anthropicFailures: FailureSpec = {
  requestIdHeaders: ['request-id', 'x-request-id'],
  rules: [
    batchResult,
    codeRule({
      insufficient_credits: `
        contract_spend_limit_reached enforced_spend_limit_reached linked_organization_spend_limit_reached billing_error`,
      rate_limit: 'ramp_limit_exceeded',
    }),
    // sent as a lack of rights (403 permission_error)
    textRule(/\btoken has (?:been revoked|expired)\b/i, 'authentication', 403),
    // the account, not the request (anthropics/claude-code#72457)
    textRule(/organization has been disabled/i, 'permission_denied', 400),
    // spend limit set by the owner, sent as 400 invalid_request_error or as 429
    textRule(
      /specified (?:workspace )?api usage limits|credit balance is too low|spend(?:ing)? limit/i,
      'insufficient_credits',
      400,
      402,
      429,
    ),
  ],
};
