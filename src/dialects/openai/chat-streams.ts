import { ChatTally } from '../../contract/chat-tally.ts';
import type { Operation } from '../../contract/codec.ts';
import type { Wire } from '../../contract/wire.ts';
import { chatEncoder } from './encode.ts';
import { operationMaker } from './operation-maker.ts';
import type { Quirks } from './quirks.ts';
import { ChatStreamDecoder } from './stream-decoder.ts';

/** Loaded at the first streamed chat. */
export async function chatStreams(wire: Wire, quirks: Quirks): Promise<{ readonly stream: Operation<'stream'> }> {
  const make = await operationMaker(wire, quirks);
  return {
    stream: make.stream<'stream'>({
      encode: chatEncoder(quirks, true),
      framing: 'sse',
      decoder: (context) => new ChatStreamDecoder(context, quirks),
      tally: () => new ChatTally(),
    }),
  };
}
