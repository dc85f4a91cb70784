import type { FailureRule, FailureSpec } from '../../contract/provider.ts';
import { at, isFields, objectsAt } from '../../wire/failure/fields.ts';
import { codeRule, textRule } from '../../wire/failure/rules.ts';
import { saysOverflow } from '../../wire/failure/wording.ts';

/** A guardrail that could not be asked is not the prompt's fault; one that said no is (docs.mistral.ai, "Guardrailing"). */
const guardrail: FailureRule = ({ json, message, status }) => {
  const guardrails = objectsAt(json, 'guardrails');
  if (guardrails.length === 0 && !(status === 403 && /\bguardrail/i.test(message))) return undefined;
  const broken = guardrails.some((entry) => Object.values(entry).some((verdict) => isFields(at(verdict, 'error'))));
  return broken || /error in guardrail evaluation/i.test(message) ? 'service_unavailable' : 'content_policy_violation';
};

/** Types of 400s, for errors that come inside a 200. */
const invalidRequest: FailureRule = ({ codes, message, status }) =>
  status === undefined && codes.some((code) => /^invalid_request/.test(code)) && !saysOverflow(message)
    ? 'bad_request'
    : undefined;

/** How Mistral fails. Its envelopes are flat, codes are numbers as text, and the status says more than the type. */
export const mistralFailures: FailureSpec = {
  requestIdHeaders: ['mistral-correlation-id', 'x-kong-request-id', 'x-request-id'],
  rules: [
    guardrail,
    // 1300 stands for every limit, also that of the month
    textRule(/\bmonth(?:ly)?\b.{0,60}\b(?:limit|quota|tokens)\b|\b(?:limit|quota)\b.{0,60}\bmonth/i, 'insufficient_credits', 429),
    codeRule({ not_found: '1500 invalid_model', rate_limit: '1300 3505 rate_limited service_tier_capacity_exceeded' }),
    // sent with type invalid_request_error
    textRule(/service tier capacity exceeded/i, 'rate_limit', 429),
    textRule(/no active subscription|payment required/i, 'insufficient_credits'),
    (failure) => (failure.status === undefined && /^unauthorized$/i.test(failure.message) ? 'authentication' : undefined),
    invalidRequest,
  ],
};
