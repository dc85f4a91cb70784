import type { OperationName } from '../../contract/call.ts';
import { BATCH_OPERATIONS, FILE_OPERATIONS } from '../../contract/call.ts';
import type { Provider } from '../../contract/provider.ts';
import type { Wire } from '../../contract/wire.ts';
import { lazyOperations } from '../../wire/lazy-operations.ts';
import { replyOperation } from '../../wire/operations.ts';
import { decodeChat } from './decode.ts';
import { chatEncoder } from './encode.ts';
import type { Quirks } from './quirks.ts';
import type { VectorsAndTexts } from './vectors-and-texts.ts';

/** Everything that a host of the OpenAI dialect offers, spoken with its quirks. */
export function openaiOperations(wire: Wire, quirks: Quirks): Provider['operations'] {
  const offers = quirks.offers ?? ['chat', 'complete', 'embed', 'models'];
  const others: (keyof VectorsAndTexts & OperationName)[] = [];
  if (offers.includes('complete')) others.push('complete', 'completeStream');
  if (offers.includes('embed')) others.push('embed');
  if (quirks.rerank !== undefined) others.push('rerank');
  if (offers.includes('models')) others.push('models');

  return {
    ...(offers.includes('chat') && {
      ...(quirks.later === undefined
        ? { chat: replyOperation<'chat'>(wire, { encode: chatEncoder(quirks, false), decode: decodeChat }) }
        : lazyOperations(['chat'], async () => (await import('./operation-maker.ts')).laterChat(wire, quirks))),
      ...lazyOperations(['stream'], async () => (await import('./chat-streams.ts')).chatStreams(wire, quirks)),
    }),
    ...lazyOperations(others, async () => (await import('./vectors-and-texts.ts')).vectorsAndTexts(wire, quirks)),
    ...(quirks.batches !== undefined &&
      lazyOperations([...BATCH_OPERATIONS, ...FILE_OPERATIONS], async () =>
        (await import('./batches.ts')).batchOperations(wire, quirks),
      )),
  };
}
