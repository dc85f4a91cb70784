import type { PartialOutput } from '../errors/partial.ts';
import type { ChatChunk } from './chat.ts';
import type { Tally } from './codec.ts';
import type { Usage } from './usage.ts';

interface OpenToolCall {
  id: string;
  name: string;
  arguments: string;
}

/** The account of a chat stream; `partial()` tells of the first choice. */
export class ChatTally implements Tally<ChatChunk> {
  hasContent = false;
  filtered = false;
  usage: Usage | undefined;
  #content = '';
  #reasoning = '';
  #toolCalls: OpenToolCall[] | undefined;
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
      if (delta.content) this.#content += delta.content;
      if (delta.reasoning_content) this.#reasoning += delta.reasoning_content;
      if (delta.tool_calls) this.#addToolCalls(delta.tool_calls);
    }
    return chunk.choices.length === 0 && chunk.usage !== undefined && chunk.usage !== null;
  }

  partial(): PartialOutput {
    return {
      content: this.#content,
      reasoning_content: this.#reasoning,
      tool_calls: this.#toolCalls?.filter(Boolean) ?? [],
      chunks: this.#chunks,
      ...(this.usage === undefined ? {} : { usage: this.usage }),
    };
  }

  #addToolCalls(parts: NonNullable<ChatChunk['choices'][number]['delta']['tool_calls']>): void {
    this.#toolCalls ??= [];
    for (const part of parts) {
      const open = this.#toolCalls[part.index] ?? { id: '', name: '', arguments: '' };
      this.#toolCalls[part.index] = open;
      if (part.id) open.id = part.id;
      if (part.function?.name) open.name = part.function.name;
      if (part.function?.arguments) open.arguments += part.function.arguments;
    }
  }
}
