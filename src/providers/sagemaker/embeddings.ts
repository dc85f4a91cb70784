import type { Call } from '../../contract/call.ts';
import type { DecodeContext, ReplyCodec } from '../../contract/codec.ts';
import type { EmbedReply } from '../../contract/vectors.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { toBase64 } from '../../dialects/openai/embeddings.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { containerFields, invocation } from './invocation.ts';
import { refuseServiceError } from './openai-container.ts';

const KNOWN: ReadonlySet<string> = new Set(['input', 'encoding_format', 'providerOptions']);

/** Vectors from containers with a format of their own; `field` is where they want the texts. */
export const vectorCodec = (field: 'inputs' | 'text_inputs'): ReplyCodec<'embed'> => ({
  encode(call) {
    refuseUnknown(call, call.request, KNOWN);
    return invocation(call as Call, { [field]: textsOf(call), ...containerFields(call as Call) }, false);
  },
  decode: decodeVectors,
});

function textsOf(call: Call<'embed'>): string[] {
  const input: unknown = call.request.input;
  const texts = Array.isArray(input) ? input : [input];
  if (!texts.every((text) => typeof text === 'string')) unsupported(call, 'input', 'the container reads text, not token numbers');
  return texts.map(String);
}

function decodeVectors(body: unknown, context: DecodeContext<'embed'>): EmbedReply {
  refuseServiceError(body, context as DecodeContext);
  const found = isRecord(body) ? (body.embedding ?? body.embeddings ?? body.vectors) : body;
  if (!Array.isArray(found)) {
    if (isRecord(body) && body.error !== undefined) throw context.failure(body);
    throw context.invalid('no vectors in the answer');
  }
  const asBase64 = context.call.request.encoding_format === 'base64';
  const rows = isVector(found) ? [found] : found;
  const data = rows.map((row: unknown, index) => {
    const vector = vectorOf(row);
    if (vector === undefined) throw context.invalid('an embedding that is no vector');
    return { object: 'embedding' as const, index, embedding: (asBase64 ? toBase64(vector) : vector) as number[] };
  });
  const usage = { prompt_tokens: 0, total_tokens: 0 };
  return { object: 'list', model: context.call.target.model, data, usage };
}

const isVector = (value: unknown): value is number[] => Array.isArray(value) && typeof value[0] === 'number';

/** A vector, or the mean of one vector for each token. */
function vectorOf(row: unknown): number[] | undefined {
  if (isVector(row)) return row;
  if (!Array.isArray(row)) return undefined;
  if (!isVector(row[0])) return row.length === 1 ? vectorOf(row[0]) : undefined;
  const tokens = row.filter(isVector);
  return row[0].map((_, i) => tokens.reduce((sum, token) => sum + (token[i] ?? 0), 0) / tokens.length);
}
