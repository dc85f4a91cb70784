import type { Call } from '../../contract/call.ts';
import type { Capabilities } from '../../contract/capabilities.ts';
import { ChatTally } from '../../contract/chat-tally.ts';
import type { Provider, ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import { geminiFailures } from '../../dialects/gemini/failure.ts';
import { CompletionTally } from '../../dialects/openai/completions.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { requireKey } from '../settings.ts';
import { decodeChat, encodeChat, WholeAnswerDecoder } from './chat.ts';
import { RETIRED, retired } from './retired.ts';
import { decodeCompletion, decodeEmbed, encodeCompletion, encodeEmbed, WholeCompletionDecoder } from './text.ts';

const KEYS = ['PALM_API_KEY', 'GOOGLE_API_KEY'] as const;
const VERSION = 'v1beta2';

const capabilities: Capabilities = {
  dialect: 'palm',
  operations: ['chat', 'stream', 'complete', 'completeStream', 'embed'],
  keys: KEYS,
  keyless: false,
  needs: [],
  tools: false,
  toolChoices: [],
  images: false,
  structuredOutput: 'none',
  reasoning: false,
  lacks: [
    'max_tokens',
    'stop',
    'seed',
    'logprobs',
    'logit_bias',
    'frequency_penalty',
    'presence_penalty',
    'parallel_tool_calls',
    'modalities',
    'verbosity',
    'prediction',
  ],
  streams: false,
  countsTokens: false,
  streamUsage: false,
  // only when nothing at all is left
  saysFiltered: false,
  saysLength: false,
  errorCodes: true,
  requestIdHeaders: geminiFailures.requestIdHeaders ?? [],
  retired: RETIRED,
};

/** Google's first API for language models. It is shut down; an address of one's own that still speaks it can be given as `baseURL`. */
export const palm: ProviderDefinition = defineProvider({
  id: 'palm',
  declares: capabilities,
  create: (context) =>
    context.settings.baseURL === undefined ? goneProvider(context) : providerAt(context.settings.baseURL, context),
});

function providerAt(baseURL: string, context: ProviderContext): Provider {
  const key = requireKey(context, KEYS);
  const base = baseURL.replace(/\/+$/, '');
  const wire = context.connect({
    baseURL: /\/v\d\w*$/.test(base) ? base : `${base}/${VERSION}`,
    rewrite: (message) => ({ ...message, path: `${message.path}?key=${encodeURIComponent(key)}` }),
    failures: geminiFailures,
    secrets: [key, encodeURIComponent(key)],
  });
  return {
    id: context.id,
    wire,
    operations: {
      chat: replyOperation<'chat'>(wire, { encode: encodeChat, decode: decodeChat }),
      stream: streamOperation<'stream'>(wire, {
        encode: encodeChat,
        framing: 'sse',
        decoder: (decoding) => new WholeAnswerDecoder(decoding),
        tally: () => new ChatTally(),
      }),
      complete: replyOperation<'complete'>(wire, { encode: encodeCompletion, decode: decodeCompletion }),
      completeStream: streamOperation<'completeStream'>(wire, {
        encode: encodeCompletion,
        framing: 'sse',
        decoder: (decoding) => new WholeCompletionDecoder(decoding),
        tally: () => new CompletionTally(),
      }),
      embed: replyOperation<'embed'>(wire, { encode: encodeEmbed, decode: decodeEmbed }),
    },
  };
}

/** Nothing is sent to an address that may belong to others by now. */
function goneProvider(context: ProviderContext): Provider {
  const wire = context.connect({ baseURL: 'https://retired.invalid', secrets: [] });
  const gone = async (call: Call): Promise<never> => {
    throw retired(call);
  };
  const operations = { chat: gone, stream: gone, complete: gone, completeStream: gone, embed: gone, rerank: gone, models: gone };
  return { id: context.id, wire, operations };
}
