import type { MockAnswer, MockAsk, MockDialect, MockFailureName, MockRequest } from '../../contract/mock.ts';
import { anthropicServer } from '../../dialects/anthropic/server.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { geminiServer } from '../../dialects/gemini/server.ts';
import { openaiServer } from '../../dialects/openai/server.ts';
import { routeOf } from './model-route.ts';

interface VertexAsk extends MockAsk {
  readonly speaks: 'gemini' | 'anthropic' | 'openai';
  /** `predict` or `embedContent`. */
  readonly method?: string;
}

const SERVERS: Readonly<Record<VertexAsk['speaks'], MockDialect>> = {
  gemini: geminiServer,
  anthropic: anthropicServer,
  openai: openaiServer,
};

const SPEAKERS = { gemini: 'gemini', claude: 'anthropic', mistral: 'openai', open: 'openai' } as const;

const speaker = (asked: MockAsk | undefined): VertexAsk['speaks'] =>
  (asked as VertexAsk | undefined)?.speaks ?? SPEAKERS[routeOf(asked?.model ?? '').speaks];

const serverOf = (asked: MockAsk): MockDialect => SERVERS[speaker(asked)];

/** Vertex AI, backwards: one host and three dialects, which the path tells apart. `@google/genai` and Anthropic's SDK can talk to it. */
export const vertexServer: MockDialect = {
  ask,
  authorized({ headers, path }) {
    const token = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
    const key = headers['x-goog-api-key'] ?? '';
    // a key without a project is as good as a token, for Gemini alone
    const given = token === '' && !path.includes('/publishers/anthropic/') ? key : token;
    return given !== '' && given !== 'wrong';
  },
  reply: (reply, asked) => serverOf(asked).reply(reply, asked),
  stream: (reply, asked) => serverOf(asked).stream(reply, asked),
  embeddings(vectors, asked) {
    const tokens = (text: string | undefined): number => (text ?? '').split(/\s+/).length;
    if ((asked as VertexAsk).method !== 'predict') {
      return answer({
        embedding: { values: vectors[0] },
        usageMetadata: { promptTokenCount: tokens(asked.inputs?.[0]) },
        truncated: false,
      });
    }
    const predictions = vectors.map((values, index) => ({
      embeddings: { values, statistics: { token_count: tokens(asked.inputs?.[index]), truncated: false } },
    }));
    return answer({ predictions, metadata: { billableCharacterCount: (asked.inputs ?? []).join('').length } });
  },
  models: () => answer({}),
  failure(name, asked, options) {
    if (name === 'auth') return UNAUTHENTICATED;
    if (speaker(asked) === 'anthropic') return anthropicServer.failure(name, asked, options);
    if (name === 'notFound') return missing(asked);
    const said = geminiServer.failure(name, asked, options);
    return speaker(asked) === 'openai' && said.status !== 200 ? { ...said, body: [said.body] } : said;
  },
  errorFrame: (name: MockFailureName, asked) =>
    speaker(asked) === 'anthropic' ? anthropicServer.errorFrame(name) : geminiServer.errorFrame(name),
};

const answer = (body: object): MockAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json; charset=UTF-8' },
  body,
});

const failure = (code: number, status: string, message: string, details: readonly object[] = []): MockAnswer => ({
  status: code,
  headers: { 'content-type': 'application/json; charset=UTF-8' },
  body: { error: { code, message, status, ...(details.length === 0 ? {} : { details }) } },
});

const UNAUTHENTICATED = failure(
  401,
  'UNAUTHENTICATED',
  'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.',
  [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'ACCESS_TOKEN_EXPIRED', domain: 'googleapis.com' }],
);

const missing = (asked: MockAsk | undefined): MockAnswer =>
  failure(
    404,
    'NOT_FOUND',
    `Publisher Model \`publishers/google/models/${asked?.model ?? 'unknown'}\` was not found or your project does not have access to it.`,
  );

const PLACE = /^\/v\d\w*\/(projects\/[^/]+\/locations\/[^/]+\/)?(.+)$/;

function ask(request: MockRequest): VertexAsk | undefined {
  const [path = '', query = ''] = request.path.split('?');
  const place = PLACE.exec(path);
  if (place === null || request.method !== 'POST') return undefined;
  const [, project, below = ''] = place;
  if (below === 'endpoints/openapi/chat/completions')
    return project === undefined ? undefined : openaiAsk(request, undefined, undefined);
  const [, resource = '', method = ''] = /^(.+):(\w+)$/.exec(below) ?? [];
  const published = /^publishers\/([\w-]+)\/models\/([^/]+)$/.exec(resource);
  const endpoint = /^endpoints\/([^/]+)$/.exec(resource)?.[1];
  const name = decodeURIComponent(published?.[2] ?? endpoint ?? '');
  const publisher = published?.[1] ?? 'google';
  if (name === '' || (publisher !== 'google' && project === undefined)) return undefined;
  if (publisher === 'google') return geminiAsk(name, method, query, request);
  const stream = method === 'streamRawPredict';
  if (!stream && method !== 'rawPredict') return undefined;
  if (publisher === 'mistralai') return openaiAsk(request, name, stream);
  return publisher === 'anthropic' ? claudeAsk(name, stream, request) : undefined;
}

function geminiAsk(model: string, method: string, query: string, request: MockRequest): VertexAsk | undefined {
  const { body } = request;
  const fields = isRecord(body) ? body : {};
  if (method === 'predict') {
    const instances = Array.isArray(fields.instances) ? fields.instances.filter(isRecord) : [];
    const size = isRecord(fields.parameters) ? fields.parameters.outputDimensionality : undefined;
    return { ...embedding(model, size), method, inputs: instances.map(({ content }) => String(content)) };
  }
  if (method === 'embedContent') {
    const parts = isRecord(fields.content) && Array.isArray(fields.content.parts) ? fields.content.parts.filter(isRecord) : [];
    const size = isRecord(fields.embedContentConfig) ? fields.embedContentConfig.outputDimensionality : undefined;
    return { ...embedding(model, size), method, inputs: [parts.map(({ text }) => String(text)).join('')] };
  }
  const path = `/v1beta1/models/${encodeURIComponent(model)}:${method}?${query}`;
  const asked = geminiServer.ask({ ...request, path });
  return asked === undefined ? undefined : { ...asked, speaks: 'gemini' };
}

const embedding = (model: string, size: unknown): VertexAsk => ({
  speaks: 'gemini',
  operation: 'embed',
  model,
  stream: false,
  includeUsage: true,
  ...(typeof size === 'number' ? { dimensions: size } : {}),
});

/** The path names the model and says whether to stream; the body must say the version and not the model. */
function claudeAsk(model: string, stream: boolean, { body }: MockRequest): VertexAsk | undefined {
  if (model === 'count-tokens') return { speaks: 'anthropic', operation: 'count', model, stream: false, includeUsage: true };
  if (!isRecord(body) || typeof body.anthropic_version !== 'string' || 'model' in body) return undefined;
  return { speaks: 'anthropic', operation: 'chat', model, stream, includeUsage: true };
}

function openaiAsk(request: MockRequest, model: string | undefined, stream: boolean | undefined): VertexAsk | undefined {
  const asked = openaiServer.ask({ ...request, path: '/v1/chat/completions' });
  if (asked === undefined) return undefined;
  return { ...asked, speaks: 'openai', ...(model === undefined ? {} : { model }), ...(stream === undefined ? {} : { stream }) };
}
