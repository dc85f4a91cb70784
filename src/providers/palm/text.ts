import type { Completion } from 'openai/resources/completions';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { EmbedReply } from '../../contract/vectors.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { createdAt, isRecord, textOf } from '../../dialects/chat-rules.ts';
import { toBase64 } from '../../dialects/openai/embeddings.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { candidatesOf, methodPath, optionsOf, refuseError, samplingOf, stopsOf } from './request.ts';

const KNOWN: ReadonlySet<string> = new Set([
  'prompt',
  'temperature',
  'top_p',
  'top_k',
  'n',
  'max_tokens',
  'stop',
  'stream_options',
  'providerOptions',
]);
const EMBED_KNOWN: ReadonlySet<string> = new Set(['input', 'encoding_format', 'providerOptions']);

/** Legacy text completions, by `generateText`. */
export function encodeCompletion(call: Call<'complete' | 'completeStream'>): WireMessage {
  const { request } = call;
  refuseUnknown(call as Call, request, KNOWN);
  const { prompt } = request;
  const text: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : (prompt ?? '');
  if (typeof text !== 'string') unsupported(call as Call, 'prompt', 'one text is completed at a time');
  const limit = request.max_tokens;
  const body = {
    prompt: { text: typeof text === 'string' ? text : '' },
    ...samplingOf(request),
    ...(limit === undefined || limit === null ? {} : { maxOutputTokens: limit }),
    ...stopsOf(call as Call, request.stop),
  };
  return { path: methodPath(call as Call, 'generateText'), body: { ...body, ...optionsOf(call as Call) } };
}

export function decodeCompletion(body: unknown, context: DecodeContext<'complete' | 'completeStream'>): Completion {
  const { call } = context;
  return {
    id: `cmpl-${call.correlationId}`,
    object: 'text_completion',
    created: createdAt(context),
    model: call.target.model,
    choices: candidatesOf(body, context).map((candidate, index) => ({
      index,
      text: textOf(candidate.output ?? candidate.content),
      finish_reason: 'stop',
      logprobs: null,
    })),
  };
}

/** A whole answer where a stream was asked for. */
export class WholeCompletionDecoder implements StreamDecoder<Completion> {
  finished = false;
  readonly #context: DecodeContext<'completeStream'>;

  constructor(context: DecodeContext<'completeStream'>) {
    this.#context = context;
  }

  get done(): boolean {
    return this.finished;
  }

  event(): void {
    throw this.#context.invalid('the answer is an event stream, which this API does not have');
  }

  whole(body: unknown, out: Completion[]): void {
    out.push(decodeCompletion(body, this.#context));
    this.finished = true;
  }

  end(): void {}
}

/** One text goes to `embedText`, several to `batchEmbedText`. */
export function encodeEmbed(call: Call<'embed'>): WireMessage {
  refuseUnknown(call as Call, call.request, EMBED_KNOWN);
  const { input } = call.request;
  const texts: readonly unknown[] = Array.isArray(input) ? input : [input];
  if (!texts.every((text) => typeof text === 'string'))
    unsupported(call as Call, 'input', 'texts are embedded, not token numbers');
  if (texts.length === 1)
    return { path: methodPath(call as Call, 'embedText'), body: { text: String(texts[0]), ...optionsOf(call as Call) } };
  return { path: methodPath(call as Call, 'batchEmbedText'), body: { texts: texts.map(String), ...optionsOf(call as Call) } };
}

export function decodeEmbed(body: unknown, context: DecodeContext<'embed'>): EmbedReply {
  if (!isRecord(body)) throw context.invalid('the answer is no JSON object');
  refuseError(body, context);
  const entries: readonly unknown[] = Array.isArray(body.embeddings) ? body.embeddings : [body.embedding];
  const asBase64 = context.call.request.encoding_format === 'base64';
  const data = entries.map((entry, index) => {
    const values = isRecord(entry) ? entry.value : undefined;
    if (!Array.isArray(values)) throw context.invalid(`no "value" in embedding ${index} of the answer`);
    // openai's type knows of arrays alone, though base64 is what it answers when asked for it
    const embedding = asBase64 ? (toBase64(values as number[]) as unknown as number[]) : (values as number[]);
    return { object: 'embedding' as const, index, embedding };
  });
  return { object: 'list', data, model: context.call.target.model, usage: { prompt_tokens: 0, total_tokens: 0 } };
}
