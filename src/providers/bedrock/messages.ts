import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import { isRecord, textOf, toolArguments } from '../../dialects/chat-rules.ts';
import { foreignRole, unsupported, warn } from '../../dialects/params.ts';
import type { Block, CachePoints } from './cache-points.ts';
import { DocumentNames } from './document-names.ts';
import type { LoadedMedia } from './media.ts';
import { mediaBlocks } from './media.ts';
import type { IdBook } from './tool-ids.ts';
import { idBook } from './tool-ids.ts';

type ChatCall = Call<'chat' | 'stream'>;

interface Turn {
  readonly role: 'user' | 'assistant';
  /** Tool results stand before everything else of a user's turn. */
  readonly results: Block[];
  readonly blocks: Block[];
}

/** The messages of a request in Converse's arrangement. */
export interface Conversation {
  readonly system: Block[];
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: readonly Block[] }[];
  /** The last turns are tool calls without reasoning and their results. */
  readonly openToolLoop: boolean;
}

export interface ConversationFacts {
  readonly maker: string;
  readonly marks: CachePoints;
  readonly loaded: LoadedMedia;
  /** Tools are sent along; without them Converse refuses tool calls in the history. */
  readonly hasTools: boolean;
}

/** System messages hoisted, neighbours of one role merged, tool results gathered into the turn after their calls. */
export function encodeConversation(call: ChatCall, facts: ConversationFacts): Conversation {
  const encoder = new ConversationEncoder(call, facts);
  for (const [index, message] of call.request.messages.entries()) encoder.add(message, `messages[${index}].content`);
  return encoder.finish();
}

class ConversationEncoder {
  readonly #call: ChatCall;
  readonly #facts: ConversationFacts;
  readonly #ids: IdBook;
  readonly #names = new DocumentNames();
  readonly #system: Block[] = [];
  readonly #turns: Turn[] = [];
  #retold = false;

  constructor(call: ChatCall, facts: ConversationFacts) {
    this.#call = call;
    this.#facts = facts;
    this.#ids = idBook(facts.maker);
  }

