import { ChatTally } from '../../contract/chat-tally.ts';
import type { ReplyCodec, StreamCodec } from '../../contract/codec.ts';
import type { Provider } from '../../contract/provider.ts';
import type { Wire } from '../../contract/wire.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { pagedModels } from '../model-pages.ts';
import { decodeGenerate } from './decode.ts';
import { embedCodec } from './embeddings.ts';
import { encodeGenerate } from './encode.ts';
import { modelPages } from './models.ts';
import { developerAPI, type GeminiService } from './service-traits.ts';
import { GeminiStreamDecoder } from './stream-decoder.ts';

export const chatCodec = (service: GeminiService): ReplyCodec<'chat'> => ({
  encode: (call) => encodeGenerate(call, service, 'generateContent'),
  decode: decodeGenerate,
});

export const streamCodec = (service: GeminiService): StreamCodec<'stream'> => ({
  encode: (call) => encodeGenerate(call, service, 'streamGenerateContent?alt=sse'),
  framing: 'sse',
  decoder: (context) => new GeminiStreamDecoder(context),
  tally: () => new ChatTally(),
});

/** What a service that speaks Gemini offers. Paths are relative to a base URL that holds the API's version. */
export function geminiOperations(wire: Wire, service: GeminiService = developerAPI): Provider['operations'] {
  return {
    chat: replyOperation(wire, chatCodec(service)),
    stream: streamOperation(wire, streamCodec(service)),
    embed: replyOperation(wire, embedCodec(service)),
    models: pagedModels(wire, modelPages),
  };
}
