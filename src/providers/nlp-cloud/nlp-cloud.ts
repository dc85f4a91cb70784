import type { Capabilities } from '../../contract/capabilities.ts';
import { ChatTally } from '../../contract/chat-tally.ts';
import type { ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import { CompletionTally } from '../../dialects/openai/completions.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { firstEnv, requireKey, wrongSetting } from '../settings.ts';
import { decodeChat, decodeCompletion, decodeEmbeddings } from './decode.ts';
import type { Route } from './encode.ts';
import { chatEncoder, completionEncoder, encodeEmbeddings, LACKS } from './encode.ts';
import { nlpCloudFailures } from './failure.ts';
import { chatTextDecoder, completionTextDecoder } from './stream-decoder.ts';
import { TextFraming } from './text-framing.ts';

const BASE_URL = 'https://api.nlpcloud.io/v1/gpu';
const KEYS = ['NLP_CLOUD_API_KEY', 'NLPCLOUD_API_KEY'] as const;

const capabilities: Capabilities = {
  dialect: 'nlp_cloud',
  operations: ['chat', 'stream', 'complete', 'completeStream', 'embed'],
  keys: KEYS,
  keyless: false,
  needs: [],
  tools: false,
  toolChoices: [],
  images: false,
  structuredOutput: 'none',
  reasoning: false,
  lacks: LACKS,
  streamUsage: false,
  saysFiltered: false,
  saysLength: false,
  errorCodes: false,
  requestIdHeaders: nlpCloudFailures.requestIdHeaders ?? [],
};

/**
 * NLP Cloud. A conversation goes to its chatbot; a single message, and whatever sets a limit or sampling, to its text
 * generation, which alone knows parameters and counts tokens. `baseURL` may end with `/gpu`, where language models run.
 * Setting beyond the common ones: `language`, a code such as `fra_Latn` for the multilingual add-on.
 */
export const nlpCloud: ProviderDefinition = defineProvider({
  id: 'nlp_cloud',
  declares: capabilities,
  create(context) {
    const key = requireKey(context, KEYS);
    const given = (context.settings.baseURL ?? firstEnv(context, ['NLP_CLOUD_API_BASE']) ?? BASE_URL).replace(/\/+$/, '');
    const route: Route = { gpu: given.endsWith('/gpu') ? '/gpu' : '', language: languageOf(context) };
    const wire = context.connect({
      baseURL: given.replace(/\/gpu$/, ''),
      headers: { authorization: `Token ${key}` },
      failures: nlpCloudFailures,
      secrets: [key],
    });
    return {
      id: context.id,
      wire,
      operations: {
        chat: replyOperation<'chat'>(wire, { encode: chatEncoder(route, false), decode: decodeChat }),
        stream: streamOperation<'stream'>(wire, {
          encode: chatEncoder(route, true),
          framing: () => new TextFraming(),
          decoder: chatTextDecoder,
          tally: () => new ChatTally(),
        }),
        complete: replyOperation<'complete'>(wire, { encode: completionEncoder(route, false), decode: decodeCompletion }),
        completeStream: streamOperation<'completeStream'>(wire, {
          encode: completionEncoder(route, true),
          framing: () => new TextFraming(),
          decoder: completionTextDecoder,
          tally: () => new CompletionTally(),
        }),
        embed: replyOperation<'embed'>(wire, { encode: encodeEmbeddings(route), decode: decodeEmbeddings }),
      },
    };
  },
});

/** English is the language of the models themselves and has no segment in the path. */
function languageOf({ id, settings }: ProviderContext): string {
  const { language } = settings;
  if (language === undefined || language === null || language === 'en' || language === 'eng_Latn') return '';
  if (typeof language === 'string' && /^[\w-]+$/.test(language)) return `/${language}`;
  throw wrongSetting({ id }, 'language', 'a language code such as "fra_Latn"');
}
