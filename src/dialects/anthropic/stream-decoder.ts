import type { ChatChunk, ChatDelta, ChatReply } from '../../contract/chat.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { jsonText } from '../../wire/json-text.ts';
import { createdAt, type FinishReason, isRecord } from '../chat-rules.ts';
import { explanationOf, type ProviderFields, refusalBody, SideContent, stopReason } from './blocks.ts';
import { answerTool, decodeMessage } from './decode.ts';
import type { Placement } from './placement.ts';
import { UsageAccount } from './usage.ts';

interface OpenBlock {
  readonly type: unknown;
  /** As `content_block_start` gave it. */
  readonly block: Record<string, unknown>;
  /** Thinking, or the JSON of a tool's input. */
  text: string;
  signature: unknown;
  /** Where its text begins in the whole content. */
  readonly start: number;
  readonly citations: unknown[];
  /** Position among the tool calls; -1 for everything else. */
  readonly call: number;
}

/** Turns the events of a Messages API stream into chunks. */
export class AnthropicStreamDecoder implements StreamDecoder<ChatChunk> {
  finished = false;
  readonly #context: DecodeContext<'stream'>;
  readonly #placement: Placement | undefined;
  readonly #jsonTool: string | undefined;
  readonly #created: number;
  readonly #blocks = new Map<unknown, OpenBlock>();
  readonly #side = new SideContent();
  readonly #account = new UsageAccount();
  #id: string;
  #model: string;
  #usage: Usage | undefined;
  #contentLength = 0;
  #toolCalls = 0;
  #started = false;
  #hasOutput = false;
  #stopReason: unknown;
  #stopDetails: unknown;

  constructor(context: DecodeContext<'stream'>, placement?: Placement) {
    this.#context = context;
    this.#placement = placement;
    this.#jsonTool = answerTool(context, placement);
    this.#created = createdAt(context);
    this.#id = `msg_${context.call.correlationId}`;
    this.#model = context.call.target.model;
  }

  get done(): boolean {
    return this.finished;
  }

  event(data: string, name: string, out: ChatChunk[]): void {
    if (name === 'ping' || data === '') return;
    const event: unknown = JSON.parse(data);
    if (!isRecord(event)) return;
    switch (event.type ?? name) {
      case 'content_block_delta':
        return this.#delta(this.#blocks.get(event.index), event.delta, out);
      case 'content_block_start':
        return this.#open(event.index, event.content_block, out);
      case 'content_block_stop':
        return this.#close(event.index, out);
      case 'message_start':
        return this.#start(event.message, out);
      case 'message_delta':
        return this.#end(event);
      case 'message_stop':
        return this.#finish(out);
      case 'error':
        throw this.#context.failure(event);
      default:
        // servers of other makers send an error without naming the event
        if (isRecord(event.error)) throw this.#context.failure(event);
    }
  }

