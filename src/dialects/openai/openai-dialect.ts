import type { OperationName } from '../../contract/call.ts';
import { BATCH_OPERATIONS, FILE_OPERATIONS } from '../../contract/call.ts';
import type { Operation } from '../../contract/codec.ts';
import { lazily } from '../../contract/lazily.ts';
import type { Provider } from '../../contract/provider.ts';
import type { MaybePromise } from '../../contract/store.ts';
import type { Wire } from '../../contract/wire.ts';
import { replyOperation } from '../../wire/exchange.ts';
import { lazyOperations } from '../../wire/lazy-operations.ts';
import { decodeChat } from './decode.ts';
import { chatEncoder } from './encode.ts';
import type { Quirks } from './quirks.ts';

/** Everything that a host of the OpenAI dialect offers, spoken with its quirks. */
export function openaiOperations(wire: Wire, quirks: Quirks): Provider['operations'] {
  const offers = quirks.offers ?? ['chat', 'complete', 'embed', 'models'];
  const streams = lazily(async () => (await import('./chat-streams.ts')).chatStreams(wire, quirks));
  const others = lazily(async () => (await import('./vectors-and-texts.ts')).vectorsAndTexts(wire, quirks));

  return {
    ...(offers.includes('chat') && {
      chat: replyOperation<'chat'>(wire, { encode: chatEncoder(quirks, false), decode: decodeChat }),
      stream: later('stream', streams),
    }),
    ...(offers.includes('complete') && {
      complete: later('complete', others),
      completeStream: later('completeStream', others),
    }),
    ...(offers.includes('embed') && { embed: later('embed', others) }),
    ...(quirks.rerank !== undefined && { rerank: later('rerank', others) }),
    ...(offers.includes('models') && { models: later('models', others) }),
    ...(quirks.batches !== undefined &&
      lazyOperations([...BATCH_OPERATIONS, ...FILE_OPERATIONS], async () =>
        (await import('./batches.ts')).batchOperations(wire, quirks),
      )),
  };
}

type Offered<K extends OperationName> = { readonly [N in K]: Operation<N> };

const later =
  <K extends OperationName>(name: K, part: () => MaybePromise<Offered<K>>): Operation<K> =>
  async (call) =>
    (await part())[name](call);
