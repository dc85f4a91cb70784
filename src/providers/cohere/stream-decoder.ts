import type { ChatChunk, ChatChunkChoice } from '../../contract/chat.ts';
import { chunksOf } from '../../contract/chunks-of.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { createdAt, isRecord } from '../../dialects/chat-rules.ts';
import { argumentsText, newCallId } from '../../dialects/openai/tool-deltas.ts';
import type { CohereDelta, Fields } from './answer.ts';
import { finishOf, logprobsOf, text, usageOf } from './answer.ts';
import { decodeChat } from './decode.ts';

/** Events of the v2 chat as openai's chunks. Content and tool calls are single objects here, each kind with an index of its own. */
export class ChatStreamDecoder implements StreamDecoder<ChatChunk> {
  finished = false;
  readonly #context: DecodeContext<'stream'>;
  readonly #created: number;
  #id: string;
  #usage: Usage | undefined;
  #said = false;
  #argued = true;
  /** Cohere's index of each tool call that has begun. */
  readonly #calls: unknown[] = [];
  #role: { role?: 'assistant' } = { role: 'assistant' };

  constructor(context: DecodeContext<'stream'>) {
    this.#context = context;
    this.#created = createdAt(context);
    this.#id = `chatcmpl-${context.call.correlationId}`;
  }

  get done(): boolean {
    return this.finished;
  }

  event(data: string, name: string, out: ChatChunk[]): void {
    if (data.trim() === '[DONE]') return;
    const event = this.#parse(data);
    const delta = isRecord(event.delta) ? event.delta : {};
    const message = isRecord(delta.message) ? delta.message : {};
    switch (text(event.type) || name) {
      case 'message-start':
        this.#id = text(event.id) || this.#id;
        return;
      case 'content-start':
      case 'content-delta':
        return this.#content(message.content, event.logprobs, out);
      case 'tool-plan-delta':
        return this.#plan(text(message.tool_plan), out);
      case 'tool-call-start':
        return this.#openCall(message.tool_calls, event.index, out);
      case 'tool-call-delta':
        return this.#argue(message.tool_calls, event.index, out);
      case 'tool-call-end':
        return this.#closeCall(out);
      case 'citation-start':
        if (message.citations) out.push(this.#chunk({ citations: [message.citations] }));
        return;
      case 'message-end':
        return this.#finish(delta, out);
      default:
        this.#other(event, name);
    }
  }

  end(out: ChatChunk[]): void {
    if (this.#usage !== undefined) out.push({ ...this.#chunkOf([]), usage: this.#usage });
  }

  whole(body: unknown, out: ChatChunk[]): void {
    const reply = decodeChat(body, this.#context);
    out.push(...chunksOf(reply));
    this.#id = reply.id;
    this.#usage = reply.usage;
    this.finished = true;
  }

  #parse(data: string): Fields {
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      throw this.#context.invalid('an event of the stream is no JSON');
    }
    if (!isRecord(event)) throw this.#context.invalid('an event of the stream is no JSON object');
    return event;
  }

  #content(content: unknown, logprobs: unknown, out: ChatChunk[]): void {
    if (!isRecord(content)) return;
    const words = text(content.text);
    const thinking = text(content.thinking);
    if (words === '' && thinking === '') return;
    this.#said ||= words !== '';
    const delta: CohereDelta = {};
    if (thinking !== '') delta.reasoning_content = thinking;
    if (words !== '') delta.content = words;
    out.push(this.#chunk(delta, null, logprobsOf(logprobs)));
  }

  #plan(plan: string, out: ChatChunk[]): void {
    if (plan !== '') out.push(this.#chunk({ reasoning_content: plan, tool_plan: plan }));
  }

  #openCall(raw: unknown, index: unknown, out: ChatChunk[]): void {
    const call = isRecord(raw) ? raw : {};
    const inner: Fields = isRecord(call.function) ? call.function : {};
    this.#closeCall(out);
    this.#said = true;
    const json = argumentsText(inner.arguments);
    this.#argued = json !== '';
    const id = text(call.id) || newCallId(this.#context);
    const place = this.#calls.push(index) - 1;
    const opened = { index: place, id, type: 'function' as const, function: { name: text(inner.name), arguments: json } };
    out.push(this.#chunk({ tool_calls: [opened] }));
  }

  #argue(raw: unknown, index: unknown, out: ChatChunk[]): void {
    const inner: Fields = isRecord(raw) && isRecord(raw.function) ? raw.function : {};
    const json = argumentsText(inner.arguments);
    if (json === '') return;
    if (this.#calls.length === 0) return this.#openCall(raw, index, out);
    this.#argued = true;
    const known = this.#calls.lastIndexOf(index);
    const place = known === -1 ? this.#calls.length - 1 : known;
    out.push(this.#chunk({ tool_calls: [{ index: place, function: { arguments: json } }] }));
  }

  /** A call of a function that takes nothing may come without any arguments. */
  #closeCall(out: ChatChunk[]): void {
    if (this.#argued) return;
    this.#argued = true;
    out.push(this.#chunk({ tool_calls: [{ index: this.#calls.length - 1, function: { arguments: '{}' } }] }));
  }

  #finish(delta: Fields, out: ChatChunk[]): void {
    this.#closeCall(out);
    const said = { anything: this.#said, tools: this.#calls.length > 0 };
    const reason = finishOf(delta.finish_reason, said, this.#context, delta.error);
    this.#usage = usageOf(delta.usage);
    out.push(this.#chunk({}, reason));
    this.finished = true;
  }

  /** An error in a form of its own ends the stream; kinds of events that are not known are passed over. */
  #other(event: Fields, name: string): void {
    const isError = name === 'error' || Boolean(event.error) || event.finish_reason === 'ERROR';
    if (isError || (event.type === undefined && typeof event.message === 'string')) throw this.#context.failure(event);
  }

  #chunk(
    delta: CohereDelta,
    finish: ChatChunkChoice['finish_reason'] = null,
    logprobs: ChatChunkChoice['logprobs'] = null,
  ): ChatChunk {
    const role = this.#role;
    this.#role = {};
    return this.#chunkOf([{ index: 0, delta: { ...role, ...delta }, finish_reason: finish, logprobs }]);
  }

  #chunkOf(choices: ChatChunkChoice[]): ChatChunk {
    const { model } = this.#context.call.target;
    return { id: this.#id, object: 'chat.completion.chunk', created: this.#created, model, choices };
  }
}
