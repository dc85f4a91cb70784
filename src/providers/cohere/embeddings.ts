import type { Call } from '../../contract/call.ts';
import type { DecodeContext, Operation } from '../../contract/codec.ts';
import type { EmbedReply } from '../../contract/vectors.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { fromBase64, toBase64 } from '../../dialects/openai/embeddings.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { openAnswer } from './answer.ts';
import { isSet, ownFields } from './options.ts';

/** As many texts as one request may hold. */
const MOST_TEXTS = 96;

const KNOWN: ReadonlySet<string> = new Set(['input', 'dimensions', 'encoding_format', 'providerOptions']);

/**
 * Vectors by `/v2/embed`. What the vectors are for decides about them: `search_document` unless
 * `providerOptions.cohere.input_type` says otherwise.
 */
export function encodeEmbed(call: Call<'embed'>): WireMessage {
  const { request } = call;
  refuseUnknown(call, request, KNOWN);
  const own = ownFields(call);
  const body = {
    model: call.target.model,
    input_type: 'search_document',
    embedding_types: [request.encoding_format === 'base64' ? 'base64' : 'float'],
    ...(isSet(own.images) || isSet(own.inputs) ? {} : { texts: textsOf(call) }),
    ...(isSet(request.dimensions) ? { output_dimension: request.dimensions } : {}),
    ...own,
  };
  return { path: '/v2/embed', body };
}

function textsOf(call: Call<'embed'>): string[] {
  const { input } = call.request;
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (texts.some((text) => typeof text !== 'string')) unsupported(call, 'input', 'Cohere reads text, not token numbers');
  return texts.map(String);
}

export function decodeEmbed(body: unknown, context: DecodeContext<'embed'>): EmbedReply {
  const answer = openAnswer(body, 'embeddings', context);
  const wantsBase64 = context.call.request.encoding_format === 'base64';
  const data = vectorsOf(answer.embeddings).map((vector, index) => {
    const isText = typeof vector === 'string';
    if (!isText && !Array.isArray(vector)) throw context.invalid('an entry of "embeddings" is not a vector');
    const embedding = wantsBase64 === isText ? vector : isText ? fromBase64(vector) : toBase64(vector);
    return { object: 'embedding' as const, index, embedding: embedding as number[] };
  });
  const billed = isRecord(answer.meta) && isRecord(answer.meta.billed_units) ? answer.meta.billed_units.input_tokens : 0;
  const tokens = typeof billed === 'number' ? billed : 0;
  return {
    object: 'list',
    model: context.call.target.model,
    data,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

/** Vectors are filed by type; `float` and `base64` say the same, any other was asked for by name. */
function vectorsOf(embeddings: unknown): readonly unknown[] {
  if (Array.isArray(embeddings)) return embeddings;
  if (!isRecord(embeddings)) return [];
  const found = [embeddings.float, embeddings.base64, ...Object.values(embeddings)].find(Array.isArray);
  return found ?? [];
}

/** More texts than one request may hold are sent in several, one after the other. */
export function inBatches(embed: Operation<'embed'>): Operation<'embed'> {
  return async (call) => {
    const { input } = call.request;
    if (!Array.isArray(input) || input.length <= MOST_TEXTS) return embed(call);
    const texts: readonly unknown[] = input;
    const replies: EmbedReply[] = [];
    for (let from = 0; from < texts.length; from += MOST_TEXTS) {
      const part = texts.slice(from, from + MOST_TEXTS) as string[];
      replies.push(await embed({ ...call, request: { ...call.request, input: part } }));
    }
    return merged(replies);
  };
}

function merged(replies: readonly EmbedReply[]): EmbedReply {
  const [first] = replies as [EmbedReply, ...EmbedReply[]];
  const tokens = replies.reduce((sum, { usage }) => sum + usage.total_tokens, 0);
  // the answer behind the first request stands for all: it is what `withResponse()` shows
  return Object.assign(first, {
    data: replies.flatMap(({ data }) => data).map((entry, index) => ({ ...entry, index })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  });
}
