import type { OperationName } from '../../contract/call.ts';
import type { Capabilities } from '../../contract/capabilities.ts';
import { ChatTally } from '../../contract/chat-tally.ts';
import type { Operation } from '../../contract/codec.ts';
import type { ConnectionSpec, ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import { pagedModels } from '../../dialects/model-pages.ts';
import { openaiCapabilities } from '../../dialects/openai/capabilities.ts';
import { CompletionTally } from '../../dialects/openai/completions.ts';
import { tokenAuthorization } from '../../wire/auth/token-authorization.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { CHAT_QUIRKS, chatEncoderOf, decodeWatsonxChat, WatsonxStreamDecoder } from './chat.ts';
import { fixedTokenFailures, watsonxFailures } from './failure.ts';
import { decodeGeneration, GenerationStreamDecoder, generationEncoder } from './generation.ts';
import { iamTokens } from './iam.ts';
import type { WatsonxPlace } from './place.ts';
import { addressOf, apiVersionOf, credentialsOf, KEY_ENV, requireIAM, scopeOf } from './settings.ts';
import { embedCodec, modelPages, rerankCodec } from './vectors.ts';

const capabilities: Capabilities = {
  ...openaiCapabilities(CHAT_QUIRKS, {
    keys: KEY_ENV,
    keyless: false,
    needs: [],
    requestIdHeaders: watsonxFailures.requestIdHeaders ?? [],
  }),
  dialect: 'watsonx',
  operations: ['chat', 'stream', 'complete', 'completeStream', 'embed', 'rerank', 'models'],
  streamUsage: true,
  saysFiltered: false,
};

/**
 * IBM watsonx.ai. Settings: `apiKey`, exchanged for tokens at `iamURL`, or a `token`, or `zenApiKey` (Cloud Pak for Data);
 * `projectId` or `spaceId`; `region` or `baseURL`; `apiVersion`. Models of one's own are `deployment/<id>`.
 */
export const watsonx: ProviderDefinition = defineProvider({
  id: 'watsonx',
  declares: capabilities,
  create(context) {
    const place: WatsonxPlace = { apiVersion: apiVersionOf(context), scope: scopeOf(context) };
    const { spec, renewing } = authorization(context);
    const wire = context.connect(spec);
    return {
      id: context.id,
      wire,
      operations: {
        chat: renewing(replyOperation<'chat'>(wire, { encode: chatEncoderOf<'chat'>(place, false), decode: decodeWatsonxChat })),
        stream: renewing(
          streamOperation<'stream'>(wire, {
            encode: chatEncoderOf<'stream'>(place, true),
            framing: 'sse',
            decoder: (decoding) => new WatsonxStreamDecoder(decoding),
            tally: () => new ChatTally(),
          }),
        ),
        complete: renewing(
          replyOperation<'complete'>(wire, { encode: generationEncoder<'complete'>(place, false), decode: decodeGeneration }),
        ),
        completeStream: renewing(
          streamOperation<'completeStream'>(wire, {
            encode: generationEncoder<'completeStream'>(place, true),
            framing: 'sse',
            decoder: (decoding) => new GenerationStreamDecoder(decoding),
            tally: () => new CompletionTally(),
          }),
        ),
        embed: renewing(replyOperation(wire, embedCodec(place))),
        rerank: renewing(replyOperation(wire, rerankCodec(place))),
        models: renewing(pagedModels(wire, modelPages(place))),
      },
    };
  },
});

/** A new token cures both: one has run out, the other may have been revoked. */
const RENEWABLE = /^authentication_token_(?:expired|not_valid)$/;

interface Authorized {
  readonly spec: ConnectionSpec;
  renewing<K extends OperationName>(operation: Operation<K>): Operation<K>;
}

function authorization(context: ProviderContext): Authorized {
  const address = addressOf(context);
  const { baseURL } = address;
  const credentials = credentialsOf(context);
  if (!('apiKey' in credentials)) {
    const [secret, authorization] =
      'token' in credentials
        ? [credentials.token, `Bearer ${credentials.token}`]
        : [credentials.zenApiKey, `ZenApiKey ${credentials.zenApiKey}`];
    return {
      spec: { baseURL, headers: { authorization }, failures: fixedTokenFailures, secrets: [secret] },
      renewing: (operation) => operation,
    };
  }
  const { apiKey } = credentials;
  const tokens = iamTokens(context, apiKey, requireIAM(context, address));
  const { authorize, renewing } = tokenAuthorization(tokens, ({ code }) => RENEWABLE.test(code ?? ''));
  return {
    spec: {
      baseURL,
      authorize,
      failures: watsonxFailures,
      get secrets() {
        return [apiKey, tokens.current];
      },
    },
    renewing,
  };
}
