import type { FailureRule, FailureSpec, UnderstoodFailure, Verdict } from '../../contract/provider.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { at, isFields, objectsAt, textAt } from '../../wire/failure/fields.ts';
import { textRule } from '../../wire/failure/rules.ts';

/** The prompt was blocked: a 200 without candidates. */
const blockedPrompt: FailureRule = ({ json }) => {
  const reason = textAt(json, 'promptFeedback', 'blockReason');
  return reason === undefined
    ? undefined
    : { kind: 'content_policy_violation', message: `the prompt was blocked (${reason})`, details: { blockReason: reason } };
};

/** A key that is wrong or expired comes as 400. */
const wrongKey: FailureRule = ({ codes, status, message }) =>
  status === 400 && (codes.includes('API_KEY_INVALID') || /api key (?:not valid|expired|not found)/i.test(message))
    ? 'authentication'
    : undefined;

/** Region, billing and project conditions: the request is right, the account may not send it. */
const closedToAccount: FailureRule = ({ codes, message }) =>
  codes.includes('FAILED_PRECONDITION') &&
  /location is not supported|billing|is not allowed to use|organization policy|not enabled/i.test(message)
    ? 'permission_denied'
    : undefined;

function errorDetails(failure: UnderstoodFailure, name: string) {
  return objectsAt(failure.body, 'details').filter((detail) => textAt(detail, '@type')?.endsWith(name));
}

const limitIsZero = (violations: readonly object[], message: string): boolean =>
  /\blimit: 0\b/i.test(message) ||
  violations.some((violation) => ['0', 0].includes(at(violation, 'quotaValue') as string | number));

/** 429 and its cousins: a quota per minute passes, one per day does not, one of nothing at all is a matter of money. */
const exhausted: FailureRule = (failure): Verdict | undefined => {
  const { codes, status, message } = failure;
  if (status !== 429 && status !== 402 && !codes.includes('RESOURCE_EXHAUSTED')) return undefined;
  if (
    /prepay|prepaid|credits? (?:are|is|have been|has been)? ?(?:depleted|exhausted)|spend(?:ing)? (?:limit|cap)/i.test(message)
  ) {
    return { kind: 'insufficient_credits' };
  }
  if (status === 402) return { kind: 'insufficient_credits' };
  const violations = errorDetails(failure, 'QuotaFailure').flatMap((detail) => objectsAt(detail, 'violations'));
  const quotaIds = [
    ...violations.map((violation) => textAt(violation, 'quotaId')),
    ...errorDetails(failure, 'ErrorInfo').map((detail) => textAt(detail, 'metadata', 'quota_limit')),
  ].filter((id) => id !== undefined);
  const details = quotaIds.length === 0 ? {} : { details: { quotaIds } };
  if (limitIsZero(violations, message)) return { kind: 'insufficient_credits', ...details };
  const perDay = quotaIds.some((id) => /PerDay|PerMonth|PerWeek/i.test(id)) || /\bper (?:day|month)\b/i.test(message);
  if (perDay) return { kind: 'rate_limit', retryable: false, ...details };
  const givesDelay = errorDetails(failure, 'RetryInfo').length > 0 || /retry in [\d.]+/i.test(message) || quotaIds.length > 0;
  // without any delay this text stood until midnight (reported)
  if (/exceeded your current quota/i.test(message) && !givesDelay) return { kind: 'rate_limit', retryable: false };
  return { kind: 'rate_limit', ...details };
};

/** gRPC codes, in batch items and where a gateway lost the HTTP status. */
const GRPC: ReadonlyMap<number, ErrorKind> = new Map([
  [1, 'connection'],
  [3, 'bad_request'],
  [4, 'timeout'],
  [5, 'not_found'],
  [7, 'permission_denied'],
  [8, 'rate_limit'],
  [9, 'bad_request'],
  [10, 'conflict'],
  [13, 'internal_server'],
  [14, 'service_unavailable'],
  [16, 'authentication'],
]);

const grpcCode: FailureRule = ({ body, status }) => {
  const code = isFields(body) ? at(body, 'code') : undefined;
  return status === undefined && typeof code === 'number' ? GRPC.get(code) : undefined;
};

const aborted: FailureRule = ({ codes }) => (codes.includes('ABORTED') ? { kind: 'conflict', retryable: true } : undefined);

/** How Google's Generative Language API fails, wherever it is spoken. */
export const geminiFailures: FailureSpec = {
  requestIdHeaders: ['x-goog-request-id', 'x-request-id'],
  rules: [
    blockedPrompt,
    wrongKey,
    closedToAccount,
    exhausted,
    aborted,
    grpcCode,
    textRule(/request payload size exceeds the limit/i, 'request_too_large', 400),
    textRule(/\bthe response was blocked\b/i, 'content_policy_violation'),
  ],
};
