import type { Capabilities } from '../../contract/capabilities.ts';
import { geminiFailures } from './failure.ts';

/** What can be asked of `generateContent`, wherever it is hosted. */
export const geminiCapabilities: Omit<Capabilities, 'keys' | 'keyless' | 'needs'> = {
  dialect: 'gemini',
  operations: ['chat', 'stream', 'embed', 'models'],
  tools: true,
  toolChoices: ['auto', 'none', 'required', 'named'],
  images: true,
  structuredOutput: 'schema',
  reasoning: true,
  lacks: ['logit_bias', 'parallel_tool_calls', 'verbosity', 'prediction'],
  streamUsage: true,
  saysFiltered: true,
  errorCodes: true,
  requestIdHeaders: geminiFailures.requestIdHeaders ?? [],
};
