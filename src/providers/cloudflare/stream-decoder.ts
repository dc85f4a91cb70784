import type { ChatChunk, ChatDelta } from '../../contract/chat.ts';
import { chunksOf } from '../../contract/chunks-of.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { createdAt, finishReason, isRecord } from '../../dialects/chat-rules.ts';
import { ChatStreamDecoder } from '../../dialects/openai/stream-decoder.ts';
import { usageOf } from '../../dialects/openai/usage.ts';
import { contentOf, decodeRun, toolCallsOf } from './decode.ts';

/** Events of the native routes: `response` deltas of older models, OpenAI's chunks of newer ones. */
export class RunStreamDecoder implements StreamDecoder<ChatChunk> {
  readonly #context: DecodeContext<'stream'>;
  readonly #openai: ChatStreamDecoder;
  readonly #head: Pick<ChatChunk, 'id' | 'created' | 'model' | 'object'>;
  #native = false;
  #done = false;
  #begun = false;
  #calls = 0;
  #reason: string | null = null;
  #usage: Usage | undefined;

  constructor(context: DecodeContext<'stream'>) {
    this.#context = context;
    this.#openai = new ChatStreamDecoder(context, {});
    this.#head = {
      id: `chatcmpl-${context.call.correlationId}`,
      object: 'chat.completion.chunk',
      created: createdAt(context),
      model: context.call.target.model,
    };
  }

  get finished(): boolean {
    return this.#native ? this.#done || this.#reason !== null : this.#openai.finished;
  }

  get done(): boolean {
    return this.#native ? this.#done : this.#openai.done;
  }

  event(data: string, name: string, out: ChatChunk[]): void {
    const text = data.trim();
    const event = text.startsWith('{') ? this.#parse(text) : undefined;
    if (event === undefined || (!('response' in event) && !('tool_calls' in event))) {
      if (this.#native && text === '[DONE]') this.#done = true;
      else if (this.#native && event?.usage) this.#usage = usageOf(event.usage);
      else this.#openai.event(data, name, out);
      return;
    }
    this.#native = true;
    const delta: ChatDelta = {};
    const content = contentOf(event.response);
    if (content !== '') delta.content = content;
    const calls = toolCallsOf(event.tool_calls, this.#context);
    if (calls.length > 0) delta.tool_calls = calls.map((call) => ({ index: this.#calls++, ...call }));
    if (isRecord(event.usage)) this.#usage = usageOf(event.usage);
    if (typeof event.finish_reason === 'string') this.#reason = event.finish_reason;
    if (Object.keys(delta).length > 0) out.push(this.#chunk(delta, null));
  }

  end(out: ChatChunk[]): void {
    if (!this.#native) return this.#openai.end(out);
    if (this.finished) out.push(this.#chunk({}, finishReason(this.#reason, this.#calls > 0)));
    if (this.#usage !== undefined) out.push({ ...this.#head, choices: [], usage: this.#usage });
  }

  /** Some models answer a streaming request with a whole answer. */
  whole(body: unknown, out: ChatChunk[]): void {
    const reply = decodeRun(body, this.#context);
    const chunks = chunksOf(reply);
    this.#native = true;
    this.#done = true;
    this.#begun = true;
    this.#usage = reply.usage;
    this.#reason = reply.choices[0]?.finish_reason ?? null;
    this.#calls = reply.choices[0]?.message.tool_calls?.length ?? 0;
    out.push(...chunks.filter((chunk) => chunk.choices.every((choice) => choice.finish_reason === null)));
  }

  #parse(text: string): Record<string, unknown> {
    try {
      return JSON.parse(text) as Record<string, unknown>;
    } catch {
      throw this.#context.invalid('an event of the stream is no JSON');
    }
  }

  #chunk(delta: ChatDelta, reason: ChatChunk['choices'][number]['finish_reason']): ChatChunk {
    const role = this.#begun ? {} : ({ role: 'assistant' } as const);
    this.#begun = true;
    return { ...this.#head, choices: [{ index: 0, delta: { ...role, ...delta }, finish_reason: reason, logprobs: null }] };
  }
}
