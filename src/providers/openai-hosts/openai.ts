import type { ProviderDefinition } from '../../contract/provider.ts';
import { OPENAI_MODELS } from '../../dialects/openai/quirks.ts';
import { hostDefinition } from './create-host.ts';
import type { Host } from './host.ts';

/** OpenAI's own service, which most programs begin with: apart from the table, so that they need not load it. */
export const OPENAI: Host = {
  baseURL: 'https://api.openai.com/v1',
  envBase: ['OPENAI_BASE_URL', 'OPENAI_API_BASE'],
  envKeys: ['OPENAI_API_KEY'],
  settingHeaders: {
    organization: { header: 'openai-organization', env: ['OPENAI_ORG_ID'] },
    project: { header: 'openai-project', env: ['OPENAI_PROJECT_ID'] },
  },
  quirks: { ...OPENAI_MODELS, trusted: true, batches: {} },
};

export const openai: ProviderDefinition = hostDefinition(OPENAI, 'openai');
