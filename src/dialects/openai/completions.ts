import type { Completion, CompletionChoice } from 'openai/resources/completions';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, StreamDecoder, Tally } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import type { WireMessage } from '../../contract/wire.ts';
import type { PartialOutput } from '../../errors/partial.ts';
import { FILTERED, finishFailure, finishReason, isRecord } from '../chat-rules.ts';
import type { Fields } from './body-failure.ts';
import { notTheProtocol, refuseFailure, statusIn } from './body-failure.ts';
import { fillHead } from './decode.ts';
import { bodyFinisher, modelName } from './encode.ts';
import type { Body } from './parameters.ts';
import type { Quirks } from './quirks.ts';
import { findUsage, usageOf } from './usage.ts';

/** Legacy text completions. Their limit is always called `max_tokens`; an empty `stop` is left out, as OpenAI refuses it. */
export function completionEncoder<K extends 'complete' | 'completeStream'>(
  quirks: Quirks,
  streams: boolean,
): (call: Call<K>) => WireMessage {
  const path = quirks.paths?.complete ?? '/completions';
  const limit = quirks.tokenLimit === undefined ? undefined : 'max_tokens';
  const finish = bodyFinisher({ ...quirks, tokenLimit: limit, newTokenLimit: undefined }, streams);
  return (call) => {
    const body: Body = { model: modelName(call, quirks), ...(call.request as object) };
    if (body.stop === '' || (Array.isArray(body.stop) && body.stop.length === 0)) body.stop = undefined;
    finish(body, call);
    return { path, body };
  };
}

export function decodeCompletion(body: unknown, context: DecodeContext): Completion {
  if (!isRecord(body)) throw notTheProtocol(body, 'choices', context);
  refuseFailure(body, context);
  const { choices } = body;
  if (!Array.isArray(choices) || choices.length === 0) throw notTheProtocol(body, 'choices', context);
  fillHead(body, 'text_completion', context);
  for (let i = 0; i < choices.length; i++) {
    if (!isRecord(choices[i])) throw context.invalid('a choice that is no object');
    const failure = mendChoice(choices[i], i, true);
    if (failure !== undefined) throw context.failure(failure);
  }
  const usage = usageOf(findUsage(body));
  if (usage === undefined) delete body.usage;
  const completion = body as unknown as Completion;
  const filtered = completion.choices.some((choice) => choice.finish_reason === 'content_filter');
  if (filtered && completion.choices.every((choice) => choice.text === '')) throw context.failure(FILTERED);
  return completion;
}

/** Mends one choice in place; returns the error body where its finish reason means a failure. */
function mendChoice(choice: Fields, position: number, whole: boolean): object | undefined {
  if (typeof choice.index !== 'number') choice.index = position;
  if (typeof choice.text !== 'string') choice.text = takeChatText(choice);
  if (choice.logprobs === undefined) choice.logprobs = null;
  const reason = typeof choice.finish_reason === 'string' && choice.finish_reason !== '' ? choice.finish_reason : null;
  const failure = reason === null ? undefined : finishFailure(reason);
  choice.finish_reason = failure !== undefined || (reason === null && !whole) ? null : finishReason(reason, false);
  return failure;
}

/** Mistral's fill-in-the-middle answers text completions in the form of a chat. */
function takeChatText(choice: Fields): string {
  const { message, delta } = choice;
  delete choice.message;
  delete choice.delta;
  for (const said of [message, delta]) if (isRecord(said) && typeof said.content === 'string') return said.content;
  return '';
}

export class CompletionStreamDecoder implements StreamDecoder<Completion> {
  done = false;
  readonly #context: DecodeContext<'completeStream'>;
  #head: { id: string; created: number; model: string } | undefined;
  #usage: Usage | undefined;
  #open = new Set<number>();
  #ended = 0;
  #hasContent = false;

  constructor(context: DecodeContext<'completeStream'>) {
    this.#context = context;
  }

