import type { FailureSpec } from '../../contract/provider.ts';
import { codeRule, textRule } from '../../wire/failure/rules.ts';

/** How PhariaAI fails: `error` as text with a `code` beside it, or OpenAI's envelope. */
export const alephAlphaFailures: FailureSpec = {
  requestIdHeaders: ['x-request-id'],
  rules: [
    codeRule({ insufficient_credits: 'OUT_OF_QUOTA QUOTA_EXCEEDED', service_unavailable: 'QUEUE_FULL WORKER_NOT_AVAILABLE' }),
    // LiteLLM's wording for Luminous, and the vendor client's for a token
    textRule(
      /longer than the model's maximum context length|prompt .{0,80}exceeds the maximum/i,
      'context_window_exceeded',
      400,
      413,
    ),
    textRule(/^(?:InvalidToken|No token provided)\b/i, 'authentication', 400, 401),
  ],
};
