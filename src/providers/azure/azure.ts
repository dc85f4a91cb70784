import type { Call } from '../../contract/call.ts';
import type { ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import { openaiCapabilities } from '../../dialects/openai/capabilities.ts';
import { openaiOperations } from '../../dialects/openai/openai-dialect.ts';
import type { BatchQuirks } from '../../dialects/openai/quirks.ts';
import { OPENAI_MODELS } from '../../dialects/openai/quirks.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import { AuthenticationError } from '../../errors/provider-errors.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { defineProvider } from '../define-provider.ts';
import { requireKey, textSetting, wrongSetting } from '../settings.ts';
import { azureFailures } from './failure.ts';
import type { AzureSurface } from './surface.ts';
import { azureSurface, toSurface } from './surface.ts';

type TokenProvider = () => string | Promise<string>;

const KEY_ENV = ['AZURE_OPENAI_API_KEY', 'AZURE_API_KEY'] as const;

/** The first dated versions that know `stream_options`; earlier ones refuse it. */
const STREAM_OPTIONS_SINCE = '2024-09-01';

/** Azure OpenAI and the models of Azure AI Foundry: the v1 API, or a dated one when `apiVersion` is given. */
export const azure: ProviderDefinition = defineProvider({
  id: 'azure',
  declares: openaiCapabilities(
    { batches: {} },
    { keys: KEY_ENV, keyless: false, needs: ['endpoint'], requestIdHeaders: azureFailures.requestIdHeaders ?? [] },
  ),
  create(context) {
    const surface = azureSurface(context);
    const deployment = textSetting(context, 'deployment');
    const tokens = tokenProvider(context);
    const key = tokens === undefined ? requireKey(context, KEY_ENV) : undefined;
    const wire = context.connect({
      baseURL: surface.baseURL,
      ...(key === undefined ? {} : { headers: { 'api-key': key } }),
      ...(tokens === undefined ? {} : { authorize: (_request, call) => bearer(tokens, call) }),
      rewrite: (message) => toSurface(message, surface, deployment),
      failures: azureFailures,
      secrets: [key],
    });
    const streamOptions = surface.datedVersion === undefined || surface.datedVersion >= STREAM_OPTIONS_SINCE;
    return {
      id: context.id,
      wire,
      operations: openaiOperations(wire, { ...OPENAI_MODELS, streamOptions, batches: batchQuirks(surface) }),
    };
  },
});

/** The dated API writes endpoints without a version. */
const batchQuirks = ({ datedVersion }: AzureSurface): BatchQuirks => ({
  maxLines: 100_000,
  ...(datedVersion === undefined ? {} : { endpoints: 'unversioned' }),
});

function tokenProvider(context: ProviderContext): TokenProvider | undefined {
  const { azureADTokenProvider: provider } = context.settings;
  if (provider === undefined || provider === null) return undefined;
  if (typeof provider === 'function') return provider as TokenProvider;
  throw wrongSetting(context, 'azureADTokenProvider', 'a function that returns a token');
}

async function bearer(tokens: TokenProvider, call: Call): Promise<Record<string, string>> {
  const { provider, model } = call.target;
  let token: unknown;
  try {
    token = await tokens();
  } catch (cause) {
    if (isLLMError(cause)) throw cause as LLMError;
    throw new AuthenticationError({
      message: 'azureADTokenProvider gave no token: it failed',
      provider,
      model,
      code: 'token_provider_failed',
      cause,
    });
  }
  if (typeof token === 'string' && token !== '') return { authorization: `Bearer ${token}` };
  throw new ConfigurationError({
    message: 'azureADTokenProvider must return a token, a string that is not empty',
    provider,
    model,
    code: 'wrong_option',
    param: `providers.${provider}.azureADTokenProvider`,
  });
}
