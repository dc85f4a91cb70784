import type { FailureSpec } from '../../contract/provider.ts';
import { textRule } from '../../wire/failure/rules.ts';

/** OpenAI's own service; the shared rules know its codes. */
export const openaiFailures: FailureSpec = {
  requestIdHeaders: ['x-request-id'],
  rules: [
    // 403 with code model_not_found: the project may not use the model (recorded)
    textRule(/does not have access to (?:the )?model\b/i, 'permission_denied', 403),
    // 401 with code missing_scope: the key is known, its role does not reach that far
    textRule(/\bmissing scopes?:|insufficient permissions for this operation/i, 'permission_denied', 401),
    // as a 429 it is the caller's rate, as a 503 the service's load, whatever its type says
    ({ codes, status }) => (status === 503 && codes.includes('slow_down') ? 'service_unavailable' : undefined),
    textRule(/engine is currently overloaded|server is currently overloaded/i, 'service_unavailable', 500),
  ],
};
