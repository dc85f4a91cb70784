import type { Capabilities } from '../../contract/capabilities.ts';
import { openaiCapabilities } from '../../dialects/openai/capabilities.ts';
import { sagemakerFailures } from './failure.ts';
import { CONTAINER_QUIRKS } from './openai-container.ts';

/** What can be asked of a container that speaks OpenAI's format; how much of it the model does is its own matter. */
export const sagemakerCapabilities: Capabilities = {
  ...openaiCapabilities(CONTAINER_QUIRKS, {
    keys: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
    keyless: false,
    needs: ['region'],
    requestIdHeaders: sagemakerFailures.requestIdHeaders ?? [],
  }),
  keySettings: ['accessKeyId', 'secretAccessKey'],
};
