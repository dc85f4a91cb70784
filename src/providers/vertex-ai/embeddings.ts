import { attachAnswer, takeAnswer } from '../../contract/answer.ts';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, Operation, ReplyCodec } from '../../contract/codec.ts';
import type { EmbedReply } from '../../contract/vectors.ts';
import type { Wire } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { failureOf } from '../../dialects/gemini/answer-head.ts';
import { modelPath, optionsOf } from '../../dialects/gemini/encode.ts';
import type { GeminiService } from '../../dialects/gemini/service-traits.ts';
import { toBase64 } from '../../dialects/openai/embeddings.ts';
import { refuseUnknown } from '../../dialects/params.ts';
import { UnsupportedParamsError } from '../../errors/provider-errors.ts';
import { replyOperation } from '../../wire/operations.ts';

const KNOWN: ReadonlySet<string> = new Set(['input', 'dimensions', 'encoding_format', 'providerOptions']);

/** Texts in one `:predict`; `gemini-embedding-001` takes one. */
const MOST_TEXTS = 250;
/** Requests of one call that are under way at a time. */
const SIDE_BY_SIDE = 8;

/**
 * Vectors of any number of texts, in as many requests as the model's method needs.
 * `renewing` is put around each request.
 */
export function embedOperation(
  wire: Wire,
  service: GeminiService,
  renewing: (operation: Operation<'embed'>) => Operation<'embed'>,
): Operation<'embed'> {
  const predict = renewing(replyOperation(wire, predictCodec(service)));
  const embedContent = renewing(replyOperation(wire, embedContentCodec(service)));
  return async (call) => {
    refuseUnknown(call as Call, call.request, KNOWN);
    const texts = textsOf(call);
    const name = call.target.model.slice(call.target.model.lastIndexOf('/') + 1);
    const single = takesContent(name);
    const size = single || name === 'gemini-embedding-001' ? 1 : MOST_TEXTS;
    const one = single ? embedContent : predict;
    return texts.length <= size ? one(withTexts(call, texts)) : inBatches(call, texts, size, one);
  };
}

/** Newer models have a method of their own, for one text at a time. */
const takesContent = (model: string): boolean =>
  (model.startsWith('gemini') && model !== 'gemini-embedding-001') || model.endsWith('-maas');

async function inBatches(
  call: Call<'embed'>,
  texts: readonly string[],
  size: number,
  embed: Operation<'embed'>,
): Promise<EmbedReply> {
  const replies: EmbedReply[] = [];
  const count = Math.ceil(texts.length / size);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let batch = next++; batch < count; batch = next++) {
      try {
        replies[batch] = await embed(withTexts(call, texts.slice(batch * size, (batch + 1) * size)));
      } catch (error) {
        next = count;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(SIDE_BY_SIDE, count) }, work));
  return joined(replies);
}

function joined(replies: readonly EmbedReply[]): EmbedReply {
  const answers = replies.map((reply) => takeAnswer(reply));
  const tokens = replies.reduce((sum, { usage }) => sum + usage.prompt_tokens, 0);
  const data = replies.flatMap((reply) => reply.data).map((entry, index) => ({ ...entry, index }));
  const reply: EmbedReply = {
    object: 'list',
    model: replies[0]?.model ?? '',
    data,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
  const [first] = answers;
  if (first !== undefined) attachAnswer(reply, first);
  return reply;
}

const withTexts = (call: Call<'embed'>, texts: readonly string[]): Call<'embed'> => ({
  ...call,
  request: { ...call.request, input: [...texts] },
});

function textsOf(call: Call<'embed'>): readonly string[] {
  const { input } = call.request;
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (texts.every((text) => typeof text === 'string')) return texts;
  const { provider, model } = call.target;
  throw new UnsupportedParamsError({
    message: '"input" must be text: lists of token ids are not supported',
    provider,
    model,
    param: 'input',
  });
}

const predictCodec = (service: GeminiService): ReplyCodec<'embed'> => ({
  encode(call) {
    const { taskType, title, autoTruncate, parameters, ...further } = optionsOf(call.request, service);
    const { dimensions } = call.request;
    const instances = textsOf(call).map((content) => ({
      content,
      ...(taskType === undefined ? {} : { task_type: taskType }),
      ...(title === undefined ? {} : { title }),
    }));
    const settings = {
      ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
      ...(autoTruncate === undefined ? {} : { autoTruncate }),
      ...(isRecord(parameters) ? parameters : {}),
    };
    const body = { instances, ...(Object.keys(settings).length === 0 ? {} : { parameters: settings }), ...further };
    return { path: modelPath(call as Call, service, 'predict'), body };
  },
  decode(body, context) {
    const answer = opened(body, context);
    if (!Array.isArray(answer.predictions)) throw context.invalid('no "predictions" in the answer');
    let tokens = 0;
    const vectors = answer.predictions.map((prediction: unknown) => {
      const embeddings = isRecord(prediction) && isRecord(prediction.embeddings) ? prediction.embeddings : {};
      tokens += countOf(isRecord(embeddings.statistics) ? embeddings.statistics.token_count : undefined);
      return embeddings.values;
    });
    return replyOf(vectors, tokens, context);
  },
});

const embedContentCodec = (service: GeminiService): ReplyCodec<'embed'> => ({
  encode(call) {
    const { taskType, title, autoTruncate, embedContentConfig, ...further } = optionsOf(call.request, service);
    const { dimensions } = call.request;
    const config = {
      ...(taskType === undefined ? {} : { taskType }),
      ...(title === undefined ? {} : { title }),
      ...(autoTruncate === undefined ? {} : { autoTruncate }),
      ...(dimensions === undefined ? {} : { outputDimensionality: dimensions }),
      ...(isRecord(embedContentConfig) ? embedContentConfig : {}),
    };
    const body = {
      content: { parts: textsOf(call).map((text) => ({ text })) },
      ...(Object.keys(config).length === 0 ? {} : { embedContentConfig: config }),
      ...further,
    };
    return { path: modelPath(call as Call, service, 'embedContent'), body };
  },
  decode(body, context) {
    const { embedding, usageMetadata } = opened(body, context);
    const tokens = countOf(isRecord(usageMetadata) ? usageMetadata.promptTokenCount : undefined);
    return replyOf([isRecord(embedding) ? embedding.values : undefined], tokens, context);
  },
});

function opened(body: unknown, context: DecodeContext): Record<string, unknown> {
  const answer: unknown = Array.isArray(body) && body.length === 1 ? body[0] : body;
  if (!isRecord(answer)) throw context.invalid('the answer is not a JSON object');
  const failure = failureOf(answer, context);
  if (failure !== undefined) throw failure;
  return answer;
}

function replyOf(vectors: readonly unknown[], tokens: number, context: DecodeContext<'embed'>): EmbedReply {
  const asBase64 = context.call.request.encoding_format === 'base64';
  const data = vectors.map((values, index) => {
    if (!Array.isArray(values)) throw context.invalid(`no "values" in embedding ${index} of the answer`);
    // openai's type knows of arrays alone, though base64 is what it answers when asked for it
    const embedding = asBase64 ? (toBase64(values as number[]) as unknown as number[]) : (values as number[]);
    return { object: 'embedding' as const, index, embedding };
  });
  return { object: 'list', data, model: context.call.target.model, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

const countOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
