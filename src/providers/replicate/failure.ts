import type { FailureRule, FailureSpec, UnderstoodFailure } from '../../contract/provider.ts';
import type { Fields } from '../../wire/failure/fields.ts';
import { at } from '../../wire/failure/fields.ts';

const statusOf = ({ json }: UnderstoodFailure): unknown => at(json, 'status');

/** The code that ends the message of a failed prediction: `… (E005)` (replicate.com/docs, "Error codes"). */
const CODE = /\bE\d{3,4}\b/;

const BY_CODE: Readonly<Record<string, ReturnType<FailureRule>>> = {
  E005: 'content_policy_violation',
  E1001: { kind: 'internal_server', retryable: false },
  E4875: 'bad_request',
  E6716: 'service_unavailable',
};

/** A prediction that was ended from outside: by its own deadline, or by somebody with the key. */
const ended: FailureRule = (failure) => {
  const status = statusOf(failure);
  if (status !== 'canceled' && status !== 'aborted') return undefined;
  const message = failure.message === '' ? `the prediction was ${status}` : failure.message;
  if (at(failure.json, 'deadline') !== undefined) return { kind: 'timeout', message: `${message} at its deadline` };
  return { kind: 'connection', retryable: false, message };
};

const failed: FailureRule = (failure) => {
  if (statusOf(failure) !== 'failed') return undefined;
  const { message } = failure;
  const code = CODE.exec(message)?.[0];
  if (code !== undefined && Object.hasOwn(BY_CODE, code)) return BY_CODE[code];
  // the wordings of models and of the service's own filter, as reported by users
  if (/flagged as sensitive|\bNSFW\b/i.test(message)) return 'content_policy_violation';
  if (/CUDA out of memory/i.test(message)) return { kind: 'internal_server', retryable: false };
  if (/context length|too many tokens|input is too long|maximum (?:context|input) length/i.test(message))
    return 'context_window_exceeded';
  return message === '' ? { kind: 'internal_server', message: 'the prediction failed' } : 'internal_server';
};

/** A throttle that mentions the credit which would lift it is still a throttle. */
const throttled: FailureRule = ({ status, message }) =>
  status === 429 || /^request was throttled/i.test(message) ? 'rate_limit' : undefined;

const missingVersion: FailureRule = ({ status, message }) =>
  status === 422 && /specified version does not exist|invalid version/i.test(message) ? 'not_found' : undefined;

/** `invalid_fields` of a refused input. */
const invalidFields: FailureRule = ({ status, json }) => {
  if (status !== 422) return undefined;
  const fields = at(json, 'invalid_fields');
  if (!Array.isArray(fields)) return undefined;
  const fieldErrors = fields.flatMap((entry: Fields) => {
    const path = at(entry, 'field');
    const message = at(entry, 'description');
    return typeof message === 'string' ? [{ path: typeof path === 'string' ? path : '', message }] : [];
  });
  return { kind: 'unprocessable_entity', fieldErrors };
};

/** "… resets in ~5s." */
function waitInText({ message }: UnderstoodFailure): number | undefined {
  const seconds = /resets in ~?(\d+(?:\.\d+)?)\s?s\b/i.exec(message)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** How Replicate fails: problem details over HTTP, and predictions that end badly inside a 200. */
export const replicateFailures: FailureSpec = {
  requestIdHeaders: ['x-request-id'],
  rules: [ended, failed, throttled, missingVersion, invalidFields],
  retryAfter: waitInText,
};
