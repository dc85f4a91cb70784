import type { ChatChunk, ChatChunkChoice } from '../../contract/chat.ts';
import { chunksOf } from '../../contract/chunks-of.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { createdAt, finishFailure, finishReason, isRecord } from '../chat-rules.ts';
import type { Fields } from './body-failure.ts';
import { refuseFailure, statusIn } from './body-failure.ts';
import { decodeChat } from './decode.ts';
import type { Quirks } from './quirks.ts';
import { flattenContent, liftReasoning } from './reasoning.ts';
import { ToolDeltas } from './tool-deltas.ts';
import { findUsage, usageOf } from './usage.ts';

const BRACE = 0x7b;

/** What a parsed event may be: a chunk whose fields are not to be relied on. */
type RawChunk = Fields & Omit<ChatChunk, 'choices'> & { choices: (ChatChunkChoice & Fields)[] };

/**
 * Chunks of the OpenAI dialect. A trusted host's chunks are handed on as they were parsed, with the finish reason and
 * the usage noted; other hosts' are mended in place. Choices are counted in bit sets: from 32 on they share bits.
 */
export class ChatStreamDecoder implements StreamDecoder<ChatChunk> {
  done = false;
  readonly #context: DecodeContext<'stream'>;
  readonly #mends: boolean;
  readonly #repeatsReasoning: boolean;
  #head: { id: string; created: number; model: string } | undefined;
  #usage: Usage | undefined;
  #usageChunk: ChatChunk | undefined;
  #seen = 0;
  #ended = 0;
  #called = 0;
  #hasContent = false;
  #promptFilters: unknown;
  #lastReasoning = '';
  #tools: ToolDeltas[] | undefined;

  constructor(context: DecodeContext<'stream'>, quirks: Quirks) {
    this.#context = context;
    this.#mends = quirks.trusted !== true || quirks.foreignAddress === true;
    this.#repeatsReasoning = quirks.repeatsReasoning === true;
  }

