import type { Capabilities } from '../../contract/capabilities.ts';
import { cohereFailures } from './failure.ts';
import { KEY_ENV } from './service.ts';

/** What can be asked of Cohere by its v2 API. */
export const cohereCapabilities: Capabilities = {
  dialect: 'cohere',
  operations: ['chat', 'stream', 'complete', 'completeStream', 'embed', 'rerank', 'models'],
  keys: KEY_ENV,
  keyless: false,
  needs: [],
  tools: true,
  toolChoices: ['auto', 'none', 'required', 'named'],
  images: true,
  structuredOutput: 'schema',
  reasoning: true,
  lacks: ['n', 'logit_bias', 'parallel_tool_calls', 'modalities', 'verbosity', 'prediction', 'top_logprobs'],
  streamUsage: true,
  saysFiltered: false,
  errorCodes: false,
  requestIdHeaders: cohereFailures.requestIdHeaders ?? [],
};

/** The v1 chat: text only, and the model alone chooses among tools. */
export const v1Capabilities: Capabilities = {
  ...cohereCapabilities,
  dialect: 'cohere-v1',
  toolChoices: ['auto', 'none'],
  images: false,
  reasoning: false,
  lacks: [...cohereCapabilities.lacks, 'logprobs', 'reasoning_effort'],
  saysFiltered: true,
};
