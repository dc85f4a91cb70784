import type { FailureRule, FailureSpec } from '../../contract/provider.ts';
import { anthropicFailures } from '../../dialects/anthropic/failure.ts';
import { geminiFailures } from '../../dialects/gemini/failure.ts';
import { at } from '../../wire/failure/fields.ts';
import { textRule } from '../../wire/failure/rules.ts';

/** A gateway's 5xx around a 429. */
const wrappedRateLimit: FailureRule = ({ status, body }) =>
  status !== undefined && status >= 500 && at(body, 'code') === 429 ? 'rate_limit' : undefined;

/** Google's envelope or Anthropic's, whichever part of the service answers. */
export const vertexFailures: FailureSpec = {
  requestIdHeaders: ['request-id', 'x-goog-request-id', 'x-request-id'],
  rules: [
    wrappedRateLimit,
    // a model that is not enabled in the Model Garden, or that a policy of the organisation closes
    textRule(/is not allowed to use publisher model|org(?:anization)? policy|\bconstraints\/\w/i, 'permission_denied', 400),
    ...(geminiFailures.rules ?? []),
    ...(anthropicFailures.rules ?? []),
  ],
};
