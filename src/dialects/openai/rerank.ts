import type { Call } from '../../contract/call.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import type { RerankReply } from '../../contract/vectors.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../chat-rules.ts';
import { rerankReply, rerankTexts } from '../rerank-rules.ts';
import { notTheProtocol, refuseFailure } from './body-failure.ts';
import { modelName } from './encode.ts';
import type { Quirks } from './quirks.ts';

/** Reranking as hosts of the dialect have taken it over from Cohere. */
export function rerankEncoder(quirks: Quirks): (call: Call<'rerank'>) => WireMessage {
  const { path = '/rerank', limit = 'top_n', body: always } = quirks.rerank ?? {};
  return (call) => {
    const { query, top_n: most, providerOptions } = call.request;
    const own = providerOptions !== undefined && Object.hasOwn(providerOptions, call.target.provider);
    const body = {
      model: modelName(call, quirks),
      query,
      documents: rerankTexts(call),
      ...(most === undefined ? {} : { [limit]: most }),
      ...always,
      ...(own ? providerOptions[call.target.provider] : {}),
    };
    return { path, body };
  };
}

/** Results under `results`, or under `data` (Voyage, Fireworks). */
export function decodeRerank(body: unknown, context: DecodeContext<'rerank'>): RerankReply {
  if (!isRecord(body)) throw notTheProtocol(body, 'results', context);
  refuseFailure(body, context);
  const results = body.results ?? body.data;
  if (!Array.isArray(results)) throw notTheProtocol(body, 'results', context);
  const tokens = isRecord(body.usage) ? body.usage.total_tokens : undefined;
  return rerankReply(results, context, { id: body.id, model: body.model, tokens });
}
