import { BATCH_OPERATIONS, FILE_OPERATIONS } from '../../contract/call.ts';
import { ChatTally } from '../../contract/chat-tally.ts';
import type { ReplyCodec } from '../../contract/codec.ts';
import type { ProviderDefinition } from '../../contract/provider.ts';
import { CompletionStreamDecoder, CompletionTally, decodeCompletion } from '../../dialects/openai/completions.ts';
import { decodeChat } from '../../dialects/openai/decode.ts';
import { decodeEmbeddings, embedEncoder } from '../../dialects/openai/embeddings.ts';
import { decodeModels, modelsEncoder } from '../../dialects/openai/models.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { ChatStreamDecoder } from '../../dialects/openai/stream-decoder.ts';
import { lazyOperations } from '../../wire/lazy-operations.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { requireKey } from '../settings.ts';
import { KEYS, mistralCapabilities } from './capabilities.ts';
import { chatEncoder } from './encode.ts';
import { mistralFailures } from './failure.ts';
import { completionEncoder } from './fill-in-the-middle.ts';

const BASE_URL = 'https://api.mistral.ai';

const QUIRKS: Quirks = {
  paths: { embed: '/v1/embeddings', models: '/v1/models' },
  plainText: true,
  lacks: ['user'],
  renames: { dimensions: 'output_dimension' },
  base64Vectors: false,
};

/**
 * Mistral's platform. Answers are those of the OpenAI dialect, requests a closed schema of its own. The base URL is that
 * of Mistral's SDK, without `/v1`; with it is accepted too. Keys for Codestral alone want `https://codestral.mistral.ai`.
 */
export const mistral: ProviderDefinition = defineProvider({
  id: 'mistral',
  declares: mistralCapabilities,
  create(context) {
    const key = requireKey(context, KEYS);
    const { baseURL = BASE_URL } = context.settings;
    const wire = context.connect({
      baseURL: baseURL.replace(/\/+$/, '').replace(/\/v1$/, ''),
      headers: { authorization: `Bearer ${key}` },
      failures: mistralFailures,
      secrets: [key],
    });
    const chat: ReplyCodec<'chat'> = { encode: chatEncoder<'chat'>(false), decode: decodeChat };
    const complete: ReplyCodec<'complete'> = { encode: completionEncoder<'complete'>(false), decode: decodeCompletion };
    const embed: ReplyCodec<'embed'> = { encode: embedEncoder(QUIRKS), decode: decodeEmbeddings };
    return {
      id: context.id,
      wire,
      operations: {
        chat: replyOperation<'chat'>(wire, chat),
        stream: streamOperation<'stream'>(wire, {
          encode: chatEncoder<'stream'>(true),
          framing: 'sse',
          decoder: (decoding) => new ChatStreamDecoder(decoding, QUIRKS),
          tally: () => new ChatTally(),
        }),
        complete: replyOperation<'complete'>(wire, complete),
        completeStream: streamOperation<'completeStream'>(wire, {
          encode: completionEncoder<'completeStream'>(true),
          framing: 'sse',
          decoder: (decoding) => new CompletionStreamDecoder(decoding),
          tally: () => new CompletionTally(),
        }),
        embed: replyOperation<'embed'>(wire, embed),
        models: replyOperation<'models'>(wire, { encode: modelsEncoder(QUIRKS), decode: decodeModels }),
        ...lazyOperations([...BATCH_OPERATIONS, ...FILE_OPERATIONS], async () =>
          (await import('./batches.ts')).batchOperations(wire, {
            '/v1/chat/completions': { operation: 'chat', codec: chat },
            '/v1/completions': { operation: 'complete', codec: complete },
            '/v1/embeddings': { operation: 'embed', codec: embed },
          }),
        ),
      },
      // its encoder marks a last assistant message as one to be gone on with
      prefill: () => ({}),
    };
  },
});
