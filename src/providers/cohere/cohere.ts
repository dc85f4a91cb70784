import { ChatTally } from '../../contract/chat-tally.ts';
import type { ProviderDefinition } from '../../contract/provider.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { cohereCapabilities } from './capabilities.ts';
import { decodeChat } from './decode.ts';
import { chatEncoder } from './encode.ts';
import { connectCohere, sharedOperations } from './service.ts';
import { ChatStreamDecoder } from './stream-decoder.ts';

/** Cohere, with the v2 chat. */
export const cohere: ProviderDefinition = defineProvider({
  id: 'cohere',
  declares: cohereCapabilities,
  create(context) {
    const wire = connectCohere(context);
    return {
      id: context.id,
      wire,
      operations: {
        ...sharedOperations(wire),
        chat: replyOperation<'chat'>(wire, { encode: chatEncoder<'chat'>(false), decode: decodeChat }),
        stream: streamOperation<'stream'>(wire, {
          encode: chatEncoder<'stream'>(true),
          framing: 'sse',
          decoder: (decoding) => new ChatStreamDecoder(decoding),
          tally: () => new ChatTally(),
        }),
      },
    };
  },
});
