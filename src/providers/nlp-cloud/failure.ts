import type { FailureSpec } from '../../contract/provider.ts';
import { textRule } from '../../wire/failure/rules.ts';

/** NLP Cloud fails with `detail` and a status; there are neither codes nor request ids. Wordings as LiteLLM knows them. */
export const nlpCloudFailures: FailureSpec = {
  requestIdHeaders: ['x-request-id'],
  rules: [
    textRule(/input text length should not exceed/i, 'context_window_exceeded'),
    textRule(/text length|too (?:long|many tokens)/i, 'context_window_exceeded', 413),
    textRule(/value is not a valid/i, 'unprocessable_entity', 400, 422),
  ],
};
