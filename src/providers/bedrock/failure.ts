import type { FailureRule, FailureSpec } from '../../contract/provider.ts';
import { at, httpStatus, textAt } from '../../wire/failure/fields.ts';
import { codeRule, textRule } from '../../wire/failure/rules.ts';
import { upstreamRule } from '../../wire/failure/upstream.ts';

const names = (codes: readonly string[], name: RegExp): boolean => codes.some((code) => name.test(code));

/** The model itself failed: 424, with what it answered. */
const modelFailed = upstreamRule((failure) => {
  if (!names(failure.codes, /^model(?:Stream)?Error(?:Exception)?$/i)) return undefined;
  const fields = at(failure.json, 'modelStreamErrorException') ?? at(failure.json, 'modelErrorException') ?? failure.json;
  return {
    status: httpStatus(at(fields, 'originalStatusCode')),
    text: textAt(fields, 'originalMessage') ?? failure.message,
  };
});

/** As a validation error it is the prompt; as throttling the same words are a rate. */
const tooManyTokens: FailureRule = ({ codes, message }) =>
  names(codes, /^validation(?:Exception|Error)$/i) && /too many tokens|prompt is too long|input is too long/i.test(message)
    ? 'context_window_exceeded'
    : undefined;

/** A quota of the account: of requests or tokens in a time, or of what may be used at all. */
const quota: FailureRule = ({ codes, message }) => {
  if (!names(codes, /^ServiceQuotaExceeded/i)) return undefined;
  return /\bper (?:second|minute)\b|too many requests|rate/i.test(message) ? 'rate_limit' : 'insufficient_credits';
};

/** How Bedrock's runtime and control plane fail. Exceptions of the service model; texts as recorded by its users. */
export const bedrockFailures: FailureSpec = {
  requestIdHeaders: ['x-amzn-requestid'],
  rules: [
    modelFailed,
    tooManyTokens,
    quota,
    codeRule({ bad_request: 'ConflictException', internal_server: 'InternalServerException' }),
    textRule(
      /security token included in the request is (?:invalid|expired)|authentication failed|api key is (?:not valid|invalid|valid|expired)|bearer token/i,
      'authentication',
      401,
      403,
    ),
    textRule(/content filter|blocked by (?:the |a |your )?guardrail|guardrail intervened/i, 'content_policy_violation', 400, 403),
  ],
};
