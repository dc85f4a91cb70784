import type { ChatChunk, ChatReply, ReasoningExtras, ThinkingBlock, ToolCallExtras } from '../contract/chat.ts';
import type { Route } from './route.ts';
import { addRoute } from './route.ts';

interface Reasoning {
  text: string;
  blocks: ThinkingBlock[];
}

/**
 * What openai's helpers lose of a turn. Their accumulation overwrites text fields that they do not know,
 * so a streamed `reasoning_content` would hold its last piece only.
 */
export class TurnExtras {
  #byChoice: (Reasoning | undefined)[] = [];
  /** The way of the answer that is being read. */
  route: Route | undefined;
  requestId: string | null | undefined;

  add(chunk: ChatChunk): void {
    for (const { index, delta } of chunk.choices) {
      if (!delta?.reasoning_content && !delta?.thinking_blocks) continue;
      const reasoning = this.#byChoice[index] ?? { text: '', blocks: [] };
      this.#byChoice[index] = reasoning;
      if (delta.reasoning_content) reasoning.text += delta.reasoning_content;
      if (delta.thinking_blocks) reasoning.blocks.push(...delta.thinking_blocks);
    }
  }

  /** Puts the extras of a finished turn into its completion, and forgets them. */
  complete(completion: object): void {
    for (const choice of (completion as ChatReply).choices) {
      const reasoning = this.#byChoice[choice.index];
      if (reasoning === undefined) continue;
      if (reasoning.text !== '') choice.message.reasoning_content = reasoning.text;
      if (reasoning.blocks.length > 0) choice.message.thinking_blocks = reasoning.blocks;
    }
    this.#byChoice = [];
    if (this.route !== undefined) addRoute(completion, this.route, this.requestId);
  }
}

const MESSAGE_EXTRAS = ['reasoning_content', 'reasoning_details', 'thinking_blocks', 'extra_content', 'cache_control'] as const;

type Extras = Readonly<Record<string, unknown>> & { readonly tool_calls?: readonly ToolCallExtras[] | undefined };

/**
 * A tool loop re-sends assistant messages reduced to openai's own fields. Puts back, message by message,
 * what providers need to see again: reasoning with its signatures, and signatures of tool calls.
 */
export function restoreExtras(reduced: readonly object[], kept: readonly object[]): object[] {
  return reduced.map((message, index) => {
    const original = kept[index] as (Extras & ReasoningExtras) | undefined;
    if (original === undefined || original.role !== 'assistant') return message;
    const restored: Record<string, unknown> = { ...message };
    for (const name of MESSAGE_EXTRAS) {
      if (original[name] !== undefined) restored[name] = original[name];
    }
    if (Array.isArray(restored.tool_calls)) {
      restored.tool_calls = restored.tool_calls.map((toolCall: object, at) => {
        const extra = original.tool_calls?.[at]?.extra_content;
        return extra === undefined ? toolCall : { ...toolCall, extra_content: extra };
      });
    }
    return restored;
  });
}
