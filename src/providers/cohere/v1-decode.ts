import type { ChatChunk, ChatChunkChoice, ChatReply } from '../../contract/chat.ts';
import { chunksOf } from '../../contract/chunks-of.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { chatReply, createdAt, isRecord, refuseEmptyFiltered } from '../../dialects/chat-rules.ts';
import type { CohereDelta, CohereMessage, Fields } from './answer.ts';
import { finishOf, openAnswer, text, usageOf } from './answer.ts';
import { decodeToolCalls } from './decode.ts';

/** A whole answer of the v1 chat. */
export function decodeV1Chat(body: unknown, context: DecodeContext): ChatReply {
  const answer = openAnswer(body, 'text', context);
  const calls = decodeToolCalls(answer.tool_calls, context);
  const content = text(answer.text);
  const message: CohereMessage = {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    refusal: null,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(Array.isArray(answer.citations) && answer.citations.length > 0 ? { citations: answer.citations } : {}),
  };
  const said = { anything: content !== '' || calls.length > 0, tools: calls.length > 0 };
  const finish = finishOf(answer.finish_reason, said, context, answer.error);
  const reply = chatReply({
    id: text(answer.response_id) || text(answer.generation_id) || `chatcmpl-${context.call.correlationId}`,
    created: createdAt(context),
    model: context.call.target.model,
    choices: [{ index: 0, message, finish_reason: finish, logprobs: null }],
    usage: usageOf(answer.meta),
  });
  refuseEmptyFiltered(reply, context);
  return reply;
}

/** A line of a v1 stream. */
export function parseLine(data: string, context: DecodeContext): Fields {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    throw context.invalid('a line of the stream is no JSON');
  }
  if (!isRecord(event)) throw context.invalid('a line of the stream is no JSON object');
  return event;
}

/** Lines of the v1 chat as openai's chunks. Tool calls come whole. */
export class V1ChatStreamDecoder implements StreamDecoder<ChatChunk> {
  finished = false;
  readonly #context: DecodeContext<'stream'>;
  readonly #created: number;
  #id: string;
  #usage: Usage | undefined;
  #said = false;
  #calls = 0;
  #role: { role?: 'assistant' } = { role: 'assistant' };

  constructor(context: DecodeContext<'stream'>) {
    this.#context = context;
    this.#created = createdAt(context);
    this.#id = `chatcmpl-${context.call.correlationId}`;
  }

  get done(): boolean {
    return this.finished;
  }

  event(data: string, _name: string, out: ChatChunk[]): void {
    const event = parseLine(data, this.#context);
    switch (event.event_type) {
      case 'stream-start':
        this.#id = text(event.generation_id) || this.#id;
        return;
      case 'text-generation':
        if (text(event.text) === '') return;
        this.#said = true;
        out.push(this.#chunk({ content: text(event.text) }));
        return;
      case 'tool-calls-generation':
        return this.#toolCalls(event.tool_calls, out);
      case 'citation-generation':
        if (Array.isArray(event.citations)) out.push(this.#chunk({ citations: event.citations }));
        return;
      case 'stream-end':
        return this.#finish(event, out);
      case 'stream-error':
        throw this.#context.failure(event);
      default:
        // an error that is no event of the stream, or a whole answer in one line
        if (event.event_type === undefined) this.whole(event, out);
    }
  }

  end(out: ChatChunk[]): void {
    if (this.#usage !== undefined) out.push({ ...this.#chunkOf([]), usage: this.#usage });
  }

  whole(body: unknown, out: ChatChunk[]): void {
    const reply = decodeV1Chat(body, this.#context);
    out.push(...chunksOf(reply));
    this.#id = reply.id;
    this.#usage = reply.usage;
    this.finished = true;
  }

  #toolCalls(raw: unknown, out: ChatChunk[]): void {
    const calls = decodeToolCalls(raw, this.#context);
    if (calls.length === 0) return;
    this.#said = true;
    out.push(this.#chunk({ tool_calls: calls.map((call, i) => ({ index: this.#calls + i, ...call })) }));
    this.#calls += calls.length;
  }

  /** The last line repeats the whole answer; only what was not said yet counts. */
  #finish(event: Fields, out: ChatChunk[]): void {
    const response: Fields = isRecord(event.response) ? event.response : {};
    if (this.#calls === 0) this.#toolCalls(response.tool_calls, out);
    const said = { anything: this.#said, tools: this.#calls > 0 };
    const reason = finishOf(event.finish_reason ?? response.finish_reason, said, this.#context, event.error ?? event.err);
    this.#usage = usageOf(response.meta);
    out.push(this.#chunk({}, reason));
    this.finished = true;
  }

  #chunk(delta: CohereDelta, finish: ChatChunkChoice['finish_reason'] = null): ChatChunk {
    const role = this.#role;
    this.#role = {};
    return this.#chunkOf([{ index: 0, delta: { ...role, ...delta }, finish_reason: finish, logprobs: null }]);
  }

  #chunkOf(choices: ChatChunkChoice[]): ChatChunk {
    const { model } = this.#context.call.target;
    return { id: this.#id, object: 'chat.completion.chunk', created: this.#created, model, choices };
  }
}
