import type { Call } from '../../contract/call.ts';
import type { Provider, ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import { openaiCapabilities } from '../../dialects/openai/capabilities.ts';
import { openaiOperations } from '../../dialects/openai/openai-dialect.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { hostQuirks } from '../../dialects/openai/quirks.ts';
import { replyOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { missing } from '../settings.ts';
import { huggingfaceFailures } from './failure.ts';
import { BASE_ENV, KEYS, placeOf, rewriteFor } from './place.ts';
import { decodePipeline, decodeRerank, encodePipeline, encodeRerank } from './vectors.ts';

const PATHS = {
  chat: '/v1/chat/completions',
  complete: '/v1/completions',
  embed: '/v1/embeddings',
  models: '/v1/models',
} as const;

/** TGI takes a list of floats for `logit_bias`, not openai's map. */
const ENDPOINT: Quirks = hostQuirks({ paths: PATHS, lacks: ['user', 'parallel_tool_calls', 'logit_bias'] });

const ROUTER: Quirks = hostQuirks({ paths: PATHS, offers: ['chat', 'models'], lacks: ['user', 'parallel_tool_calls'] });

const placed = openaiCapabilities(ENDPOINT, {
  keys: KEYS,
  keyless: true,
  needs: [],
  requestIdHeaders: huggingfaceFailures.requestIdHeaders ?? [],
});

/**
 * Hugging Face: its router to many providers, or with `baseURL` an endpoint of one's own. Text completions and reranking
 * need an endpoint. Settings beyond the common ones: `billTo` (an organisation), `scaleUpTimeout` (seconds that a sleeping
 * endpoint holds a request), `quirks`.
 */
export const huggingface: ProviderDefinition = defineProvider({
  id: 'huggingface',
  declares: { ...placed, operations: [...placed.operations, 'rerank'] },
  create(context) {
    const place = placeOf(context);
    const wire = context.connect({
      baseURL: place.baseURL,
      headers: headersOf(context, place.key),
      rewrite: rewriteFor(place),
      failures: huggingfaceFailures,
      secrets: [place.key],
    });
    const quirks = { ...(place.router ? ROUTER : ENDPOINT), ...(context.settings.quirks as Quirks | undefined) };
    const operations: Provider['operations'] = place.router
      ? {
          complete: needsEndpoint(context),
          completeStream: needsEndpoint(context),
          rerank: needsEndpoint(context),
          embed: replyOperation<'embed'>(wire, { encode: encodePipeline, decode: decodePipeline }),
        }
      : { rerank: replyOperation<'rerank'>(wire, { encode: encodeRerank, decode: decodeRerank }) };
    return { id: context.id, wire, operations: { ...openaiOperations(wire, quirks), ...operations } };
  },
});

function headersOf({ settings }: ProviderContext, key: string | undefined): Record<string, string> {
  const { billTo, scaleUpTimeout } = settings;
  return {
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...(typeof billTo === 'string' && billTo !== '' ? { 'x-hf-bill-to': billTo } : {}),
    ...(typeof scaleUpTimeout === 'number' ? { 'x-scale-up-timeout': String(scaleUpTimeout) } : {}),
  };
}

const needsEndpoint =
  (context: ProviderContext) =>
  async (call: Call): Promise<never> => {
    const what =
      call.operation === 'rerank' ? 'address of a reranking endpoint (TEI)' : 'address of an endpoint that completes text';
    throw missing(context, what, 'baseURL', BASE_ENV);
  };
