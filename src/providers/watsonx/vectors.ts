import type { Call } from '../../contract/call.ts';
import type { DecodeContext, ReplyCodec } from '../../contract/codec.ts';
import type { EmbedReply, ModelInfo, RerankReply, RerankResult } from '../../contract/vectors.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import type { ModelPages } from '../../dialects/model-pages.ts';
import { cursorOf, pageQuery } from '../../dialects/model-pages.ts';
import { toBase64 } from '../../dialects/openai/embeddings.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { statusOf } from './chat.ts';
import type { WatsonxPlace } from './place.ts';
import { optionsOf, placed, withOptions } from './place.ts';

type Fields = Record<string, unknown>;

const EMBED_KNOWN: ReadonlySet<string> = new Set(['input', 'encoding_format', 'providerOptions']);

/** The largest page that the model list gives. */
const PAGE_SIZE = 200;

export function embedCodec(place: WatsonxPlace): ReplyCodec<'embed'> {
  return {
    encode(call) {
      const { path, fields } = placed(place, call as Call, '/text/embeddings');
      refuseUnknown(call as Call, call.request, EMBED_KNOWN);
      const { input } = call.request;
      const inputs: readonly unknown[] = Array.isArray(input) ? input : [input];
      if (!inputs.every((text) => typeof text === 'string'))
        unsupported(call as Call, 'input', 'texts are embedded, not token numbers');
      return { path, body: withOptions({ ...fields, inputs: inputs.map(String) }, optionsOf(call)) };
    },
    decode: decodeEmbed,
  };
}

function decodeEmbed(body: unknown, context: DecodeContext<'embed'>): EmbedReply {
  const { results, answer } = resultsOf(body, context);
  const asBase64 = context.call.request.encoding_format === 'base64';
  const data = results.map((result, index) => {
    if (!isRecord(result) || !Array.isArray(result.embedding)) throw context.invalid('an entry of "results" without a vector');
    const vector = result.embedding as number[];
    // openai's type knows of arrays alone, though base64 is what it answers when asked for it
    return { object: 'embedding' as const, index, embedding: asBase64 ? (toBase64(vector) as unknown as number[]) : vector };
  });
  const tokens = countOf(answer.input_token_count);
  return { object: 'list', data, model: modelOf(answer, context), usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

export function rerankCodec(place: WatsonxPlace): ReplyCodec<'rerank'> {
  return {
    encode(call): WireMessage {
      const { path, fields } = placed(place, call as Call, '/text/rerank');
      const { query, documents, top_n, return_documents } = call.request;
      const inputs = documents.map((document) => ({ text: typeof document === 'string' ? document : document.text }));
      const return_options = { ...(top_n === undefined ? {} : { top_n }), inputs: return_documents === true };
      return { path, body: withOptions({ ...fields, query, inputs, parameters: { return_options } }, optionsOf(call)) };
    },
    decode: decodeRerank,
  };
}

function decodeRerank(body: unknown, context: DecodeContext<'rerank'>): RerankReply {
  const { results, answer } = resultsOf(body, context);
  const { documents, return_documents } = context.call.request;
  const ranked = results.flatMap((result): RerankResult[] => {
    if (!isRecord(result) || typeof result.index !== 'number' || typeof result.score !== 'number') return [];
    const { index, score, input } = result;
    const own = documents[index];
    const text = isRecord(input) && typeof input.text === 'string' ? input.text : typeof own === 'string' ? own : own?.text;
    return [
      { index, relevance_score: score, ...(return_documents === true && text !== undefined ? { document: { text } } : {}) },
    ];
  });
  return {
    model: modelOf(answer, context),
    results: ranked.sort((a, b) => b.relevance_score - a.relevance_score),
    usage: { total_tokens: countOf(answer.input_token_count) },
  };
}

/** The public list of models; it needs no token and no project. */
export const modelPages = ({ apiVersion }: WatsonxPlace): ModelPages => ({
  path: (cursor) => `/ml/v1/foundation_model_specs?version=${apiVersion}&limit=${PAGE_SIZE}${pageQuery('start', cursor)}`,
  decode(body, context) {
    if (!isRecord(body)) throw context.invalid('the answer is no JSON object');
    if (Array.isArray(body.errors)) throw context.failure(body, statusOf(body));
    if (!Array.isArray(body.resources)) throw context.invalid('no "resources" in the answer');
    return { models: body.resources.filter(isRecord).flatMap(infoOf), next: startOf(body.next) };
  },
});

/** The next page is named by its whole address. Of it, only the place in the list is taken. */
function startOf(next: unknown): string | undefined {
  const href = isRecord(next) && typeof next.href === 'string' ? next.href : '';
  return cursorOf(new URLSearchParams(href.split('?')[1] ?? '').get('start'));
}

function infoOf({ model_id, provider, model_limits }: Fields): ModelInfo[] {
  if (typeof model_id !== 'string') return [];
  const { max_sequence_length, max_output_tokens } = isRecord(model_limits) ? model_limits : {};
  return [
    {
      id: model_id,
      object: 'model',
      created: 0,
      owned_by: typeof provider === 'string' ? provider : 'ibm',
      ...(typeof max_sequence_length === 'number' ? { context_window: max_sequence_length } : {}),
      ...(typeof max_output_tokens === 'number' ? { max_output_tokens } : {}),
    },
  ];
}

function resultsOf(body: unknown, context: DecodeContext): { readonly results: readonly unknown[]; readonly answer: Fields } {
  if (!isRecord(body)) throw context.invalid('the answer is no JSON object');
  if (Array.isArray(body.errors) || body.error) throw context.failure(body, statusOf(body));
  if (!Array.isArray(body.results)) throw context.invalid('no "results" in the answer');
  return { results: body.results, answer: body };
}

const modelOf = ({ model_id }: Fields, { call }: DecodeContext): string =>
  typeof model_id === 'string' ? model_id : call.target.model;

const countOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
