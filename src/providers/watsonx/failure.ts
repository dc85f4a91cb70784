import type { FailureRule, FailureSpec } from '../../contract/provider.ts';
import { codeRule, statusRule } from '../../wire/failure/rules.ts';

/** The token that the key was exchanged for has run out: a new one helps. Any other credential stays wrong. */
const EXPIRED = 'authentication_token_expired';

const expiredToken: FailureRule = ({ codes }) =>
  codes.includes(EXPIRED) ? { kind: 'authentication', retryable: true } : undefined;

/** How watsonx.ai fails: codes in `errors[]`, the request's id as `trace`. A 403 can be rights or quota: the code tells. */
export const watsonxFailures: FailureSpec = {
  requestIdHeaders: ['x-global-transaction-id', 'x-request-id'],
  requestIdFields: ['trace'],
  rules: [
    expiredToken,
    // "does not support function 'function_text_chat'": the model is there, the route is wrong for it
    codeRule({ bad_request: 'model_no_support_for_function' }),
  ],
};

/** With a token of the caller's own, nothing here can get another one. */
export const fixedTokenFailures: FailureSpec = { ...watsonxFailures, rules: watsonxFailures.rules?.slice(1) };

/** How IBM's token service fails: a wrong key is a 400 (`BXNIM0415E`), and all else that it is sent is ours. */
export const iamFailures: FailureSpec = {
  requestIdHeaders: ['transaction-id', 'x-request-id'],
  rules: [statusRule(400, 'authentication')],
};
