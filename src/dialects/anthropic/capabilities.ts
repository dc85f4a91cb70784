import type { Capabilities } from '../../contract/capabilities.ts';
import { anthropicFailures } from './failure.ts';

/** What can be asked of the Messages API, wherever it is hosted. */
export const anthropicCapabilities: Omit<Capabilities, 'keys' | 'keyless' | 'needs'> = {
  dialect: 'anthropic',
  operations: ['chat', 'stream'],
  tools: true,
  toolChoices: ['auto', 'none', 'required', 'named'],
  images: true,
  structuredOutput: 'schema',
  reasoning: true,
  lacks: [
    'n',
    'seed',
    'logprobs',
    'logit_bias',
    'frequency_penalty',
    'presence_penalty',
    'modalities',
    'verbosity',
    'prediction',
  ],
  streamUsage: true,
  saysFiltered: true,
  errorCodes: true,
  requestIdHeaders: anthropicFailures.requestIdHeaders ?? [],
};
