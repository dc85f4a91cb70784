import { BATCH_OPERATIONS, FILE_OPERATIONS } from '../../contract/call.ts';
import type { ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import { geminiCapabilities } from '../../dialects/gemini/capabilities.ts';
import { geminiFailures } from '../../dialects/gemini/failure.ts';
import { geminiOperations } from '../../dialects/gemini/gemini-dialect.ts';
import { developerAPI } from '../../dialects/gemini/service-traits.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { lazyOperations } from '../../wire/lazy-operations.ts';
import { defineProvider } from '../define-provider.ts';
import { requireKey } from '../settings.ts';

const HOST = 'https://generativelanguage.googleapis.com';
/** Google's own SDK takes the first of the first two; the third is the AI SDK's. */
const KEYS = ['GOOGLE_API_KEY', 'GEMINI_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY'];

/** Google's Gemini Developer API. `baseURL` is the host as `@google/genai` means it, or an address with the version in it. */
export const gemini: ProviderDefinition = defineProvider({
  id: 'gemini',
  declares: {
    ...geminiCapabilities,
    operations: [...geminiCapabilities.operations, ...BATCH_OPERATIONS, ...FILE_OPERATIONS],
    keys: KEYS,
    keyless: false,
    needs: [],
  },
  create(context) {
    const apiKey = requireKey(context, KEYS);
    const baseURL = versioned(context.settings.baseURL ?? context.env('GOOGLE_GEMINI_BASE_URL') ?? HOST, context);
    const access = { headers: { 'x-goog-api-key': apiKey }, failures: geminiFailures, secrets: [apiKey] };
    const wire = context.connect({ ...access, baseURL });
    const loadBatches = async () => {
      const [{ batchOperations }, { fileOperations }] = await Promise.all([
        import('../../dialects/gemini/batches.ts'),
        import('../../dialects/gemini/files.ts'),
      ]);
      const [, rootURL = baseURL, version = 'v1beta'] = /^(.*)\/(v\d\w*)$/.exec(baseURL) ?? [];
      const place = { wire: context.connect({ ...access, baseURL: rootURL }), rootURL, version };
      return { ...batchOperations(wire, developerAPI), ...fileOperations(wire, place) };
    };
    const operations = {
      ...geminiOperations(wire),
      ...lazyOperations([...BATCH_OPERATIONS, ...FILE_OPERATIONS], loadBatches),
    };
    return { id: context.id, wire, operations };
  },
});

function versioned(baseURL: string, context: ProviderContext): string {
  const base = baseURL.replace(/\/+$/, '');
  if (/\/v\d\w*$/.test(base)) return base;
  const version = apiVersion(context);
  return version === '' ? base : `${base}/${version}`;
}

function apiVersion(context: ProviderContext): string {
  const version = context.settings.apiVersion ?? context.env('GOOGLE_GENAI_API_VERSION') ?? 'v1beta';
  // the SDK's short form
  if (version === 'beta') return 'v1beta';
  if (typeof version === 'string' && /^\w*$/.test(version)) return version;
  const param = `providers.${context.id}.apiVersion`;
  throw new ConfigurationError({
    message: `${param} must be a version such as "v1beta" or "v1", or "" for none`,
    provider: context.id,
    param,
  });
}
