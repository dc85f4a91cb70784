import type { FailureRule, FailureSpec, UnderstoodFailure, Verdict } from '../../contract/provider.ts';
import type { ErrorKind } from '../../errors/kinds.ts';

/** Codes of Workers AI, of the REST API before it and of AI Gateway (developers.cloudflare.com, "Errors"). */
const CODES: ReadonlyMap<string, ErrorKind | Verdict> = new Map<string, ErrorKind | Verdict>([
  ['5007', 'not_found'],
  ['3042', 'not_found'],
  ['7000', 'not_found'],
  ['7003', 'not_found'],
  ['2001', 'not_found'],
  ['5021', 'context_window_exceeded'],
  ['3006', 'request_too_large'],
  ['5016', 'permission_denied'],
  ['5018', 'permission_denied'],
  ['3041', 'permission_denied'],
  ['3023', 'permission_denied'],
  ['3007', 'timeout'],
  ['3008', { kind: 'timeout', retryable: true }],
  ['3040', 'service_unavailable'],
  ['4006', 'insufficient_credits'],
  ['10000', 'authentication'],
  ['9106', 'authentication'],
  ['9109', 'authentication'],
  ['2009', 'authentication'],
  ['2003', 'rate_limit'],
  ['2016', 'content_policy_violation'],
  ['2017', 'content_policy_violation'],
  ['2029', 'content_policy_violation'],
  ['2030', 'content_policy_violation'],
  ['5004', 'bad_request'],
  ['3003', 'bad_request'],
  ['3039', 'bad_request'],
  ['5006', 'bad_request'],
  ['5005', 'bad_request'],
  ['5019', 'bad_request'],
  ['2019', 'bad_request'],
]);

const WINDOW = /context window limit|maximum context length/i;

/** `4006: …` and `AiError: 5021: …`, where no field holds the code. */
function codeOf({ codes, message }: UnderstoodFailure): string | undefined {
  return codes.find((code) => CODES.has(code) || code === '3036') ?? /^(?:[A-Za-z]{1,20}: )?(\d{4,5}):/.exec(message)?.[1];
}

const byCode: FailureRule = (failure) => {
  const code = codeOf(failure);
  if (code === undefined) return undefined;
  if (WINDOW.test(failure.message)) return 'context_window_exceeded';
  // the free allocation of a day: whoever pays has none
  if (code === '3036') {
    return /free allocation/i.test(failure.message) ? 'insufficient_credits' : { kind: 'rate_limit', retryable: false };
  }
  return CODES.get(code);
};

export const cloudflareFailures: FailureSpec = {
  requestIdHeaders: ['cf-ray', 'cf-aig-log-id'],
  rules: [byCode],
};
