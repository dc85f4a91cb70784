import { ChatTally } from '../../contract/chat-tally.ts';
import type { ProviderDefinition } from '../../contract/provider.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { v1Capabilities } from './capabilities.ts';
import { connectCohere, sharedOperations } from './service.ts';
import { decodeV1Chat, V1ChatStreamDecoder } from './v1-decode.ts';
import { v1ChatEncoder } from './v1-encode.ts';

/** Cohere, with the v1 chat of older models and deployments. */
export const cohereChat: ProviderDefinition = defineProvider({
  id: 'cohere_chat',
  declares: v1Capabilities,
  create(context) {
    const wire = connectCohere(context);
    return {
      id: context.id,
      wire,
      operations: {
        ...sharedOperations(wire),
        chat: replyOperation<'chat'>(wire, { encode: v1ChatEncoder<'chat'>(false), decode: decodeV1Chat }),
        stream: streamOperation<'stream'>(wire, {
          encode: v1ChatEncoder<'stream'>(true),
          framing: 'json-lines',
          decoder: (decoding) => new V1ChatStreamDecoder(decoding),
          tally: () => new ChatTally(),
        }),
      },
    };
  },
});
