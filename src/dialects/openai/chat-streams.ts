import { ChatTally } from '../../contract/chat-tally.ts';
import type { Operation } from '../../contract/codec.ts';
import type { Wire } from '../../contract/wire.ts';
import { streamOperation } from '../../wire/exchange.ts';
import { chatEncoder } from './encode.ts';
import type { Quirks } from './quirks.ts';
import { ChatStreamDecoder } from './stream-decoder.ts';

/** Loaded at the first streamed chat. */
export const chatStreams = (wire: Wire, quirks: Quirks): { readonly stream: Operation<'stream'> } => ({
  stream: streamOperation<'stream'>(wire, {
    encode: chatEncoder(quirks, true),
    framing: 'sse',
    decoder: (context) => new ChatStreamDecoder(context, quirks),
    tally: () => new ChatTally(),
  }),
});