  end(out: ChatChunk[]): void {
    const usage = this.#usage ?? this.#account.total();
    if (usage !== undefined) out.push({ ...this.#chunk({}), choices: [], usage });
  }

  whole(body: unknown, out: ChatChunk[]): void {
    const reply = decodeMessage(body, this.#context, this.#placement);
    this.#id = reply.id;
    this.#model = reply.model;
    this.#usage = reply.usage;
    for (const { message, finish_reason } of reply.choices) this.#replay(message, finish_reason, out);
    this.finished = true;
  }

  #replay(message: ChatReply['choices'][number]['message'], finish: FinishReason, out: ChatChunk[]): void {
    const { content, reasoning_content, refusal, tool_calls, role: _role, ...side } = message;
    this.#start(undefined, out);
    if (reasoning_content) this.#emit({ reasoning_content }, out);
    if (content) this.#emit({ content }, out);
    for (const [index, call] of (tool_calls ?? []).entries()) {
      if (call.type === 'function') this.#emit({ tool_calls: [{ index, ...call }] }, out);
    }
    out.push(this.#chunk({ ...(side as ChatDelta), ...(refusal ? { refusal } : {}) }, finish));
  }

  #start(message: unknown, out: ChatChunk[]): void {
    if (isRecord(message)) {
      if (typeof message.id === 'string') this.#id = message.id;
      if (typeof message.model === 'string') this.#model = message.model;
      this.#account.report(message.usage);
    }
    if (this.#started) return;
    this.#started = true;
    out.push(this.#chunk({ role: 'assistant', content: '' }));
  }

  #open(index: unknown, block: unknown, out: ChatChunk[]): void {
    if (!isRecord(block)) return;
    if (!this.#started) this.#start(undefined, out);
    const { type } = block;
    const isCall = type === 'tool_use' && (this.#jsonTool === undefined || block.name !== this.#jsonTool);
    const call = isCall ? this.#toolCalls++ : -1;
    const start = this.#contentLength;
    this.#blocks.set(index, { type, block, text: '', signature: block.signature, start, citations: [], call });
    if (type === 'text') this.#content(block.text, out);
    else if (type === 'thinking') this.#think(this.#blocks.get(index), block.thinking, out);
    else if (isCall) {
      const id = typeof block.id === 'string' && block.id !== '' ? block.id : `toolu_${call}`;
      const name = typeof block.name === 'string' ? block.name : '';
      this.#emit({ tool_calls: [{ index: call, id, type: 'function', function: { name, arguments: '' } }] }, out);
    }
  }

  #delta(open: OpenBlock | undefined, delta: unknown, out: ChatChunk[]): void {
    if (!isRecord(delta)) return;
    switch (delta.type) {
      case 'text_delta':
        return this.#content(delta.text, out);
      case 'thinking_delta':
        return this.#think(open, delta.thinking, out);
      case 'input_json_delta':
        return this.#input(open, delta.partial_json, out);
      case 'signature_delta':
        if (open !== undefined) open.signature = delta.signature;
        return;
      case 'citations_delta':
        open?.citations.push(delta.citation);
    }
  }

  #content(text: unknown, out: ChatChunk[]): void {
    if (typeof text !== 'string' || text === '') return;
    this.#contentLength += text.length;
    this.#emit({ content: text }, out);
  }

  #think(open: OpenBlock | undefined, text: unknown, out: ChatChunk[]): void {
    if (typeof text !== 'string' || text === '') return;
    if (open !== undefined) open.text += text;
    this.#emit({ reasoning_content: text }, out);
  }

  #input(open: OpenBlock | undefined, json: unknown, out: ChatChunk[]): void {
    if (open === undefined || typeof json !== 'string' || json === '') return;
    open.text += json;
    if (open.call >= 0) this.#emit({ tool_calls: [{ index: open.call, function: { arguments: json } }] }, out);
    else if (open.type === 'tool_use') this.#content(json, out);
  }

  #close(index: unknown, out: ChatChunk[]): void {
    const open = this.#blocks.get(index);
    if (open === undefined) return;
    this.#blocks.delete(index);
    const { type, block, text } = open;
    if (type === 'tool_use') {
      if (text === '') this.#input(open, jsonText(block.input ?? {}), out);
    } else if (type === 'thinking') {
      const signed = typeof open.signature === 'string' ? { signature: open.signature } : {};
      this.#side.thinking({ type: 'thinking', thinking: text, ...signed });
    } else if (type === 'redacted_thinking') this.#side.thinking(block);
    else if (type !== 'text') this.#side.other(text === '' ? block : { ...block, input: parsed(text) });
    for (const citation of open.citations) this.#side.cite(citation, open.start, this.#contentLength);
  }

  #end({ delta, usage }: Record<string, unknown>): void {
    this.#account.report(usage);
    if (!isRecord(delta)) return;
    if (typeof delta.stop_reason === 'string') this.#stopReason = delta.stop_reason;
    if (isRecord(delta.stop_details)) this.#stopDetails = delta.stop_details;
  }

  #finish(out: ChatChunk[]): void {
    if (!this.#started) this.#start(undefined, out);
    for (const index of [...this.#blocks.keys()]) this.#close(index, out);
    const finish = stopReason(this.#stopReason, this.#toolCalls > 0);
    const filtered = finish === 'content_filter';
    if (filtered && !this.#hasOutput) throw this.#context.failure(refusalBody(this.#stopDetails));
    const refusal = filtered ? explanationOf(this.#stopDetails) : null;
    const delta: ChatDelta & ProviderFields = { ...this.#side.fields(), ...(refusal === null ? {} : { refusal }) };
    out.push(this.#chunk(delta, finish));
    this.finished = true;
  }

  #emit(delta: ChatDelta, out: ChatChunk[]): void {
    this.#hasOutput = true;
    out.push(this.#chunk(delta));
  }

  #chunk(delta: ChatDelta, finish_reason: FinishReason | null = null): ChatChunk {
    return {
      id: this.#id,
      object: 'chat.completion.chunk',
      created: this.#created,
      model: this.#model,
      choices: [{ index: 0, delta, finish_reason, logprobs: null }],
    };
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
