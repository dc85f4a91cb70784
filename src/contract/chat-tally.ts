import type { PartialOutput } from '../errors/partial.ts';
import type { ChatChunk } from './chat.ts';
import type { Tally } from './codec.ts';
import type { Usage } from './usage.ts';

interface OpenToolCall {
  id: string;
  name: string;
  arguments: string;
}

const countsOf = ({ prompt_tokens, completion_tokens, total_tokens }: Usage): NonNullable<PartialOutput['usage']> => ({
  prompt_tokens,
  completion_tokens,
  total_tokens,
});

/** The account of a chat stream; `partial()` tells of the first choice. */
export class ChatTally implements Tally<ChatChunk> {
  hasContent = false;
  filtered = false;
  usage: Usage | undefined;
  #content = '';
  #reasoning = '';
  /** By index, which a provider may choose as it likes. */
  #toolCalls: Map<number, OpenToolCall> | undefined;
  #chunks = 0;

  add(chunk: ChatChunk): boolean {
    this.#chunks++;
    if (chunk.usage) this.usage = chunk.usage;
    for (const choice of chunk.choices) {
      const { delta } = choice;
      if (
        delta.content ||
        delta.refusal ||
        delta.reasoning_content ||
        delta.tool_calls ||
        delta.function_call ||
        'audio' in delta
      ) {
        this.hasContent = true;
      }
      if (choice.finish_reason === 'content_filter') this.filtered = true;
      if (choice.index !== 0) continue;
      if (typeof delta.content === 'string') this.#content += delta.content;
      if (typeof delta.reasoning_content === 'string') this.#reasoning += delta.reasoning_content;
      if (Array.isArray(delta.tool_calls)) this.#addToolCalls(delta.tool_calls);
    }
    return chunk.choices.length === 0 && chunk.usage !== undefined && chunk.usage !== null;
  }

  partial(): PartialOutput {
    const { usage } = this;
    return {
      content: this.#content,
      reasoning_content: this.#reasoning,
      tool_calls: [...(this.#toolCalls?.values() ?? [])],
      chunks: this.#chunks,
      ...(usage === undefined ? {} : { usage: countsOf(usage) }),
    };
  }

  #addToolCalls(parts: NonNullable<ChatChunk['choices'][number]['delta']['tool_calls']>): void {
    this.#toolCalls ??= new Map();
    for (const part of parts) {
      if (typeof part !== 'object' || part === null) continue;
      const open = this.#toolCalls.get(part.index) ?? { id: '', name: '', arguments: '' };
      this.#toolCalls.set(part.index, open);
      const { id, function: inner } = part;
      if (typeof id === 'string' && id !== '') open.id = id;
      if (typeof inner?.name === 'string' && inner.name !== '') open.name = inner.name;
      if (typeof inner?.arguments === 'string') open.arguments += inner.arguments;
    }
  }
}
