import { BATCH_OPERATIONS } from '../../contract/call.ts';
import type { Capabilities } from '../../contract/capabilities.ts';
import { bedrockFailures } from './failure.ts';

export const BEARER_KEYS: readonly string[] = ['AWS_BEARER_TOKEN_BEDROCK'];

/** What can be asked of Converse and InvokeModel. */
export const bedrockCapabilities: Capabilities = {
  dialect: 'bedrock',
  operations: ['chat', 'stream', 'embed', 'models', ...BATCH_OPERATIONS],
  keys: BEARER_KEYS,
  keyless: false,
  needs: ['region'],
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
    'parallel_tool_calls',
  ],
  streamUsage: true,
  saysFiltered: true,
  errorCodes: true,
  requestIdHeaders: bedrockFailures.requestIdHeaders ?? [],
};
