import type { ChatChunk } from '../../../src/contract/chat.ts';
import { ChatTally } from '../../../src/contract/chat-tally.ts';
import type { Quirks } from '../../../src/dialects/openai/quirks.ts';
import { ChatStreamDecoder } from '../../../src/dialects/openai/stream-decoder.ts';
import { callOf, contextOf } from '../../support/call.ts';

/** What a decoder made of events, up to the error that ended it. */
export interface Decoded {
  readonly chunks: ChatChunk[];
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[];
  readonly finish: string | undefined;
  readonly usage: unknown;
  readonly finished: boolean;
  readonly done: boolean;
  readonly error: unknown;
}

/** Decodes events as the exchange would: up to the terminal event, then `end()`. Objects are sent as their JSON. */
export function decoded(events: readonly (string | object | { event: string; data: object })[], quirks: Quirks = {}): Decoded {
  const decoder = new ChatStreamDecoder(contextOf(callOf('stream', { messages: [] }, { provider: 'host' })), quirks);
  const chunks: ChatChunk[] = [];
  let error: unknown;
  try {
    for (const item of events) {
      if (decoder.done) break;
      if (typeof item === 'object' && 'event' in item && 'data' in item) {
        decoder.event(JSON.stringify(item.data), String(item.event), chunks);
      } else {
        decoder.event(typeof item === 'string' ? item : JSON.stringify(item), '', chunks);
      }
    }
    decoder.end(chunks);
  } catch (thrown) {
    error = thrown;
  }
  const tally = new ChatTally();
  for (const chunk of chunks) tally.add(chunk);
  const { content, reasoning_content: reasoning, tool_calls: toolCalls, usage } = tally.partial();
  const reasons = chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.finish_reason)).filter(Boolean);
  return {
    chunks,
    text: content,
    reasoning,
    toolCalls,
    finish: reasons.at(-1) ?? undefined,
    usage,
    finished: decoder.finished,
    done: decoder.done,
    error,
  };
}

/** `data:` lines of a transcript. */
export const dataLines = (transcript: string): string[] =>
  transcript.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));

/** One chunk with one delta. */
export const delta = (fields: object, finish: string | null = null, more: object = {}): object => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 1_794_000_000,
  model: 'm',
  choices: [{ index: 0, delta: fields, finish_reason: finish }],
  ...more,
});
