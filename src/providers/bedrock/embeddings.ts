import { attachAnswer, takeAnswer } from '../../contract/answer.ts';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, Operation, ReplyCodec } from '../../contract/codec.ts';
import type { EmbedReply } from '../../contract/vectors.ts';
import type { Wire } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { toBase64 } from '../../dialects/openai/embeddings.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { replyOperation } from '../../wire/operations.ts';
import { type EmbeddingModel, embeddingModel } from './embedding-models.ts';
import { modelPath, optionsOf } from './options.ts';

const KNOWN: ReadonlySet<string> = new Set(['input', 'dimensions', 'encoding_format', 'providerOptions']);
/** Requests that run side by side where a model takes one text at a time. */
const SIDE_BY_SIDE = 8;

/** Embeddings by InvokeModel: as many requests as the model needs for all texts. */
export function embedOperation(wire: Wire): Operation<'embed'> {
  return async (call) => {
    refuseUnknown(call, call.request, KNOWN);
    const model = modelOf(call);
    const texts = textsOf(call);
    if (texts.length <= model.mostTexts) return replyOperation(wire, codecFor(model, texts))(call);
    const portions: string[][] = [];
    for (let at = 0; at < texts.length; at += model.mostTexts) portions.push(texts.slice(at, at + model.mostTexts));
    const replies: EmbedReply[] = [];
    for (let at = 0; at < portions.length; at += SIDE_BY_SIDE) {
      const running = portions.slice(at, at + SIDE_BY_SIDE);
      replies.push(...(await Promise.all(running.map((portion) => replyOperation(wire, codecFor(model, portion))(call)))));
    }
    return joined(replies);
  };
}

function modelOf(call: Call<'embed'>): EmbeddingModel {
  const { baseModel } = optionsOf(call);
  const model = embeddingModel(typeof baseModel === 'string' ? baseModel : call.target.model);
  const { dimensions } = call.request;
  if (dimensions !== undefined && dimensions !== null && !model.dimensions) {
    unsupported(call, 'dimensions', 'the length of this model’s vectors is fixed');
  }
  return model;
}

function textsOf(call: Call<'embed'>): string[] {
  const input: unknown = call.request.input;
  const texts = Array.isArray(input) ? input : [input];
  if (texts.every((text) => typeof text === 'string')) return texts;
  unsupported(call, 'input', 'bedrock reads text, not token numbers');
  return texts.map(String);
}

const codecFor = (model: EmbeddingModel, texts: readonly string[]): ReplyCodec<'embed'> => ({
  encode(call) {
    const { dimensions } = call.request;
    const { baseModel, ...own } = optionsOf(call);
    const wanted = model.dimensions ? (dimensions ?? undefined) : undefined;
    return { path: modelPath(call, 'invoke'), body: { ...model.body(texts, wanted), ...own } };
  },
  decode: (body, context) => decodeVectors(body, model, context),
});

function decodeVectors(body: unknown, model: EmbeddingModel, context: DecodeContext<'embed'>): EmbedReply {
  if (!isRecord(body)) throw context.invalid('the answer is no object');
  const vectors = model.vectors(body);
  if (!Array.isArray(vectors)) {
    if (typeof (body.message ?? body.Message) === 'string' || body.__type !== undefined) throw context.failure(body);
    throw context.invalid('no vectors in the answer');
  }
  const asBase64 = context.call.request.encoding_format === 'base64';
  const data = vectors.map((vector: unknown, index) => {
    if (!Array.isArray(vector)) throw context.invalid('an embedding that is no vector');
    const embedding = (asBase64 ? toBase64(vector) : vector) as number[];
    return { object: 'embedding' as const, index, embedding };
  });
  const tokens = Number(model.tokens(body) ?? context.headers['x-amzn-bedrock-input-token-count']) || 0;
  return {
    object: 'list',
    model: context.call.target.model,
    data,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}

function joined(replies: readonly EmbedReply[]): EmbedReply {
  const [first] = replies;
  const data = replies.flatMap((reply) => reply.data).map((entry, index) => ({ ...entry, index }));
  const tokens = replies.reduce((sum, { usage }) => sum + usage.total_tokens, 0);
  const whole: EmbedReply = {
    object: 'list',
    model: first?.model ?? '',
    data,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
  const answer = first === undefined ? undefined : takeAnswer(first);
  if (answer !== undefined) attachAnswer(whole, answer);
  return whole;
}
