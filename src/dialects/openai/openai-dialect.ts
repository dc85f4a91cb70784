import { ChatTally } from '../../contract/chat-tally.ts';
import type { Operation } from '../../contract/codec.ts';
import type { Provider } from '../../contract/provider.ts';
import type { Wire } from '../../contract/wire.ts';
import { replyOperation, streamOperation } from '../../wire/exchange.ts';
import { decodeChat } from './decode.ts';
import { chatEncoder } from './encode.ts';
import type { Quirks } from './quirks.ts';
import { ChatStreamDecoder } from './stream-decoder.ts';
import type { VectorsAndTexts } from './vectors-and-texts.ts';

/** Everything that a host of the OpenAI dialect offers, spoken with its quirks. */
export function openaiOperations(wire: Wire, quirks: Quirks): Provider['operations'] {
  const offers = quirks.offers ?? ['chat', 'complete', 'embed', 'models'];
  let loading: Promise<VectorsAndTexts> | undefined;
  const load = async (): Promise<VectorsAndTexts> => (await import('./vectors-and-texts.ts')).vectorsAndTexts(wire, quirks);
  const later =
    <K extends keyof VectorsAndTexts>(name: K): Operation<K> =>
    async (call) => {
      loading ??= load();
      const operation = (await loading)[name] as unknown as Operation<K>;
      return operation(call);
    };

  return {
    ...(offers.includes('chat') && {
      chat: replyOperation<'chat'>(wire, { encode: chatEncoder(quirks, false), decode: decodeChat }),
      stream: streamOperation<'stream'>(wire, {
        encode: chatEncoder(quirks, true),
        framing: 'sse',
        decoder: (context) => new ChatStreamDecoder(context, quirks),
        tally: () => new ChatTally(),
      }),
    }),
    ...(offers.includes('complete') && { complete: later('complete'), completeStream: later('completeStream') }),
    ...(offers.includes('embed') && { embed: later('embed') }),
    ...(quirks.rerank !== undefined && { rerank: later('rerank') }),
    ...(offers.includes('models') && { models: later('models') }),
  };
}