  get finished(): boolean {
    if (this.#ended !== 0) return this.#ended === this.#seen || this.done;
    return this.done && this.#hasContent;
  }

  event(data: string, name: string, out: ChatChunk[]): void {
    if (data.charCodeAt(0) !== BRACE) return this.#other(data, name, out);
    const chunk = this.#parse(data);
    if (chunk.error || this.#mends) this.#refuse(chunk, out);
    const { choices } = chunk;
    if (!Array.isArray(choices)) return this.#withoutChoices(chunk, name);
    if (this.#mends || !chunk.id || !chunk.created || !chunk.model || this.#head === undefined) this.#fillHead(chunk);
    if (choices.length === 0) return this.#withoutChoice(chunk, out);
    if (chunk.usage || this.#mends) this.#takeUsage(chunk);
    let failure: object | undefined;
    for (let i = 0; i < choices.length; i++) {
      const choice = choices[i];
      if (typeof choice !== 'object' || choice === null || Array.isArray(choice)) {
        choices.splice(i--, 1);
        continue;
      }
      if (this.#mends || !choice.delta || typeof choice.delta !== 'object') this.#mendChoice(choice, i);
      const bit = 1 << choice.index;
      const { delta, finish_reason: reason } = choice;
      // some hosts leave it out, and openai's helpers want it
      if (this.#mends && (this.#seen & bit) === 0) delta.role ||= 'assistant';
      this.#seen |= bit;
      if (delta.tool_calls) this.#called |= bit;
      if (!this.#hasContent && (delta.content || delta.tool_calls || delta.reasoning_content)) this.#hasContent = true;
      if (reason) failure ??= this.#finish(choice, reason, bit);
    }
    if (this.#promptFilters !== undefined) this.#attachFilters(chunk);
    out.push(chunk);
    if (failure !== undefined) throw this.#context.failure(failure);
  }

  end(out: ChatChunk[]): void {
    const open = this.#seen & ~this.#ended;
    if (open !== 0 && this.finished) {
      for (let index = 0; index < 32; index++) {
        const bit = 1 << index;
        if ((open & bit) === 0) continue;
        const reason = finishReason(null, (this.#called & bit) !== 0);
        out.push(this.#chunk([{ index, delta: {}, finish_reason: reason }]));
      }
    }
    if (this.#usage === undefined) return;
    const chunk = this.#usageChunk ?? this.#chunk([]);
    chunk.usage = this.#usage;
    out.push(chunk);
  }

  whole(body: unknown, out: ChatChunk[]): void {
    const reply = decodeChat(body, this.#context);
    this.#head = reply;
    this.#usage = reply.usage;
    out.push(...chunksOf(reply));
    this.#seen = 1;
    this.#ended = 1;
    this.done = true;
  }

  #parse(data: string): RawChunk {
    try {
      return JSON.parse(data) as RawChunk;
    } catch {
      throw this.#context.invalid('an event of the stream is no JSON');
    }
  }

  /** `[DONE]`, errors in plain words, and whatever hosts send to keep a line open. */
  #other(data: string, name: string, out: ChatChunk[]): void {
    const text = data.trim();
    if (text === '[DONE]') this.done = true;
    else if (text.charCodeAt(0) === BRACE) this.event(text, name, out);
    else if (name === 'error') throw this.#context.failure({ error: { message: text } });
    else if (text.charAt(0) === '<') throw this.#context.invalid('an event of the stream is no JSON');
  }

  /** An error in the stream. Text that came in the same event is delivered first. */
  #refuse(chunk: RawChunk, out: ChatChunk[]): void {
    if (!chunk.error) return refuseFailure(chunk, this.#context);
    const { choices } = chunk;
    if (Array.isArray(choices) && choices.some((choice) => isRecord(choice) && choice.delta?.content)) {
      this.#fillHead(chunk);
      for (const choice of choices) choice.finish_reason = null;
      out.push(chunk);
    }
    throw this.#context.failure(chunk, statusIn(chunk));
  }

  #withoutChoices(chunk: RawChunk, name: string): void {
    this.#takeUsage(chunk);
    const says = chunk.message ?? chunk.detail ?? chunk.error_code;
    if (name === 'error' || (name === '' && says)) throw this.#context.failure(chunk, statusIn(chunk));
    refuseFailure(chunk, this.#context);
  }

  /** Usage chunks are kept for the end; Azure's opening chunk gives its verdicts on the prompt to the next one. */
  #withoutChoice(chunk: RawChunk, out: ChatChunk[]): void {
    if (findUsage(chunk)) {
      this.#takeUsage(chunk);
      this.#usageChunk = chunk;
    } else if (chunk.prompt_filter_results ?? chunk.prompt_annotations) {
      this.#promptFilters = chunk.prompt_filter_results ?? chunk.prompt_annotations;
    } else {
      out.push(chunk);
    }
  }

  #takeUsage(chunk: RawChunk): void {
    const raw = this.#mends ? findUsage(chunk) : chunk.usage;
    if (raw) this.#usage = this.#mends ? usageOf(raw) : (raw as Usage);
    if (chunk.usage !== undefined) chunk.usage = null;
  }

  #attachFilters(chunk: RawChunk): void {
    chunk.prompt_filter_results = this.#promptFilters;
    this.#promptFilters = undefined;
  }

  #finish(choice: ChatChunkChoice, reason: string, bit: number): object | undefined {
    const failure = finishFailure(reason);
    choice.finish_reason = failure === undefined ? finishReason(reason, (this.#called & bit) !== 0) : null;
    if (failure === undefined) this.#ended |= bit;
    return failure;
  }

  #fillHead(chunk: RawChunk): void {
    chunk.object = 'chat.completion.chunk';
    chunk.id = (typeof chunk.id === 'string' && chunk.id) || this.#head?.id || `chatcmpl-${this.#context.call.correlationId}`;
    chunk.created = (typeof chunk.created === 'number' && chunk.created) || this.#head?.created || createdAt(this.#context);
    chunk.model = (typeof chunk.model === 'string' && chunk.model) || this.#head?.model || this.#context.call.target.model;
    if (chunk.choices.length > 0) this.#head ??= { id: chunk.id, created: chunk.created, model: chunk.model };
  }

  #chunk(choices: ChatChunkChoice[]): ChatChunk {
    const { id, created, model } = this.#head ?? { id: '', created: 0, model: '' };
    return { id, object: 'chat.completion.chunk', created, model, choices };
  }

  #mendChoice(choice: RawChunk['choices'][number], position: number): void {
    if (typeof choice.index !== 'number') choice.index = position;
    if (typeof choice.finish_reason !== 'string' || (choice.finish_reason as string) === '') choice.finish_reason = null;
    const { message } = choice;
    if (!isRecord(choice.delta)) choice.delta = isRecord(message) && !this.#hasContent ? (message as Fields) : {};
    if (message !== undefined) delete choice.message;
    const delta: Fields = choice.delta as Fields;
    if (typeof delta.content !== 'string' && delta.content !== undefined) flattenContent(delta);
    liftReasoning(delta);
    if (typeof delta.refusal !== 'string' && delta.refusal !== undefined) delta.refusal = null;
    if (this.#repeatsReasoning && typeof delta.reasoning_content === 'string') {
      if (delta.reasoning_content === this.#lastReasoning) delete delta.reasoning_content;
      else this.#lastReasoning = delta.reasoning_content;
    }
    if (delta.tool_calls === undefined) return;
    if (Array.isArray(delta.tool_calls) && delta.tool_calls.length > 0) {
      delta.tool_calls = this.#toolsOf(choice.index).mend(delta.tool_calls);
    } else {
      delete delta.tool_calls;
    }
  }

  #toolsOf(index: number): ToolDeltas {
    this.#tools ??= [];
    const known = this.#tools[index];
    if (known !== undefined) return known;
    const tools = new ToolDeltas(this.#context);
    this.#tools[index] = tools;
    return tools;
  }
}
