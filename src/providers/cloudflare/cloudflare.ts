import { ChatTally } from '../../contract/chat-tally.ts';
import type { ProviderContext, ProviderDefinition } from '../../contract/provider.ts';
import type { Wire } from '../../contract/wire.ts';
import { pagedModels } from '../../dialects/model-pages.ts';
import { openaiCapabilities } from '../../dialects/openai/capabilities.ts';
import { openaiOperations } from '../../dialects/openai/openai-dialect.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { hostQuirks } from '../../dialects/openai/quirks.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { firstEnv, missing, requireKey } from '../settings.ts';
import { decodeRun, decodeRunEmbeddings } from './decode.ts';
import { encodeRun, encodeRunEmbeddings } from './encode.ts';
import { cloudflareFailures } from './failure.ts';
import { modelPages } from './models.ts';
import type { Place } from './place.ts';
import { placeOf } from './place.ts';
import { RunStreamDecoder } from './stream-decoder.ts';

const KEYS = ['CLOUDFLARE_API_KEY', 'CLOUDFLARE_API_TOKEN'] as const;
const GATEWAY_KEYS = ['CF_AIG_TOKEN', 'CLOUDFLARE_API_TOKEN', 'CLOUDFLARE_API_KEY'] as const;

/** Workers AI under OpenAI's names. */
const QUIRKS: Quirks = hostQuirks({
  offers: ['chat', 'embed'],
  lacks: ['n', 'logit_bias', 'logprobs', 'top_logprobs', 'user', 'parallel_tool_calls', 'verbosity'],
  strictTools: 'drop',
  base64Vectors: false,
});

/**
 * Cloudflare Workers AI, and any provider through its AI Gateway.
 *
 * Settings beyond the common ones: `accountId`; `api: 'run'` for the native routes (`/ai/run/<model>`) instead of the
 * OpenAI-compatible ones; `gatewayId` to go through a gateway, where other providers' models are named
 * `openai/…`, `anthropic/…`, and `gatewayKey` for a gateway that wants a token of its own: then an `apiKey` is the one of
 * the provider behind it. `baseURL` is the SDK's (`…/client/v4`), or any address down to `/ai`, `/ai/v1`, `/ai/run`,
 * or of a gateway. Headers such as `cf-aig-cache-ttl` are given as `headers`.
 */
export const cloudflare: ProviderDefinition = defineProvider({
  id: 'cloudflare',
  declares: {
    ...openaiCapabilities(QUIRKS, {
      keys: KEYS,
      keyless: false,
      needs: ['accountId'],
      requestIdHeaders: cloudflareFailures.requestIdHeaders ?? [],
    }),
    operations: ['chat', 'stream', 'embed', 'models'],
  },
  create(context) {
    const place = placeOf(context);
    const { headers, secrets } = credentials(context, place);
    const wire = context.connect({ baseURL: place.baseURL, headers, failures: cloudflareFailures, secrets });
    return { id: context.id, wire, operations: operationsAt(place, wire) };
  },
});

function operationsAt(place: Place, wire: Wire): ReturnType<typeof openaiOperations> {
  const models = place.lists ? { models: pagedModels(wire, modelPages) } : {};
  if (place.run === undefined) return { ...openaiOperations(wire, { ...QUIRKS, ...place.quirks }), ...models };
  const { run } = place;
  return {
    chat: replyOperation<'chat'>(wire, { encode: (call) => encodeRun(call, run, false), decode: decodeRun }),
    stream: streamOperation<'stream'>(wire, {
      encode: (call) => encodeRun(call, run, true),
      framing: 'sse',
      decoder: (context) => new RunStreamDecoder(context),
      tally: () => new ChatTally(),
    }),
    embed: replyOperation<'embed'>(wire, { encode: (call) => encodeRunEmbeddings(call, run), decode: decodeRunEmbeddings }),
    ...models,
  };
}

interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly (string | undefined)[];
}

/** A gateway's token and the key of the provider behind it are two things; with only one of them, only one is sent. */
function credentials(context: ProviderContext, place: Place): Credentials {
  const { apiKey, gatewayKey } = context.settings;
  if (!place.gateway) {
    const key = requireKey(context, KEYS);
    return { headers: { authorization: `Bearer ${key}` }, secrets: [key] };
  }
  const token = typeof gatewayKey === 'string' && gatewayKey !== '' ? gatewayKey : firstEnv(context, GATEWAY_KEYS);
  if (token === undefined && !apiKey) throw missing(context, 'gateway token', 'gatewayKey', GATEWAY_KEYS);
  return {
    headers: {
      ...(token === undefined ? {} : { 'cf-aig-authorization': `Bearer ${token}` }),
      ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}),
    },
    secrets: [token, apiKey],
  };
}
