import type { ChatChunk, ChatRequest } from '../../../src/contract/chat.ts';
import { ChatTally } from '../../../src/contract/chat-tally.ts';
import { AnthropicStreamDecoder } from '../../../src/dialects/anthropic/stream-decoder.ts';
import { SSEParser } from '../../../src/wire/framing/sse.ts';
import { callOf, contextOf } from '../../support/call.ts';
import { HELLO } from './encoded.ts';

export interface Streamed {
  readonly chunks: ChatChunk[];
  readonly decoder: AnthropicStreamDecoder;
  readonly tally: ChatTally;
  /** What the decoder threw, after the chunks before it. */
  readonly error: unknown;
}

/** What the decoder makes of the bytes of a stream. */
export function streamed(text: string, request: Partial<ChatRequest> = {}, model = 'claude-sonnet-4-5'): Streamed {
  const context = contextOf(callOf('stream', { messages: HELLO, ...request }, { provider: 'anthropic', model }));
  const decoder = new AnthropicStreamDecoder(context);
  const chunks: ChatChunk[] = [];
  const parser = new SSEParser();
  let error: unknown;
  try {
    const onEvent = (data: string, name: string): void => decoder.event(data, name, chunks);
    parser.feed(new TextEncoder().encode(text), onEvent);
    parser.flush(onEvent);
    decoder.end(chunks);
  } catch (caught) {
    error = caught;
  }
  const tally = new ChatTally();
  for (const chunk of chunks) tally.add(chunk);
  return { chunks, decoder, tally, error };
}

/** Events as the server writes them. */
export const events = (...list: readonly Readonly<Record<string, unknown>>[]): string =>
  list.map((event) => `event: ${String(event.type)}\ndata: ${JSON.stringify(event)}\n\n`).join('');