  add(message: ChatMessageParam, path: string): void {
    switch (message.role) {
      case 'system':
      case 'developer':
        this.#content(this.#system, message.content, path, this.#facts.marks);
        return this.#facts.marks.after(this.#system, message);
      case 'user': {
        const { blocks } = this.#turn('user');
        this.#content(blocks, message.content, path, this.#facts.marks);
        return this.#facts.marks.after(blocks, message);
      }
      case 'assistant':
        return this.#assistant(message, path);
      case 'tool':
        return this.#result(message, path);
      default:
        foreignRole(this.#call, message.role);
    }
  }

  finish(): Conversation {
    this.#facts.marks.finish();
    const last = this.#turns.at(-1);
    if (last?.role === 'assistant') trimPrefill(last.blocks);
    for (const turn of this.#turns) if (turn.role === 'user') withText(turn.blocks);
    if (this.#retold) warn(this.#call, 'bedrock takes no tool calls in the history without tools; they are told as text');
    const before = this.#turns.at(-2);
    const openToolLoop =
      last !== undefined && last.results.length > 0 && !(before?.blocks.some((block) => 'reasoningContent' in block) ?? false);
    const messages = this.#turns.map(({ role, results, blocks }) => ({ role, content: results.concat(blocks) }));
    return { system: this.#system, messages: messages.filter(({ content }) => content.length > 0), openToolLoop };
  }

  #turn(role: Turn['role']): Turn {
    const last = this.#turns.at(-1);
    if (last?.role === role) return last;
    const turn: Turn = { role, results: [], blocks: [] };
    this.#turns.push(turn);
    return turn;
  }

  /** Blank text blocks are refused by the service, so they are left out. */
  #content(into: Block[], content: unknown, path: string, marks?: CachePoints): void {
    if (typeof content === 'string') return addText(into, content);
    if (!Array.isArray(content)) return;
    for (const [index, part] of content.entries()) {
      if (typeof part === 'string') addText(into, part);
      if (!isRecord(part)) continue;
      const before = into.length;
      if (part.type === 'text' || part.type === 'refusal') addText(into, textOf([part]));
      else into.push(...mediaBlocks(this.#call, part, `${path}[${index}]`, this.#facts.loaded, this.#names));
      if (into.length > before) marks?.after(into, part);
    }
  }

  #assistant(message: Extract<ChatMessageParam, { role: 'assistant' }>, path: string): void {
    const { blocks } = this.#turn('assistant');
    blocks.push(...this.#reasoning(message.thinking_blocks));
    this.#content(blocks, message.content, path, this.#facts.marks);
    if (!message.content) addText(blocks, message.refusal);
    if (message.audio) unsupported(this.#call, 'audio', 'an earlier spoken answer cannot be sent');
    if (message.function_call) unsupported(this.#call, 'function_call', 'use tool calls');
    for (const call of message.tool_calls ?? []) {
      if (call.type === 'custom') {
        unsupported(this.#call, 'custom tools', 'use a function tool');
        continue;
      }
      const { name, arguments: json } = call.function;
      const input = toolArguments(typeof json === 'string' ? json : JSON.stringify(json ?? {}));
      if (this.#facts.hasTools) blocks.push({ toolUse: { toolUseId: this.#ids.call(call.id ?? ''), name, input } });
      else this.#retell(blocks, `I called the tool "${name}" with ${JSON.stringify(input)}.`);
    }
    this.#facts.marks.after(blocks, message);
  }

  #result(message: Extract<ChatMessageParam, { role: 'tool' }>, path: string): void {
    const { results } = this.#turn('user');
    const content: Block[] = [];
    this.#content(content, message.content, path);
    if (!this.#facts.hasTools) return this.#retell(results, `The tool's result: ${textOf(message.content)}`);
    const failed = 'is_error' in message && message.is_error === true;
    results.push({
      toolResult: {
        toolUseId: this.#ids.result(message.tool_call_id),
        content: content.length === 0 ? [{ json: {} }] : content,
        ...(failed ? { status: 'error' } : {}),
      },
    });
    for (const source of [message, ...(Array.isArray(message.content) ? message.content : [])]) {
      this.#facts.marks.after(results, source);
    }
  }

  #retell(into: Block[], text: string): void {
    this.#retold = true;
    addText(into, text);
  }

  #reasoning(given: unknown): Block[] {
    if (!Array.isArray(given)) return [];
    const blocks = given.filter(isRecord).flatMap(reasoningBlock);
    if (blocks.length < given.length) {
      warn(this.#call, 'thinking blocks without a signature are of another provider; sent without them');
    }
    return blocks;
  }
}

function reasoningBlock({ type, thinking, signature, data }: Record<string, unknown>): Block[] {
  if (type === 'redacted_thinking' && typeof data === 'string') return [{ reasoningContent: { redactedContent: data } }];
  if (type !== 'thinking' || typeof signature !== 'string' || signature === '') return [];
  return [{ reasoningContent: { reasoningText: { text: typeof thinking === 'string' ? thinking : '', signature } } }];
}

function addText(into: Block[], text: unknown): void {
  if (typeof text === 'string' && text.trim() !== '') into.push({ text });
}

/** A document is refused without a text beside it. */
function withText(blocks: Block[]): void {
  const document = blocks.find((block) => 'document' in block)?.document;
  if (!isRecord(document) || blocks.some((block) => 'text' in block)) return;
  blocks.unshift({ text: `Document: ${String(document.name)}` });
}

/** A last assistant turn is the beginning of the answer; Claude refuses it with white space at its end. */
function trimPrefill(blocks: Block[]): void {
  const last = blocks.at(-1);
  if (typeof last?.text === 'string') last.text = last.text.trimEnd();
}
