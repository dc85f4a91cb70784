import type { ResultOf } from '../../contract/call.ts';
import type { ChatChoice, ChatChunk, ChatChunkChoice, ChatMessage, ChatReply } from '../../contract/chat.ts';

type Fields = Record<string, unknown>;
type Completion = ResultOf<'complete'>;
type CompletionChoice = Completion['choices'][number];

/** Puts the chunks of one stream together to the whole answer that it is. Takes the chunks for its own. */
export interface Fold {
  add(chunk: object): void;
  /** `undefined` when pieces of it do not make a whole, as those of audio. */
  whole(): object | undefined;
}

/** What a chat stream says, as a reply. */
export class ChatFold implements Fold {
  readonly #head: Fields = { id: '', object: 'chat.completion', created: 0, model: '' };
  readonly #choices = new Map<number, Fields>();
  #whole = true;

  add(chunk: object): void {
    const { choices, object: _, usage: __, ...head } = chunk as ChatChunk;
    takeOver(this.#head, head);
    for (const choice of choices) this.#addChoice(choice);
  }

  whole(): object | undefined {
    if (!this.#whole || this.#choices.size === 0) return undefined;
    const choices = [...this.#choices.values()] as unknown as ChatChoice[];
    choices.sort((a, b) => a.index - b.index);
    for (const { message } of choices) {
      if (message.content === '' && message.tool_calls !== undefined) message.content = null;
      if (message.tool_calls !== undefined) message.tool_calls = message.tool_calls.filter((call) => call !== undefined);
    }
    return { ...this.#head, choices } as unknown as ChatReply;
  }

  #addChoice({ index, delta, logprobs, ...rest }: ChatChunkChoice): void {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      const message: ChatMessage = { role: 'assistant', content: null, refusal: null };
      choice = { index, message, finish_reason: 'stop', logprobs: null };
      this.#choices.set(index, choice);
    }
    takeOver(choice, rest as Fields);
    if (logprobs) choice.logprobs = joined(choice.logprobs, logprobs);
    if ('audio' in delta) this.#whole = false;
    const message = choice.message as Fields;
    for (const [name, value] of Object.entries(delta)) {
      if (name === 'role' || value === undefined || value === null || name === '__proto__') continue;
      message[name] = name === 'tool_calls' ? withParts(message[name], value) : joined(message[name], value);
    }
  }
}

/** What the stream of a text completion says. */
export class CompletionFold implements Fold {
  readonly #head: Fields = { id: '', object: 'text_completion', created: 0, model: '' };
  readonly #choices = new Map<number, CompletionChoice>();

  add(chunk: object): void {
    const { choices, usage: _, ...head } = chunk as Completion;
    takeOver(this.#head, head);
    for (const { index, text, logprobs, finish_reason } of choices) {
      const choice = this.#choices.get(index) ?? { index, text: '', finish_reason: 'stop', logprobs: null };
      this.#choices.set(index, choice);
      choice.text += text;
      if (finish_reason) choice.finish_reason = finish_reason;
      if (logprobs) choice.logprobs = joined(choice.logprobs, logprobs) as CompletionChoice['logprobs'];
    }
  }

  whole(): object | undefined {
    const choices = [...this.#choices.values()].sort((a, b) => a.index - b.index);
    return choices.length === 0 ? undefined : { ...this.#head, choices };
  }
}

/** What is told again stands for what was told before; `null` tells nothing. */
function takeOver(into: Fields, from: Fields): void {
  for (const [name, value] of Object.entries(from)) {
    if (value !== undefined && value !== null && value !== '' && name !== '__proto__') into[name] = value;
  }
}

/** The next piece of a field: texts and lists grow, fields of an object each for itself, everything else is replaced. */
function joined(before: unknown, piece: unknown): unknown {
  if (before === undefined || before === null) return piece;
  if (typeof before === 'string' && typeof piece === 'string') return before + piece;
  if (Array.isArray(before) && Array.isArray(piece)) {
    for (const item of piece) before.push(item);
    return before;
  }
  if (!isFields(before) || !isFields(piece)) return piece;
  for (const [name, value] of Object.entries(piece)) {
    if (value !== undefined && value !== null && name !== '__proto__') before[name] = joined(before[name], value);
  }
  return before;
}

/** Parts of tool calls belong together by their `index`, which the whole call no longer has. */
function withParts(before: unknown, parts: unknown): unknown {
  const calls: Fields[] = Array.isArray(before) ? before : [];
  for (const { index, id, type, ...rest } of parts as Fields[]) {
    const at = typeof index === 'number' && index >= 0 && index < MOST_CALLS ? index : 0;
    const call = calls[at] ?? {};
    calls[at] = { ...(joined(call, rest) as Fields), id: call.id ?? id, type: call.type ?? type ?? 'function' };
  }
  return calls;
}

const MOST_CALLS = 10_000;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
