import type { ChatChunk, ChatDelta } from '../../contract/chat.ts';
import { chunksOf } from '../../contract/chunks-of.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { SideContent } from '../../dialects/anthropic/blocks.ts';
import { createdAt, FILTERED, type FinishReason, isRecord } from '../../dialects/chat-rules.ts';
import { answerId, finishOf, isMalformed, stringOf, usageOf } from './answer.ts';
import { cite, decodeConverse, thinkingBlock } from './decode.ts';
import { answerTool } from './output-format.ts';

type Fields = Readonly<Record<string, unknown>>;

interface OpenBlock {
  /** The tool call's number; -1 for the answering tool, `undefined` for everything that is no tool. */
  readonly call?: number;
  input: string;
  reasoning: string;
  signature: unknown;
  redacted: string;
  readonly citations: unknown[];
  readonly start: number;
}

/** Events of ConverseStream as openai's chunks. Text and reasoning blocks have no start of their own. */
export class ConverseStreamDecoder implements StreamDecoder<ChatChunk> {
  finished = false;
  done = false;
  readonly #context: DecodeContext<'stream'>;
  readonly #id: string;
  readonly #created: number;
  readonly #jsonTool: string | undefined;
  readonly #blocks = new Map<unknown, OpenBlock>();
  readonly #side = new SideContent();
  #role: { role?: 'assistant' } = { role: 'assistant' };
  #toolCalls = 0;
  #contentLength = 0;
  #hasOutput = false;
  #usage: Usage | undefined;

  constructor(context: DecodeContext<'stream'>) {
    this.#context = context;
    this.#id = answerId(context);
    this.#created = createdAt(context);
    this.#jsonTool = answerTool(context.call);
  }

  event(data: string, name: string, out: ChatChunk[]): void {
    const event = this.#parse(data);
    switch (name) {
      case 'contentBlockStart':
        return this.#start(event.contentBlockIndex, event.start, out);
      case 'contentBlockDelta':
        return this.#delta(event.contentBlockIndex, event.delta, out);
      case 'contentBlockStop':
        return this.#close(event.contentBlockIndex, out);
      case 'messageStop':
        return this.#finish(event.stopReason, out);
      case 'metadata':
        this.#usage = usageOf(event.usage);
        this.done = this.finished;
    }
  }

  end(out: ChatChunk[]): void {
    if (this.#usage !== undefined) out.push({ ...this.#chunk({}), choices: [], usage: this.#usage });
  }

  whole(body: unknown, out: ChatChunk[]): void {
    const reply = decodeConverse(body, this.#context);
    out.push(...chunksOf(reply));
    this.#usage = reply.usage;
    this.finished = true;
    this.done = true;
  }

  #parse(data: string): Fields {
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {}
    if (!isRecord(event)) throw this.#context.invalid('an event of the stream is no JSON object');
    return event;
  }

  #start(index: unknown, start: unknown, out: ChatChunk[]): void {
    if (!isRecord(start) || !isRecord(start.toolUse)) return;
    const { toolUseId, name } = start.toolUse;
    if (name === this.#jsonTool) return void this.#open(index, -1);
    const call = this.#toolCalls++;
    this.#open(index, call);
    const id = stringOf(toolUseId) || `tooluse_${call}`;
    this.#emit({ tool_calls: [{ index: call, id, type: 'function', function: { name: stringOf(name), arguments: '' } }] }, out);
  }

  #open(index: unknown, call?: number): OpenBlock {
    const block: OpenBlock = {
      ...(call === undefined ? {} : { call }),
      input: '',
      reasoning: '',
      signature: undefined,
      redacted: '',
      citations: [],
      start: this.#contentLength,
    };
    this.#blocks.set(index, block);
    return block;
  }

  #delta(index: unknown, delta: unknown, out: ChatChunk[]): void {
    if (!isRecord(delta)) return;
    const block = this.#blocks.get(index) ?? this.#open(index);
    if (typeof delta.text === 'string') this.#content(delta.text, out);
    if (isRecord(delta.toolUse)) this.#input(block, stringOf(delta.toolUse.input), out);
    if (isRecord(delta.reasoningContent)) this.#reason(block, delta.reasoningContent, out);
    if (delta.citation !== undefined) block.citations.push(delta.citation);
  }

  #content(text: string, out: ChatChunk[]): void {
    if (text === '') return;
    this.#contentLength += text.length;
    this.#emit({ content: text }, out);
  }

  #input(block: OpenBlock, json: string, out: ChatChunk[]): void {
    const { call } = block;
    if (json === '' || call === undefined) return;
    block.input += json;
    if (call < 0) this.#content(json, out);
    else this.#emit({ tool_calls: [{ index: call, function: { arguments: json } }] }, out);
  }

  #reason(block: OpenBlock, { text, signature, redactedContent }: Fields, out: ChatChunk[]): void {
    if (typeof signature === 'string') block.signature = signature;
    if (typeof redactedContent === 'string') block.redacted += redactedContent;
    if (typeof text !== 'string' || text === '') return;
    block.reasoning += text;
    this.#emit({ reasoning_content: text }, out);
  }

  #close(index: unknown, out: ChatChunk[]): void {
    const block = this.#blocks.get(index);
    if (block === undefined) return;
    this.#blocks.delete(index);
    if (block.input === '') this.#input(block, '{}', out);
    if (block.reasoning !== '' || block.signature !== undefined) {
      this.#side.thinking(thinkingBlock(block.reasoning, block.signature));
    }
    if (block.redacted !== '') this.#side.thinking({ type: 'redacted_thinking', data: block.redacted });
    for (const citation of block.citations) cite(this.#side, citation, block.start, this.#contentLength);
  }

  #finish(stopReason: unknown, out: ChatChunk[]): void {
    if (this.finished) return;
    for (const index of [...this.#blocks.keys()]) this.#close(index, out);
    const finish = finishOf(stopReason, this.#toolCalls > 0);
    if (finish === 'content_filter' && !this.#hasOutput) throw this.#context.failure(FILTERED);
    const malformed = isMalformed(stopReason) ? { provider_specific_fields: { stop_reason: stopReason } } : {};
    out.push(this.#chunk({ ...this.#takeRole(), ...this.#side.fields(), ...malformed }, finish));
    this.finished = true;
  }

  #emit(delta: ChatDelta, out: ChatChunk[]): void {
    this.#hasOutput = true;
    out.push(this.#chunk({ ...this.#takeRole(), ...delta }));
  }

  #takeRole(): { role?: 'assistant' } {
    const role = this.#role;
    this.#role = {};
    return role;
  }

  #chunk(delta: ChatDelta, finish_reason: FinishReason | null = null): ChatChunk {
    return {
      id: this.#id,
      object: 'chat.completion.chunk',
      created: this.#created,
      model: this.#context.call.target.model,
      choices: [{ index: 0, delta, finish_reason, logprobs: null }],
    };
  }
}
