import type { Call } from '../../contract/call.ts';
import type { DecodeContext, ReplyCodec } from '../../contract/codec.ts';
import type { EmbedReply } from '../../contract/vectors.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { UnsupportedParamsError } from '../../errors/provider-errors.ts';
import { isRecord } from '../chat-rules.ts';
import { refuseUnknown } from '../params.ts';
import { failureOf } from './answer-head.ts';
import { modelPath, optionsOf } from './encode.ts';
import type { GeminiService } from './service-traits.ts';
import { usageOf } from './usage.ts';

const KNOWN: ReadonlySet<string> = new Set(['input', 'dimensions', 'encoding_format', 'providerOptions']);

/** `batchEmbedContents`, one request per text. `taskType`, `title` … come from the provider's options. */
export function embedCodec(service: GeminiService): ReplyCodec<'embed'> {
  return { encode: (call) => encodeEmbed(call, service), decode: decodeEmbed };
}

function encodeEmbed(call: Call<'embed'>, service: GeminiService): WireMessage {
  const { request } = call;
  refuseUnknown(call, request, KNOWN);
  const shared = {
    model: service.modelName(call.target.model),
    ...(request.dimensions === undefined ? {} : { outputDimensionality: request.dimensions }),
    ...optionsOf(request, service),
  };
  const requests = textsOf(call).map((text) => ({ ...shared, content: { parts: [{ text }] } }));
  return { path: modelPath(call, service, 'batchEmbedContents'), body: { requests } };
}

function textsOf(call: Call<'embed'>): readonly string[] {
  const { input } = call.request;
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (texts.every((text) => typeof text === 'string')) return texts;
  const { provider, model } = call.target;
  const message = '"input" must be text: lists of token ids are not supported';
  throw new UnsupportedParamsError({ message, provider, model, param: 'input' });
}

function decodeEmbed(body: unknown, context: DecodeContext<'embed'>): EmbedReply {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  const failure = failureOf(body, context);
  if (failure !== undefined) throw failure;
  const embeddings: readonly unknown[] = Array.isArray(body.embeddings) ? body.embeddings : [body.embedding];
  const asBase64 = context.call.request.encoding_format === 'base64';
  const data = embeddings.map((entry, index) => {
    const values: unknown = isRecord(entry) ? entry.values : undefined;
    if (!Array.isArray(values)) throw context.invalid(`no "values" in embedding ${index} of the answer`);
    // openai's type knows of arrays alone, though base64 is what it answers when asked for it
    const embedding = asBase64 ? (base64OfFloats(values) as unknown as number[]) : (values as number[]);
    return { object: 'embedding' as const, index, embedding };
  });
  const prompt = usageOf(body.usageMetadata)?.prompt_tokens ?? 0;
  return {
    object: 'list',
    data,
    model: context.call.target.model,
    usage: { prompt_tokens: prompt, total_tokens: prompt },
  };
}

function base64OfFloats(values: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  let binary = '';
  for (let at = 0; at < view.byteLength; at++) binary += String.fromCharCode(view.getUint8(at));
  return btoa(binary);
}