  get finished(): boolean {
    if (this.#ended > 0) return this.#open.size === 0 || this.done;
    return this.done && this.#hasContent;
  }

  event(data: string, name: string, out: Completion[]): void {
    const text = data.trim();
    if (text === '[DONE]') {
      this.done = true;
      return;
    }
    if (name === 'error' && !text.startsWith('{')) throw this.#context.failure({ error: { message: text } });
    if (!text.startsWith('{')) return;
    const chunk = this.#parse(text);
    refuseFailure(chunk, this.#context);
    const usage = usageOf(findUsage(chunk));
    if (usage !== undefined) this.#usage = usage;
    const { choices } = chunk;
    if (!Array.isArray(choices)) {
      if (name === 'error' || chunk.message || chunk.detail) throw this.#context.failure(chunk, statusIn(chunk));
      return;
    }
    if (choices.length === 0) return;
    if (chunk.usage !== undefined) delete chunk.usage;
    this.#take(chunk, choices, out);
  }

  end(out: Completion[]): void {
    if (this.finished) for (const index of this.#open) out.push(this.#chunk([finishChoice(index)]));
    if (this.#usage !== undefined) out.push({ ...this.#chunk([]), usage: this.#usage });
  }

  whole(body: unknown, out: Completion[]): void {
    const completion = decodeCompletion(body, this.#context);
    this.#usage = completion.usage;
    this.#head = completion;
    const { usage: _, ...chunk } = completion;
    out.push(chunk);
    this.#ended = 1;
    this.done = true;
  }

  #parse(text: string): Fields {
    try {
      return JSON.parse(text) as Fields;
    } catch {
      throw this.#context.invalid('an event of the stream is no JSON');
    }
  }

  #take(chunk: Fields, choices: unknown[], out: Completion[]): void {
    if (!chunk.id && this.#head !== undefined) chunk.id = this.#head.id;
    fillHead(chunk, 'text_completion', this.#context);
    const completion = chunk as unknown as Completion;
    this.#head ??= { id: completion.id, created: completion.created, model: completion.model };
    let failure: object | undefined;
    for (let i = 0; i < choices.length; i++) {
      const choice: unknown = choices[i];
      if (!isRecord(choice)) continue;
      failure ??= mendChoice(choice, i, false);
      this.#count(choice as unknown as CompletionChoice);
    }
    out.push(completion);
    if (failure !== undefined) throw this.#context.failure(failure);
  }

  #count({ index, text, finish_reason: reason }: CompletionChoice): void {
    if (text !== '') this.#hasContent = true;
    if (reason === null) {
      this.#open.add(index);
    } else {
      this.#open.delete(index);
      this.#ended++;
    }
  }

  #chunk(choices: CompletionChoice[]): Completion {
    const { id, created, model } = this.#head ?? { id: '', created: 0, model: '' };
    return { id, object: 'text_completion', created, model, choices };
  }
}

const finishChoice = (index: number): CompletionChoice => ({ index, text: '', finish_reason: 'stop', logprobs: null });

/** The account of a text completion's stream; `partial()` tells of the first choice. */
export class CompletionTally implements Tally<Completion> {
  hasContent = false;
  filtered = false;
  usage: Usage | undefined;
  #text = '';
  #chunks = 0;

  add(chunk: Completion): boolean {
    this.#chunks++;
    if (chunk.usage) this.usage = chunk.usage;
    for (const choice of chunk.choices) {
      if (choice.text) this.hasContent = true;
      if (choice.index === 0) this.#text += choice.text;
      if (choice.finish_reason === 'content_filter') this.filtered = true;
    }
    return chunk.choices.length === 0 && chunk.usage !== undefined;
  }

  partial(): PartialOutput {
    const usage = this.usage === undefined ? {} : { usage: this.usage };
    return { content: this.#text, reasoning_content: '', tool_calls: [], chunks: this.#chunks, ...usage };
  }
}
