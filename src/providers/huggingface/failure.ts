import type { FailureRule, FailureSpec } from '../../contract/provider.ts';
import { codeRule, textRule } from '../../wire/failure/rules.ts';

/** 424 is the back end's: TEI's model cannot do it, TGI's generation broke off (huggingface/text-generation-inference, router). */
const backEnd: FailureRule = ({ codes, status }) => {
  if (status !== 424) return undefined;
  const broken = codes.some((code) => code.toLowerCase() === 'backend');
  return { kind: 'internal_server', retryable: !broken };
};

/** How the router, TGI and TEI fail. Behind the router it is mostly the partner's own words that come back. */
export const huggingfaceFailures: FailureSpec = {
  requestIdHeaders: ['x-request-id'],
  rules: [
    backEnd,
    // all places are taken, as TGI and TEI say it; in a stream there is no status beside it
    ({ codes, status }) =>
      (status === undefined || status === 429) && codes.some((code) => code.toLowerCase() === 'overloaded')
        ? 'rate_limit'
        : undefined,
    codeRule({
      internal_server: 'incomplete_generation incomplete_generation_stream stream_serialization_error',
      unprocessable_entity: 'template_error missing_template_variable tool_error',
      not_found: 'model_not_supported',
    }),
    textRule(/\bCUDA (?:error: )?out of memory/i, 'internal_server'),
    textRule(/(?:depleted|exceeded) your monthly included credits/i, 'insufficient_credits'),
    textRule(/^invalid (?:username or password|credentials in authorization header)/i, 'authentication'),
    textRule(/is not supported by any provider|\bis not supported for task\b/i, 'not_found', 400, 404),
  ],
};
