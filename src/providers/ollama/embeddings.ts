import type { Call } from '../../contract/call.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import type { EmbedReply } from '../../contract/vectors.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { toBase64 } from '../../dialects/openai/embeddings.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { count, modelOf, openAnswer } from './answer.ts';
import { isSet, modelOptions, ownFields } from './options.ts';

const KNOWN: ReadonlySet<string> = new Set(['input', 'dimensions', 'encoding_format', 'providerOptions']);

export function encodeEmbed(call: Call<'embed'>): WireMessage {
  const { request } = call;
  refuseUnknown(call, request, KNOWN);
  const input: unknown = request.input;
  if (Array.isArray(input) && input.some((item) => typeof item !== 'string')) {
    unsupported(call, 'input', 'ollama reads text, not token numbers');
  }
  const body: Record<string, unknown> = { model: call.target.model, input };
  if (isSet(request.dimensions)) body.dimensions = request.dimensions;
  const options = modelOptions(call, {}, undefined);
  if (options !== undefined) body.options = options;
  return { path: '/api/embed', body: { ...body, ...ownFields(call) } };
}

export function decodeEmbed(body: unknown, context: DecodeContext<'embed'>): EmbedReply {
  const answer = openAnswer(body, context);
  if (!Array.isArray(answer.embeddings)) throw context.invalid('no "embeddings" in the answer');
  const asBase64 = context.call.request.encoding_format === 'base64';
  const data = answer.embeddings.map((vector: unknown, index) => {
    if (!Array.isArray(vector)) throw context.invalid('an entry of "embeddings" is not a vector');
    const embedding = asBase64 ? toBase64(vector) : vector;
    return { object: 'embedding' as const, index, embedding: embedding as number[] };
  });
  const tokens = count(answer.prompt_eval_count);
  return { object: 'list', model: modelOf(answer, context), data, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}
