import type { ChatChunk, ChatChunkChoice } from '../../contract/chat.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import type { Prediction } from './prediction.ts';
import { createdOf } from './prediction.ts';

/** Events of a prediction's stream as openai's chunks: text as it is, no JSON around it. */
export class OutputDecoder implements StreamDecoder<ChatChunk> {
  finished = false;
  readonly #context: DecodeContext<'stream'>;
  readonly #chunk: (choices: ChatChunkChoice[]) => ChatChunk;
  #begun = false;

  constructor(context: DecodeContext<'stream'>, prediction: Prediction) {
    this.#context = context;
    this.#chunk = chunkMaker(prediction, context.call);
  }

  get done(): boolean {
    return this.finished;
  }

  event(data: string, name: string, out: ChatChunk[]): void {
    if (name === 'output') this.#text(data, out);
    else if (name === 'done') this.#end(data, out);
    else if (name === 'error' || name === 'raw') throw this.#failure(data);
    else if (name === '') throw this.#context.invalid('an event without a name');
  }

  end(): void {}

  whole(body: unknown): void {
    throw isRecord(body) && (body.detail || body.error)
      ? this.#context.failure(body, typeof body.status === 'number' ? body.status : undefined)
      : this.#context.invalid('the answer is not a stream');
  }

  #text(content: string, out: ChatChunk[]): void {
    if (content === '') return;
    const role = this.#begun ? {} : ({ role: 'assistant' } as const);
    this.#begun = true;
    out.push(this.#chunk([{ index: 0, delta: { ...role, content }, finish_reason: null, logprobs: null }]));
  }

  #end(data: string, out: ChatChunk[]): void {
    const reason = record(data)?.reason;
    if (reason === 'canceled') throw this.#context.failure({ status: 'canceled' });
    if (reason === 'error') throw this.#context.failure({ status: 'failed' });
    this.finished = true;
    out.push(finishChunk(this.#chunk, !this.#begun));
  }

  #failure(data: string): Error {
    const body = record(data) ?? { detail: data };
    return this.#context.failure(body, typeof body.status === 'number' ? body.status : undefined);
  }
}

/** Chunks of one prediction. */
export function chunkMaker(prediction: Prediction, call: DecodeContext['call']): (choices: ChatChunkChoice[]) => ChatChunk {
  const head = {
    id: prediction.id,
    object: 'chat.completion.chunk',
    created: createdOf(prediction, call),
    model: call.target.model,
  } as const;
  return (choices) => ({ ...head, choices });
}

export const finishChunk = (chunk: (choices: ChatChunkChoice[]) => ChatChunk, first: boolean): ChatChunk =>
  chunk([{ index: 0, delta: first ? { role: 'assistant' } : {}, finish_reason: 'stop', logprobs: null }]);

function record(data: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(data);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
