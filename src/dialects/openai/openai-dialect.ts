import { ChatTally } from '../../contract/chat-tally.ts';
import type { Provider } from '../../contract/provider.ts';
import type { Wire } from '../../contract/wire.ts';
import { replyOperation, streamOperation } from '../../wire/exchange.ts';
import { CompletionStreamDecoder, CompletionTally, completionEncoder, decodeCompletion } from './completions.ts';
import { decodeChat } from './decode.ts';
import { decodeEmbeddings, embedEncoder } from './embeddings.ts';
import { chatEncoder } from './encode.ts';
import { decodeModels, modelsEncoder } from './models.ts';
import type { Quirks } from './quirks.ts';
import { decodeRerank, rerankEncoder } from './rerank.ts';
import { ChatStreamDecoder } from './stream-decoder.ts';

/** Everything that a host of the OpenAI dialect offers, spoken with its quirks. */
export function openaiOperations(wire: Wire, quirks: Quirks): Provider['operations'] {
  const offers = quirks.offers ?? ['chat', 'complete', 'embed', 'models'];
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
    ...(offers.includes('complete') && {
      complete: replyOperation<'complete'>(wire, { encode: completionEncoder(quirks, false), decode: decodeCompletion }),
      completeStream: streamOperation<'completeStream'>(wire, {
        encode: completionEncoder(quirks, true),
        framing: 'sse',
        decoder: (context) => new CompletionStreamDecoder(context),
        tally: () => new CompletionTally(),
      }),
    }),
    ...(offers.includes('embed') && {
      embed: replyOperation<'embed'>(wire, { encode: embedEncoder(quirks), decode: decodeEmbeddings }),
    }),
    ...(quirks.rerank !== undefined && {
      rerank: replyOperation<'rerank'>(wire, { encode: rerankEncoder(quirks), decode: decodeRerank }),
    }),
    ...(offers.includes('models') && {
      models: replyOperation<'models'>(wire, { encode: modelsEncoder(quirks), decode: decodeModels }),
    }),
  };
}
