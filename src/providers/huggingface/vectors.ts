import type { Call } from '../../contract/call.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import type { EmbedReply, RerankReply } from '../../contract/vectors.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { notTheProtocol, refuseFailure } from '../../dialects/openai/body-failure.ts';
import { toBase64 } from '../../dialects/openai/embeddings.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { rerankReply, rerankTexts } from '../../dialects/rerank-rules.ts';
import { routedModel } from './place.ts';

const KNOWN: ReadonlySet<string> = new Set(['input', 'encoding_format', 'providerOptions']);

/** Vectors of Hugging Face's own inference, behind the router: `normalize`, `truncate`, `prompt_name` by `providerOptions`. */
export function encodePipeline(call: Call<'embed'>): WireMessage {
  refuseUnknown(call, call.request, KNOWN);
  const { input } = call.request;
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (texts.some((text) => typeof text !== 'string')) unsupported(call, 'input', 'Hugging Face reads text, not token numbers');
  const model = routedModel(call).replace(/:[^:/]*$/, '');
  const path = model.split('/').map(encodeURIComponent).join('/');
  return {
    path: `/hf-inference/models/${path}/pipeline/feature-extraction`,
    body: { inputs: texts, ...ownFields(call) },
  };
}

/** Bare lists of numbers, one for each text. */
export function decodePipeline(body: unknown, context: DecodeContext<'embed'>): EmbedReply {
  if (isRecord(body)) refuseFailure(body, context);
  if (!Array.isArray(body)) throw notTheProtocol(body, 'embeddings', context);
  const asBase64 = context.call.request.encoding_format === 'base64';
  const vectors: readonly unknown[] = typeof body[0] === 'number' ? [body] : body;
  const data = vectors.map((entry, index) => {
    const vector: unknown = Array.isArray(entry) && entry.length === 1 && Array.isArray(entry[0]) ? entry[0] : entry;
    if (!Array.isArray(vector)) throw notTheProtocol(body, 'embeddings', context);
    if (Array.isArray(vector[0])) throw context.invalid('the model gives a vector for each token, not one for each text');
    const embedding = asBase64 ? toBase64(vector) : vector;
    return { object: 'embedding' as const, index, embedding: embedding as number[] };
  });
  return { object: 'list', model: context.call.target.model, data, usage: { prompt_tokens: 0, total_tokens: 0 } };
}

/** Reranking by a TEI endpoint. It knows no limit of results; the best are picked here. */
export function encodeRerank(call: Call<'rerank'>): WireMessage {
  const { query } = call.request;
  return { path: '/rerank', body: { query, texts: rerankTexts(call), ...ownFields(call) } };
}

export function decodeRerank(body: unknown, context: DecodeContext<'rerank'>): RerankReply {
  if (isRecord(body)) refuseFailure(body, context);
  const results: unknown = isRecord(body) ? body.results : body;
  if (!Array.isArray(results) || (isRecord(results[0]) && results[0].error)) throw notTheProtocol(body, 'results', context);
  return rerankReply(results, context);
}

function ownFields(call: Call<'embed' | 'rerank'>): object {
  const { provider } = call.target;
  const { providerOptions: all } = call.request;
  return all !== undefined && Object.hasOwn(all, provider) ? (all[provider] ?? {}) : {};
}
