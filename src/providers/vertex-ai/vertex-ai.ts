import type { Call, OperationName } from '../../contract/call.ts';
import type { Operation } from '../../contract/codec.ts';
import type { ConnectionSpec, Provider, ProviderDefinition } from '../../contract/provider.ts';
import type { Wire } from '../../contract/wire.ts';
import { claudePrefill } from '../../dialects/anthropic/prefill.ts';
import { geminiCapabilities } from '../../dialects/gemini/capabilities.ts';
import { chatCodec, streamCodec } from '../../dialects/gemini/gemini-dialect.ts';
import { openaiOperations } from '../../dialects/openai/openai-dialect.ts';
import type { TokenSource } from '../../wire/auth/token-authorization.ts';
import { tokenAuthorization } from '../../wire/auth/token-authorization.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { defineProvider } from '../define-provider.ts';
import { claudeCodecs, claudeOnVertex } from './claude.ts';
import { embedOperation } from './embeddings.ts';
import { vertexFailures } from './failure.ts';
import { geminiOnVertex } from './gemini-service.ts';
import { type ModelRoute, routeFor } from './model-route.ts';
import { OPEN_QUIRKS, toPublisher } from './open-models.ts';
import { KEY_ENV, settingsOf, type VertexCredentials, versioned } from './settings.ts';
import { CallersTokens, MachineTokens } from './tokens.ts';

/** Google's SDK speaks this version; Anthropic's and the OpenAI endpoints the stable one. */
const GEMINI_VERSION = 'v1beta1';
const VERSION = 'v1';

/**
 * Google's Vertex AI: Gemini, Claude, Mistral and open models, each in its own dialect, chosen by the model's name.
 * Settings: `project`, `location` (default `global`); `accessToken` (a token, or a function that returns one), or `apiKey` for Gemini without a
 * project, or the credentials of this machine through `google-auth-library`. `structuredOutputs: true` where an organisation allows them for Claude.
 */
export const vertexAI: ProviderDefinition = defineProvider({
  id: 'vertex_ai',
  declares: {
    ...geminiCapabilities,
    operations: ['chat', 'stream', 'embed'],
    requestIdHeaders: vertexFailures.requestIdHeaders ?? [],
    keys: KEY_ENV,
    keyless: false,
    needs: [],
  },
  create(context) {
    const { credentials, baseURL, root, structuredOutputs } = settingsOf(context);
    const { specAt, renewing } = authorization(credentials);
    const connect = (version: string, rewrite?: ConnectionSpec['rewrite']): Wire =>
      context.connect(specAt({ baseURL: versioned(baseURL, version), rewrite }));
    const wire = connect(GEMINI_VERSION);
    const stable = connect(VERSION);
    const service = geminiOnVertex(root);
    const claude = claudeCodecs(claudeOnVertex(root, structuredOutputs, context.id));
    const open = openaiOperations(
      connect(VERSION, (message, call) => toPublisher(message, call, root)),
      OPEN_QUIRKS,
    ) as Required<Pick<Provider['operations'], 'chat' | 'stream'>>;

    const chat: Readonly<Record<ModelRoute['speaks'], Operation<'chat'>>> = {
      gemini: renewing(replyOperation(wire, chatCodec(service))),
      claude: renewing(replyOperation(stable, claude.chat)),
      mistral: renewing(open.chat),
      open: renewing(open.chat),
    };
    const stream: Readonly<Record<ModelRoute['speaks'], Operation<'stream'>>> = {
      gemini: renewing(streamOperation(wire, streamCodec(service))),
      claude: renewing(streamOperation(stable, claude.stream)),
      mistral: renewing(open.stream),
      open: renewing(open.stream),
    };
    return {
      id: context.id,
      wire,
      operations: {
        chat: async (call) => chat[routeFor(call as Call).speaks](call),
        stream: async (call) => stream[routeFor(call as Call).speaks](call),
        embed: embedOperation(wire, service, renewing),
      },
      prefill: (call) => (routeFor(call as Call).speaks === 'claude' ? claudePrefill(call) : undefined),
    };
  },
});

interface Authorized {
  specAt(place: Pick<ConnectionSpec, 'baseURL' | 'rewrite'>): ConnectionSpec;
  renewing<K extends OperationName>(operation: Operation<K>): Operation<K>;
}

function authorization(credentials: VertexCredentials): Authorized {
  if (credentials.kind === 'token') return fixed({ authorization: `Bearer ${credentials.token}` }, credentials.token);
  if (credentials.kind === 'key') return fixed({ 'x-goog-api-key': credentials.key }, credentials.key);
  if (credentials.kind === 'provider') return renewed(new CallersTokens(credentials.getToken));
  const machine = new MachineTokens(credentials.project);
  return renewed(machine, () => (machine.quotaProject === undefined ? {} : { 'x-goog-user-project': machine.quotaProject }));
}

const fixed = (headers: Readonly<Record<string, string>>, secret: string): Authorized => ({
  specAt: (place) => ({ ...place, headers, failures: vertexFailures, secrets: [secret] }),
  renewing: (operation) => operation,
});

function renewed(tokens: TokenSource, headers?: () => Readonly<Record<string, string>>): Authorized {
  const { authorize, renewing } = tokenAuthorization(tokens, ({ status }) => status === 401, headers);
  return {
    specAt: (place) => ({
      ...place,
      authorize,
      failures: vertexFailures,
      get secrets() {
        return [tokens.current];
      },
    }),
    renewing,
  };
}
