import { hostQuirks } from '../../dialects/openai/quirks.ts';
import type { Host } from './host.ts';
import type { OpenAIHostId } from './ids.ts';

/** Services that are gone. With a base URL they are hosts like any other. */
export const RETIRED_HOSTS: Readonly<Record<Extract<OpenAIHostId, 'github' | 'lambda_ai' | 'anyscale'>, Host>> = {
  github: {
    envKeys: ['GITHUB_API_KEY'],
    retired: 'GitHub Models was retired on 2026-07-30; call the model at its own provider, for example openai/… or azure/…',
    quirks: hostQuirks(),
  },
  lambda_ai: {
    envKeys: ['LAMBDA_API_KEY'],
    retired:
      "Lambda's inference API was discontinued in 2025; the same open models are at together_ai/…, deepinfra/… or nebius/…",
    quirks: hostQuirks(),
  },
  anyscale: {
    envKeys: ['ANYSCALE_API_KEY'],
    retired:
      'Anyscale Endpoints was shut down on 2024-08-01; the same open models are at together_ai/…, fireworks_ai/… or deepinfra/…',
    quirks: hostQuirks(),
  },
};
