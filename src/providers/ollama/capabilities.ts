import type { Capabilities } from '../../contract/capabilities.ts';
import { ollamaFailures } from './failure.ts';

/** What can be asked of an Ollama server. A choice of tools is not among it: the server ignores it. */
export const ollamaCapabilities: Capabilities = {
  dialect: 'ollama',
  operations: ['chat', 'stream', 'complete', 'completeStream', 'embed', 'models'],
  keys: ['OLLAMA_API_KEY'],
  keyless: true,
  needs: [],
  tools: true,
  toolChoices: ['auto', 'none'],
  images: true,
  structuredOutput: 'schema',
  reasoning: true,
  lacks: ['n', 'logit_bias', 'parallel_tool_calls', 'modalities', 'verbosity', 'prediction'],
  streamUsage: true,
  saysFiltered: false,
  errorCodes: false,
  requestIdHeaders: ollamaFailures.requestIdHeaders ?? [],
};
