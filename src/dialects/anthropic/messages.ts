import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import { isRecord, toolArguments } from '../chat-rules.ts';
import { foreignRole, unsupported, warn } from '../params.ts';
import type { Block, CacheMarks } from './cache.ts';
import { encodeContent, textBlocks } from './parts.ts';
import { ToolIds } from './tool-ids.ts';

interface UserTurn {
  readonly role: 'user';
  /** Stand before everything else of the turn, whatever order they came in. */
  readonly results: Block[];
  readonly blocks: Block[];
}
interface AssistantTurn {
  readonly role: 'assistant';
  readonly blocks: Block[];
}
type Turn = UserTurn | AssistantTurn;

/** The messages of a request in Anthropic's arrangement. */
export interface Conversation {
  readonly system: Block[];
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: readonly Block[] }[];
  /** The last turns are tool calls without thinking blocks and their results. */
  readonly openToolLoop: boolean;
}

/** System messages hoisted, neighbours of one role merged, tool results gathered into the turn after their calls. */
export function encodeConversation(call: Call<'chat' | 'stream'>, marks: CacheMarks): Conversation {
  const encoder = new ConversationEncoder(call, marks);
  for (const [index, message] of call.request.messages.entries()) encoder.add(message, `messages[${index}].content`);
  return encoder.finish();
}

class ConversationEncoder {
  readonly #call: Call<'chat' | 'stream'>;
  readonly #marks: CacheMarks;
  readonly #ids = new ToolIds();
  readonly #system: Block[] = [];
  readonly #turns: Turn[] = [];

  constructor(call: Call<'chat' | 'stream'>, marks: CacheMarks) {
    this.#call = call;
    this.#marks = marks;
  }

  add(message: ChatMessageParam, path: string): void {
    switch (message.role) {
      case 'system':
      case 'developer':
        this.#append(this.#system, message, this.#content(message.content, path));
        return;
      case 'user': {
        const blocks = this.#content(message.content, path);
        if (blocks.length > 0) this.#append(this.#user().blocks, message, blocks);
        return;
      }
      case 'assistant': {
        const blocks = this.#assistantBlocks(message, path);
        if (blocks.length > 0) this.#append(this.#assistant().blocks, message, blocks);
        return;
      }
      case 'tool': {
        const content = this.#content(message.content, path);
        const result: Block = { type: 'tool_result', tool_use_id: this.#ids.result(message.tool_call_id) };
        if (content.length > 0) result.content = content.length === 1 ? plainText(content[0]) : content;
        if ('is_error' in message && message.is_error === true) result.is_error = true;
        this.#append(this.#user().results, message, [result]);
        return;
      }
      default:
        foreignRole(this.#call, message.role);
    }
  }

  finish(): Conversation {
    const last = this.#turns.at(-1);
    if (last?.role === 'assistant') trimPrefill(last.blocks);
    const messages = this.#turns.map((turn) =>
      turn.role === 'user'
        ? { role: turn.role, content: turn.results.concat(turn.blocks) }
        : { role: turn.role, content: turn.blocks },
    );
    const before = this.#turns.at(-2);
    const openToolLoop =
      last?.role === 'user' &&
      last.results.length > 0 &&
      before !== undefined &&
      !before.blocks.some(({ type }) => isThinking(type));
    return { system: this.#system, messages: messages.filter(({ content }) => content.length > 0), openToolLoop };
  }

  #append(to: Block[], message: ChatMessageParam, blocks: Block[]): void {
    this.#marks.mark(blocks.at(-1), message);
    to.push(...blocks);
  }

  #content(content: unknown, path: string): Block[] {
    return encodeContent(this.#call, content, path, this.#marks);
  }

  #user(): UserTurn {
    const last = this.#turns.at(-1);
    if (last?.role === 'user') return last;
    const turn: UserTurn = { role: 'user', results: [], blocks: [] };
    this.#turns.push(turn);
    return turn;
  }

  #assistant(): AssistantTurn {
    const last = this.#turns.at(-1);
    if (last?.role === 'assistant') return last;
    const turn: AssistantTurn = { role: 'assistant', blocks: [] };
    this.#turns.push(turn);
    return turn;
  }

  #assistantBlocks(message: Extract<ChatMessageParam, { role: 'assistant' }>, path: string): Block[] {
    const blocks = this.#thinkingBlocks(message.thinking_blocks);
    blocks.push(...this.#content(message.content, path));
    if (!message.content) blocks.push(...textBlocks(message.refusal));
    if (message.audio) unsupported(this.#call, 'audio', 'an earlier spoken answer cannot be sent');
    if (message.function_call) unsupported(this.#call, 'function_call', 'use tool calls');
    for (const call of message.tool_calls ?? []) {
      if (call.type === 'custom') {
        unsupported(this.#call, 'custom tools', 'use a function tool');
        continue;
      }
      const { name, arguments: json } = call.function;
      const input = toolArguments(typeof json === 'string' ? json : JSON.stringify(json ?? {}));
      blocks.push({ type: 'tool_use', id: this.#ids.call(call.id ?? ''), name, input });
    }
    return blocks;
  }

  #thinkingBlocks(given: unknown): Block[] {
    if (!Array.isArray(given)) return [];
    const signed = given.filter((block): block is Block => isRecord(block) && isSigned(block));
    if (signed.length < given.length) {
      warn(this.#call, 'thinking blocks without a signature are of another provider; sent without them');
    }
    return signed;
  }
}

const isThinking = (type: string): boolean => type === 'thinking' || type === 'redacted_thinking';

const isSigned = ({ type, signature, data }: Record<string, unknown>): boolean =>
  (type === 'thinking' && typeof signature === 'string' && signature !== '') ||
  (type === 'redacted_thinking' && typeof data === 'string');

const plainText = (block: Block | undefined): unknown =>
  block?.type === 'text' && block.cache_control === undefined ? block.text : [block];

/** A last assistant turn is the beginning of the answer; the API refuses it with white space at its end. */
function trimPrefill(blocks: Block[]): void {
  const last = blocks.at(-1);
  if (last?.type === 'text' && typeof last.text === 'string') last.text = last.text.trimEnd();
}
