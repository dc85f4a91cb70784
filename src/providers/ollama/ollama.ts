import type { Call } from '../../contract/call.ts';
import { ChatTally } from '../../contract/chat-tally.ts';
import type { ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import { CompletionTally } from '../../dialects/openai/completions.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { ollamaCapabilities } from './capabilities.ts';
import { decodeChat } from './decode.ts';
import { decodeEmbed, encodeEmbed } from './embeddings.ts';
import { chatEncoder } from './encode.ts';
import { ollamaFailures } from './failure.ts';
import { CompletionStreamDecoder, completionEncoder, decodeCompletion } from './generate.ts';
import { parseHost } from './host.ts';
import { decodeModels, encodeModels } from './models.ts';
import { ownFields } from './options.ts';
import { ChatStreamDecoder } from './stream-decoder.ts';

const DEFAULT_BASE_URL = 'http://127.0.0.1:11434';

/** Ollama's own API, at a server of yours or at ollama.com. */
export const ollama: ProviderDefinition = defineProvider({
  id: 'ollama',
  declares: ollamaCapabilities,
  create(context) {
    const baseURL = addressOf(context);
    const key = keyFor(context, baseURL);
    const wire = context.connect({
      baseURL,
      ...(key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }),
      failures: ollamaFailures,
      secrets: [key],
    });
    return {
      id: context.id,
      wire,
      operations: {
        chat: replyOperation<'chat'>(wire, { encode: chatEncoder<'chat'>(false), decode: decodeChat }),
        stream: streamOperation<'stream'>(wire, {
          encode: chatEncoder<'stream'>(true),
          framing: 'json-lines',
          decoder: (decoding) => new ChatStreamDecoder(decoding),
          tally: () => new ChatTally(),
        }),
        complete: replyOperation<'complete'>(wire, {
          encode: completionEncoder<'complete'>(false),
          decode: decodeCompletion,
        }),
        completeStream: streamOperation<'completeStream'>(wire, {
          encode: completionEncoder<'completeStream'>(true),
          framing: 'json-lines',
          decoder: (decoding) => new CompletionStreamDecoder(decoding),
          tally: () => new CompletionTally(),
        }),
        embed: replyOperation<'embed'>(wire, { encode: encodeEmbed, decode: decodeEmbed }),
        models: replyOperation<'models'>(wire, { encode: encodeModels, decode: decodeModels }),
      },
      prefill: (call) => (thinks(call) ? undefined : {}),
    };
  },
});

/** Asked to think, a model does so before it goes on. */
function thinks(call: Call<'stream'>): boolean {
  const { think } = ownFields(call);
  return think === undefined ? (call.request.reasoning_effort ?? 'none') !== 'none' : think !== false;
}

function addressOf(context: ProviderContext): string {
  const { baseURL } = context.settings;
  if (baseURL !== undefined && baseURL !== '') return parseHost(baseURL, `providers.${context.id}.baseURL`);
  const host = context.env('OLLAMA_HOST');
  return host === undefined ? DEFAULT_BASE_URL : parseHost(host, 'OLLAMA_HOST');
}

/** A key from the settings goes wherever the settings say; one from the environment never travels in clear text. */
function keyFor(context: ProviderContext, baseURL: string): string | undefined {
  const { apiKey } = context.settings;
  if (apiKey !== undefined && apiKey !== '') return apiKey;
  const { protocol, hostname } = new URL(baseURL);
  const safe = protocol === 'https:' || /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
  return safe ? context.env('OLLAMA_API_KEY') : undefined;
}
