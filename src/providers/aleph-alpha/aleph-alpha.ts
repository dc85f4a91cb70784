import type { Call } from '../../contract/call.ts';
import type { Provider, ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import { openaiCapabilities } from '../../dialects/openai/capabilities.ts';
import { CompletionTally } from '../../dialects/openai/completions.ts';
import { openaiOperations } from '../../dialects/openai/openai-dialect.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { hostQuirks } from '../../dialects/openai/quirks.ts';
import { NotFoundError } from '../../errors/provider-errors.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { firstEnv, missing, requireKey } from '../settings.ts';
import { CompleteStreamDecoder, completeEncoder, decodeComplete } from './complete.ts';
import { alephAlphaFailures } from './failure.ts';

const KEYS = ['ALEPH_ALPHA_API_KEY', 'ALEPHALPHA_API_KEY', 'PHARIA_AI_TOKEN'] as const;
const BASE_ENV = ['ALEPH_ALPHA_API_BASE'] as const;

const QUIRKS: Quirks = hostQuirks({
  offers: ['chat', 'embed', 'models'],
  paths: { models: '/models_available' },
  rerank: {},
  lacks: ['n', 'logit_bias', 'seed', 'user', 'reasoning_effort', 'verbosity'],
  strictTools: 'drop',
});

const GONE = 'the Luminous models and their public host are gone; use a model of your PhariaAI installation, with its baseURL';

/**
 * Aleph Alpha's PhariaAI, at the address of one's own installation: chat and embeddings in OpenAI's form, the native
 * `/complete` for text completions, reranking. There is no public host any more, so `baseURL` is needed.
 */
export const alephAlpha: ProviderDefinition = defineProvider({
  id: 'aleph_alpha',
  declares: {
    ...openaiCapabilities(QUIRKS, {
      keys: KEYS,
      keyless: false,
      needs: ['baseURL'],
      requestIdHeaders: alephAlphaFailures.requestIdHeaders ?? [],
    }),
    operations: ['chat', 'stream', 'complete', 'completeStream', 'embed', 'rerank', 'models'],
  },
  create(context) {
    const baseURL = context.settings.baseURL ?? firstEnv(context, BASE_ENV);
    if (baseURL === undefined) return withoutAddress(context);
    const key = requireKey(context, KEYS);
    const wire = context.connect({
      baseURL,
      headers: { authorization: `Bearer ${key}` },
      failures: alephAlphaFailures,
      secrets: [key],
    });
    return {
      id: context.id,
      wire,
      operations: {
        ...openaiOperations(wire, QUIRKS),
        complete: replyOperation<'complete'>(wire, { encode: completeEncoder(false), decode: decodeComplete }),
        completeStream: streamOperation<'completeStream'>(wire, {
          encode: completeEncoder(true),
          framing: 'sse',
          decoder: (decoding) => new CompleteStreamDecoder(decoding),
          tally: () => new CompletionTally(),
        }),
      },
    };
  },
});

/** Which of two things is wrong shows only with the model: an old name, or a setting that was forgotten. */
function withoutAddress(context: ProviderContext): Provider {
  const wire = context.connect({ baseURL: 'https://retired.invalid', secrets: [] });
  const refuse = async ({ target }: Call): Promise<never> => {
    if (!target.model.startsWith('luminous')) throw missing(context, 'base URL', 'baseURL', BASE_ENV);
    throw new NotFoundError({ message: GONE, provider: context.id, model: target.model, code: 'model_retired' });
  };
  const operations: Provider['operations'] = {
    chat: refuse,
    stream: refuse,
    complete: refuse,
    completeStream: refuse,
    embed: refuse,
    rerank: refuse,
    models: refuse,
  };
  return { id: context.id, wire, operations };
}
