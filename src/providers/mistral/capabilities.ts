import { BATCH_OPERATIONS, FILE_OPERATIONS } from '../../contract/call.ts';
import type { Capabilities } from '../../contract/capabilities.ts';
import { mistralFailures } from './failure.ts';

export const KEYS = ['MISTRAL_API_KEY'] as const;

/** What can be asked of Mistral. Text completions are those of the Codestral models. */
export const mistralCapabilities: Capabilities = {
  dialect: 'mistral',
  operations: ['chat', 'stream', 'complete', 'completeStream', 'embed', 'models', ...BATCH_OPERATIONS, ...FILE_OPERATIONS],
  keys: KEYS,
  keyless: false,
  needs: [],
  tools: true,
  toolChoices: ['auto', 'none', 'required', 'named'],
  images: true,
  structuredOutput: 'schema',
  reasoning: true,
  lacks: ['logit_bias', 'logprobs', 'top_logprobs', 'modalities', 'verbosity'],
  streamUsage: true,
  saysFiltered: false,
  errorCodes: true,
  requestIdHeaders: mistralFailures.requestIdHeaders ?? [],
};
