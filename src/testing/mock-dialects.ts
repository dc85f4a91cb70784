import type { MockDialect, MockRequest } from '../contract/mock.ts';
import { anthropicServer } from '../dialects/anthropic/server.ts';
import { geminiServer } from '../dialects/gemini/server.ts';
import { localOpenaiServer, openaiServer } from '../dialects/openai/server.ts';
import { datedAzureBatches, groqBatches, openaiBatches, togetherBatches } from '../dialects/openai/server-batches.ts';
import { alephAlphaServer } from '../providers/aleph-alpha/server.ts';
import { bedrockServer } from '../providers/bedrock/server.ts';
import { cloudflareServer } from '../providers/cloudflare/server.ts';
import { cohereChatServer, cohereServer } from '../providers/cohere/server.ts';
import { huggingfaceServer } from '../providers/huggingface/server.ts';
import { mistralServer } from '../providers/mistral/server.ts';
import { nlpCloudServer } from '../providers/nlp-cloud/server.ts';
import { ollamaServer } from '../providers/ollama/server.ts';
import { nvidiaServer, xaiServer } from '../providers/openai-hosts/later-server.ts';
import { OWN_SERVERS } from '../providers/openai-hosts/own-servers.ts';
import { ai21Server, jinaServer, voyageServer } from '../providers/openai-hosts/server.ts';
import { oidcServer } from '../providers/openai-hosts/token-server.ts';
import { palmServer } from '../providers/palm/server.ts';
import { ALIASES, PROVIDERS } from '../providers/registry.ts';
import { replicateServer } from '../providers/replicate/server.ts';
import { sagemakerServer } from '../providers/sagemaker/server.ts';
import { vertexServer } from '../providers/vertex-ai/server.ts';
import { iamServer, watsonxServer } from '../providers/watsonx/server.ts';

/** How a mock provider is spoken to. */
export interface MockProvider {
  readonly dialect: MockDialect;
  /** What follows `/<provider>` in the base URL that SDKs and settings want. */
  readonly suffix: string;
  /** What its settings must say beside a key and a base URL, for a client to talk to it. */
  readonly settings?: ((baseURL: (provider: string) => string) => Readonly<Record<string, string>>) | undefined;
}

const OPENAI: MockProvider = { dialect: openaiServer, suffix: '/v1' };

const NO_CREDITS = { error: { message: 'Insufficient credits. Please add credits to your account.', type: null, code: null } };

const azureServer: MockDialect = {
  ...openaiServer,
  ask: (request) => openaiServer.ask(withoutAzurePath(request)),
  batches: {
    ...openaiBatches,
    answer: (request, shelf, baseURL) =>
      (/[?&]api-version=\d/.test(request.path) ? datedAzureBatches : openaiBatches).answer(request, shelf, baseURL),
  },
};

const groqServer: MockDialect = { ...openaiServer, batches: groqBatches };

const togetherServer: MockDialect = { ...openaiServer, batches: togetherBatches };

/** `insufficient_quota` is a rate limit there; an empty account is told by the status alone. */
const sambanovaServer: MockDialect = {
  ...openaiServer,
  failure: (name, ask, options) =>
    name === 'quota'
      ? { status: 402, headers: { 'x-request-id': 'req_mock_openai' }, body: NO_CREDITS }
      : openaiServer.failure(name, ask, options),
  errorFrame: (name) => (name === 'quota' ? `data: ${JSON.stringify(NO_CREDITS)}\n\n` : openaiServer.errorFrame(name)),
};

/** IBM's token service: what the setting `iamURL` of watsonx names. */
const WATSONX_IAM = 'watsonx_iam';

/** The token service of Databricks: below `/oidc` at every address. */
const OIDC = 'oidc';

/** Everyone who is not just a host of the OpenAI dialect under `/v1`. */
const OTHERS: ReadonlyMap<string, MockProvider> = new Map<string, MockProvider>([
  ['aleph_alpha', { dialect: alephAlphaServer, suffix: '' }],
  ['anthropic', { dialect: anthropicServer, suffix: '' }],
  ['azure', { dialect: azureServer, suffix: '/openai/v1' }],
  ['bedrock', { dialect: bedrockServer, suffix: '' }],
  ['cerebras', { dialect: openaiServer, suffix: '' }],
  ['cloudflare', { dialect: cloudflareServer, suffix: '/client/v4/accounts/mock/ai/v1' }],
  ['cohere', { dialect: cohereServer, suffix: '' }],
  ['cohere_chat', { dialect: cohereChatServer, suffix: '' }],
  ['ai21', { dialect: ai21Server, suffix: '/v1' }],
  ['gemini', { dialect: geminiServer, suffix: '' }],
  ['groq', { dialect: groqServer, suffix: '' }],
  ['together_ai', { dialect: togetherServer, suffix: '/v1' }],
  ['huggingface', { dialect: huggingfaceServer, suffix: '' }],
  ['jina_ai', { dialect: jinaServer, suffix: '/v1' }],
  ['mistral', { dialect: mistralServer, suffix: '' }],
  ['nlp_cloud', { dialect: nlpCloudServer, suffix: '/v1/gpu' }],
  ['nvidia_nim', { dialect: nvidiaServer, suffix: '/v1' }],
  ['ollama', { dialect: ollamaServer, suffix: '' }],
  ['ollama_chat', { dialect: ollamaServer, suffix: '' }],
  ['palm', { dialect: palmServer, suffix: '' }],
  ['replicate', { dialect: replicateServer, suffix: '/v1' }],
  ['sagemaker', { dialect: sagemakerServer(openaiServer), suffix: '' }],
  ['voyage', { dialect: voyageServer, suffix: '/v1' }],
  ['sambanova', { dialect: sambanovaServer, suffix: '/v1' }],
  ['vertex_ai', { dialect: vertexServer, suffix: '' }],
  [
    'watsonx',
    {
      dialect: watsonxServer,
      suffix: '',
      settings: (baseURL) => ({ projectId: 'mock-project', iamURL: baseURL(WATSONX_IAM) }),
    },
  ],
  [WATSONX_IAM, { dialect: iamServer, suffix: '' }],
  [OIDC, { dialect: oidcServer, suffix: '' }],
  ['xai', { dialect: xaiServer, suffix: '/v1' }],
  ...Object.keys(OWN_SERVERS).map((id) => [id, { dialect: localOpenaiServer, suffix: '/v1' }] as const),
]);

/** The built-in providers, all of which the mock server knows, and the token services of two. */
export const MOCK_PROVIDERS: readonly string[] = [...Object.keys(PROVIDERS), WATSONX_IAM, OIDC];

/** A provider may go by its other names; one that is not known is taken for a host of the OpenAI dialect. */
export const mockProvider = (name: string): MockProvider =>
  OTHERS.get(Object.hasOwn(ALIASES, name) ? (ALIASES[name] ?? name) : name) ?? OPENAI;

/** `/openai/v1/…` and `/openai/deployments/<name>/…?api-version=…` are `/v1/…` to the dialect; the deployment is the model. */
function withoutAzurePath(request: MockRequest): MockRequest {
  const deployment = /^\/openai(?:\/v1)?\/deployments\/([^/]+)(\/[^?]*)/.exec(request.path);
  if (deployment === null) return { ...request, path: request.path.replace(/^\/openai(?:\/v1)?\//, '/v1/') };
  const [, model = '', route = ''] = deployment;
  const { body } = request;
  const named = typeof body === 'object' && body !== null ? { ...body, model: decodeURIComponent(model) } : body;
  return { ...request, path: `/v1${route}`, body: named };
}
