import type { Call } from '../contract/call.ts';
import type { DecodeContext } from '../contract/codec.ts';
import type { RerankReply, RerankResult } from '../contract/vectors.ts';
import { isRecord } from './chat-rules.ts';
import { refuseUnknown } from './params.ts';

const KNOWN: ReadonlySet<string> = new Set(['query', 'documents', 'top_n', 'return_documents', 'providerOptions']);

/** The texts of a rerank request. Parameters that nobody knows are refused. */
export function rerankTexts(call: Call<'rerank'>): string[] {
  refuseUnknown(call, call.request, KNOWN);
  return call.request.documents.map((document) => (typeof document === 'string' ? document : document.text));
}

/**
 * Results in openai's manner of naming, most relevant first. Documents are taken from the request rather than from the
 * answer, so that they need not travel back.
 */
export function rerankReply(
  results: readonly unknown[],
  context: DecodeContext<'rerank'>,
  head: { readonly id?: unknown; readonly model?: unknown; readonly tokens?: unknown } = {},
): RerankReply {
  const { request, target } = context.call;
  const read = results.map((result) => resultOf(result, context));
  const best = read.sort((a, b) => b.relevance_score - a.relevance_score).slice(0, request.top_n ?? read.length);
  return {
    ...(typeof head.id === 'string' && head.id !== '' ? { id: head.id } : {}),
    model: typeof head.model === 'string' && head.model !== '' ? head.model : target.model,
    results: best,
    ...(typeof head.tokens === 'number' ? { usage: { total_tokens: head.tokens } } : {}),
  };
}

function resultOf(result: unknown, context: DecodeContext<'rerank'>): RerankResult {
  const { documents, return_documents: wanted } = context.call.request;
  const fields = isRecord(result) ? result : {};
  const { index } = fields;
  const score = fields.relevance_score ?? fields.score;
  if (typeof index !== 'number' || typeof score !== 'number') {
    throw context.invalid('a rerank result without "index" and "relevance_score"');
  }
  const document = documents[index];
  if (document === undefined) throw context.invalid(`a rerank result for document ${index}, which was not sent`);
  if (wanted !== true) return { index, relevance_score: score };
  return { index, relevance_score: score, document: { text: typeof document === 'string' ? document : document.text } };
}
