import type { Provider, ProviderContext } from '../../contract/provider.ts';
import type { RerankReply } from '../../contract/vectors.ts';
import type { Wire } from '../../contract/wire.ts';
import { cursorOf, pagedModels, pageQuery } from '../../dialects/model-pages.ts';
import { CompletionTally } from '../../dialects/openai/completions.ts';
import { decodeModels } from '../../dialects/openai/models.ts';
import { rerankReply, rerankTexts } from '../../dialects/rerank-rules.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { requireKey } from '../settings.ts';
import { openAnswer } from './answer.ts';
import { decodeEmbed, encodeEmbed, inBatches } from './embeddings.ts';
import { cohereFailures } from './failure.ts';
import { CompletionStreamDecoder, completionEncoder, decodeCompletion } from './generate.ts';
import { ownFields } from './options.ts';

export const KEY_ENV = ['CO_API_KEY', 'COHERE_API_KEY'] as const;

const BASE_URL = 'https://api.cohere.com';

/** The line to Cohere. The base URL is that of Cohere's SDK, without a version. */
export function connectCohere(context: ProviderContext): Wire {
  const key = requireKey(context, KEY_ENV);
  const { baseURL = BASE_URL } = context.settings;
  return context.connect({
    baseURL: baseURL.replace(/\/+$/, '').replace(/\/v[12]$/, ''),
    headers: { authorization: `Bearer ${key}` },
    failures: cohereFailures,
    secrets: [key],
  });
}

/** What is the same whichever version of the chat is spoken. */
export function sharedOperations(wire: Wire): Omit<Provider['operations'], 'chat' | 'stream'> {
  return {
    complete: replyOperation<'complete'>(wire, { encode: completionEncoder<'complete'>(false), decode: decodeCompletion }),
    completeStream: streamOperation<'completeStream'>(wire, {
      encode: completionEncoder<'completeStream'>(true),
      framing: 'json-lines',
      decoder: (context) => new CompletionStreamDecoder(context),
      tally: () => new CompletionTally(),
    }),
    embed: inBatches(replyOperation<'embed'>(wire, { encode: encodeEmbed, decode: decodeEmbed })),
    rerank: replyOperation<'rerank'>(wire, {
      encode: (call) => {
        const { query, top_n: most } = call.request;
        const documents = rerankTexts(call);
        const limit = most === undefined ? {} : { top_n: most };
        return { path: '/v2/rerank', body: { model: call.target.model, query, documents, ...limit, ...ownFields(call) } };
      },
      decode: (body, context): RerankReply => {
        const { results, id } = openAnswer(body, 'results', context);
        if (!Array.isArray(results)) throw context.invalid('"results" is no list');
        return rerankReply(results, context, { id });
      },
    }),
    models: pagedModels(wire, {
      path: (cursor) => `/v1/models?page_size=1000${pageQuery('page_token', cursor)}`,
      decode: (body, context) => ({
        models: decodeModels(body, context).data,
        next: cursorOf((body as { readonly next_page_token?: unknown }).next_page_token),
      }),
    }),
  };
}
