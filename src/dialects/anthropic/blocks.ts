import type { ChatMessage, ThinkingBlock } from '../../contract/chat.ts';
import { FILTERED, type FinishReason, finishReason, isRecord } from '../chat-rules.ts';

export type Annotation = NonNullable<ChatMessage['annotations']>[number];

/**
 * What an answer holds that openai's shape has no place for: server tools with their results, and citations
 * of documents. LiteLLM's name for the field.
 */
export interface ProviderFields {
  provider_specific_fields?: { content_blocks?: unknown[]; citations?: unknown[] };
}

/** Everything an answer may carry beside text and tool calls; delivered at once, at its end. */
export class SideContent {
  readonly #thinking: ThinkingBlock[] = [];
  readonly #annotations: Annotation[] = [];
  readonly #citations: unknown[] = [];
  readonly #others: unknown[] = [];

  thinking(block: Record<string, unknown>): void {
    this.#thinking.push(block as unknown as ThinkingBlock);
  }

  other(block: unknown): void {
    this.#others.push(block);
  }

  /** A citation of the text between two positions of the whole content. */
  cite(citation: unknown, start: number, end: number): void {
    if (!isRecord(citation)) return;
    const url = citation.url ?? citation.source;
    if (typeof url !== 'string' || !/^https?:\/\//i.test(url)) {
      this.#citations.push(citation);
      return;
    }
    const title = typeof citation.title === 'string' ? citation.title : '';
    this.#annotations.push({ type: 'url_citation', url_citation: { url, title, start_index: start, end_index: end } });
  }

  /** Fields for a message or for the last delta; absent where there is nothing. */
  fields(): Pick<ChatMessage, 'thinking_blocks' | 'annotations'> & ProviderFields {
    const own = {
      ...(this.#others.length === 0 ? {} : { content_blocks: this.#others }),
      ...(this.#citations.length === 0 ? {} : { citations: this.#citations }),
    };
    return {
      ...(this.#thinking.length === 0 ? {} : { thinking_blocks: this.#thinking }),
      ...(this.#annotations.length === 0 ? {} : { annotations: this.#annotations }),
      ...(Object.keys(own).length === 0 ? {} : { provider_specific_fields: own }),
    };
  }
}

/**
 * A stop reason in openai's words. A window that filled up is a length: the text until then is an answer.
 * `tool_use` without tool calls is the answering tool, whose input became the content.
 */
export function stopReason(raw: unknown, hasToolCalls: boolean): FinishReason {
  if (raw === 'refusal') return 'content_filter';
  if (raw === 'model_context_window_exceeded') return 'length';
  if (raw === 'tool_use' && !hasToolCalls) return 'stop';
  return finishReason(typeof raw === 'string' ? raw : undefined, hasToolCalls);
}

/** Anthropic's own words for a refusal; `null` where it gave none. */
export function explanationOf(stopDetails: unknown): string | null {
  return isRecord(stopDetails) && typeof stopDetails.explanation === 'string' ? stopDetails.explanation : null;
}

/** The body, for `context.failure`, of a refusal that left nothing at all. */
export function refusalBody(stopDetails: unknown): object {
  const details = isRecord(stopDetails) ? stopDetails : {};
  const category = typeof details.category === 'string' ? ` (${details.category})` : '';
  const message = explanationOf(details) ?? `the model refused to answer${category}`;
  return { error: { ...FILTERED.error, message, details } };
}
