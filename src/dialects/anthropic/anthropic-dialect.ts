import { ChatTally } from '../../contract/chat-tally.ts';
import type { ReplyCodec, StreamCodec } from '../../contract/codec.ts';
import type { Provider } from '../../contract/provider.ts';
import type { Wire } from '../../contract/wire.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { decodeMessage } from './decode.ts';
import { encodeChat } from './encode.ts';
import type { Placement } from './placement.ts';
import { AnthropicStreamDecoder } from './stream-decoder.ts';

/** What a host of the Messages API offers. The live list of models is added by hosts that have it. */
export function anthropicOperations(wire: Wire, placement: Placement): Provider['operations'] {
  return {
    chat: replyOperation(wire, chatCodec(placement)),
    stream: streamOperation(wire, streamCodec(placement)),
  };
}

export const chatCodec = (placement: Placement): ReplyCodec<'chat'> => ({
  encode: (call) => encodeChat(call, placement, false),
  decode: (body, context) => decodeMessage(body, context, placement),
});

export const streamCodec = (placement: Placement): StreamCodec<'stream'> => ({
  framing: 'sse',
  encode: (call) => encodeChat(call, placement, true),
  decoder: (context) => new AnthropicStreamDecoder(context, placement),
  tally: () => new ChatTally(),
});
