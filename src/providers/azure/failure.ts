import type { FailureRule, FailureSpec } from '../../contract/provider.ts';
import { codeRule, statusRule, textRule } from '../../wire/failure/rules.ts';

/** The identity is known, a role is missing: not a matter of the credential, although sent as 401. */
const missingRole: FailureRule = ({ codes, status, message }) =>
  status === 401 &&
  (codes.includes('PermissionDenied') || /does not have access to api\/operation|lacks the required data action/i.test(message))
    ? 'permission_denied'
    : undefined;

const flaggedPrompt: FailureRule = ({ codes, status }) =>
  status === 400 && codes.includes('invalid_prompt') ? 'content_policy_violation' : undefined;

/** How Azure OpenAI fails: digits as codes, filters in `innererror`, network rules and roles. */
export const azureFailures: FailureSpec = {
  requestIdHeaders: ['apim-request-id', 'x-request-id', 'x-ms-request-id'],
  rules: [
    missingRole,
    flaggedPrompt,
    codeRule({ bad_request: 'OperationUnsupportedOperationError OperationNotSupported invalid_encrypted_content' }),
    textRule(/public access is disabled|virtual network|private endpoint/i, 'permission_denied', 403, 404),
    // API Management before the service: a quota of hours or days
    textRule(/out of call volume quota|token quota is exceeded/i, { kind: 'rate_limit', retryable: false }, 403),
    statusRule(424, 'bad_request'),
  ],
};
