import type { ChatChunk, ChatChunkChoice, ChatDelta } from '../../contract/chat.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { finishReason, isRecord } from '../../dialects/chat-rules.ts';
import type { Answer } from './answer.ts';
import { created, modelOf, openAnswer, seedOf, text, usageOf } from './answer.ts';
import { decodeLogprobs, decodeToolCalls } from './decode.ts';

/** Lines of a chat stream as openai's chunks. Each line is complete: text and reasoning are deltas, tool calls come whole. */
export class ChatStreamDecoder implements StreamDecoder<ChatChunk> {
  finished = false;
  readonly #context: DecodeContext<'stream'>;
  readonly #seed: string;
  #created = 0;
  #model = '';
  #role: { role?: 'assistant' } = { role: 'assistant' };
  #toolCalls = 0;
  #usage: Usage | undefined;

  constructor(context: DecodeContext<'stream'>) {
    this.#context = context;
    this.#seed = seedOf(context);
  }

  get done(): boolean {
    return this.finished;
  }

  event(data: string, _name: string, out: ChatChunk[]): void {
    this.whole(parseLine(data, this.#context), out);
  }

  whole(body: unknown, out: ChatChunk[]): void {
    const answer = openAnswer(body, this.#context);
    if (!isRecord(answer.message) && answer.done !== true) throw this.#context.invalid('no "message" in a line of the stream');
    this.#created ||= created(answer, this.#context);
    this.#model ||= modelOf(answer, this.#context);
    const delta = isRecord(answer.message) ? this.#delta(answer.message) : {};
    const logprobs = decodeLogprobs(answer.logprobs);
    if (Object.keys(delta).length > 0 || logprobs !== null) {
      out.push(this.#chunk([{ index: 0, delta: { ...this.#takeRole(), ...delta }, finish_reason: null, logprobs }]));
    }
    if (answer.done === true) this.#finish(answer, out);
  }

  end(out: ChatChunk[]): void {
    if (this.#usage !== undefined) out.push({ ...this.#chunk([]), usage: this.#usage });
  }

  #finish(answer: Answer, out: ChatChunk[]): void {
    this.finished = true;
    this.#usage = usageOf(answer);
    const reason = finishReason(text(answer.done_reason), this.#toolCalls > 0);
    out.push(this.#chunk([{ index: 0, delta: this.#takeRole(), finish_reason: reason, logprobs: null }]));
  }

  #delta(message: Readonly<Record<string, unknown>>): ChatDelta {
    const delta: ChatDelta = {};
    const thinking = text(message.thinking);
    const content = text(message.content);
    if (thinking !== '') delta.reasoning_content = thinking;
    if (content !== '') delta.content = content;
    const calls = decodeToolCalls(message.tool_calls, this.#seed, this.#toolCalls);
    if (calls.length > 0) {
      delta.tool_calls = calls.map((call, i) => ({ index: this.#toolCalls + i, ...call }));
      this.#toolCalls += calls.length;
    }
    return delta;
  }

  #takeRole(): { role?: 'assistant' } {
    const role = this.#role;
    this.#role = {};
    return role;
  }

  #chunk(choices: ChatChunkChoice[]): ChatChunk {
    return { id: `chatcmpl-${this.#seed}`, object: 'chat.completion.chunk', created: this.#created, model: this.#model, choices };
  }
}

/** A line of a stream. Throws what `context` makes of something that is no JSON. */
export function parseLine(data: string, context: DecodeContext): unknown {
  try {
    return JSON.parse(data);
  } catch {
    throw context.invalid('a line of the stream is not JSON');
  }
}
