import type { MockAnswer, MockAsk, MockDialect, MockFrame, MockReply, MockRequest } from '../../contract/mock.ts';
import { isRecord } from '../chat-rules.ts';
import { pageAsked, pageOf } from '../mock-pages.ts';
import { geminiBatches } from './server-batches.ts';
import { dataFrame, errorFrame, failureAnswer } from './server-failures.ts';

interface GeminiAsk extends MockAsk {
  /** A list of one fragment, as `streamGenerateContent` answers without `alt=sse`. */
  readonly asList?: boolean;
  /** `embedContent` rather than `batchEmbedContents`. */
  readonly single?: boolean;
}

const SIGNATURE = 'CiQBbW9jay1zaWduYXR1cmU=';

const FINISH_REASONS: Readonly<Record<MockReply['finishReason'], string>> = {
  stop: 'STOP',
  tool_calls: 'STOP',
  length: 'MAX_TOKENS',
  content_filter: 'SAFETY',
};

/** The Gemini Developer API, backwards. `@google/genai` can talk to it. */
export const geminiServer: MockDialect = {
  ask(request) {
    const [path = '', query = ''] = request.path.split('?');
    if (request.method === 'GET') return /^(?:\/v\d\w*)?\/models$/.test(path) ? listing(request) : undefined;
    const route = /\/(?:models|tunedModels)\/([^/:]+):(\w+)$/.exec(path);
    if (route === null || request.method !== 'POST') return undefined;
    return askOf(decodeURIComponent(route[1] ?? ''), route[2] ?? '', query, request);
  },
  authorized({ headers, path }) {
    const key = headers['x-goog-api-key'] ?? new URLSearchParams(path.split('?')[1] ?? '').get('key') ?? '';
    return key !== '' && key !== 'wrong';
  },
  reply(reply, ask) {
    if (ask.operation === 'count') return answer({ totalTokens: reply.usage.promptTokens });
    const body = { ...head(ask), candidates: candidatesOf(ask, partsOf(reply), reply), usageMetadata: usageOf(reply) };
    return answer((ask as GeminiAsk).asList === true ? [body] : body);
  },
  stream(reply, ask) {
    return {
      headers: { 'content-type': 'text/event-stream', 'content-disposition': 'attachment', vary: 'Origin, X-Origin, Referer' },
      frames: framesOf(reply, ask),
    };
  },
  embeddings(vectors, ask) {
    const embeddings = vectors.map((values) => ({ values }));
    const usageMetadata = { promptTokenCount: vectors.length, totalTokenCount: vectors.length };
    return answer((ask as GeminiAsk).single === true ? { embedding: embeddings[0] } : { embeddings, usageMetadata });
  },
  models(ids, { page }) {
    const { items, next: nextPageToken } = pageOf(ids, page);
    return answer({ models: items.map(modelOf), nextPageToken });
  },
  batches: geminiBatches,
  failure: failureAnswer,
  errorFrame,
};

const listing = ({ path }: MockRequest): MockAsk => ({
  operation: 'models',
  model: '',
  stream: false,
  includeUsage: false,
  page: pageAsked(path, { after: 'pageToken', size: 'pageSize', usual: 50, most: 1000 }),
});

function askOf(model: string, method: string, query: string, { body }: MockRequest): GeminiAsk | undefined {
  const fields = isRecord(body) ? body : {};
  const ask = { model, stream: false, includeUsage: true };
  switch (method) {
    case 'generateContent':
      return { ...ask, operation: 'chat', n: candidateCount(fields) };
    case 'streamGenerateContent': {
      const sse = new URLSearchParams(query).get('alt') === 'sse';
      return { ...ask, operation: 'chat', n: candidateCount(fields), stream: sse, asList: !sse };
    }
    case 'countTokens':
      return { ...ask, operation: 'count' };
    case 'embedContent':
      return { ...ask, operation: 'embed', single: true, ...embedAsk([fields]) };
    case 'batchEmbedContents':
      return { ...ask, operation: 'embed', ...embedAsk(Array.isArray(fields.requests) ? fields.requests : []) };
    default:
      return undefined;
  }
}

function candidateCount({ generationConfig }: Record<string, unknown>): number {
  const count = isRecord(generationConfig) ? generationConfig.candidateCount : undefined;
  return typeof count === 'number' ? count : 1;
}

function embedAsk(requests: readonly unknown[]): Pick<MockAsk, 'inputs' | 'dimensions'> {
  const [first] = requests;
  const dimensions = isRecord(first) ? first.outputDimensionality : undefined;
  return { inputs: requests.map(textOfRequest), ...(typeof dimensions === 'number' ? { dimensions } : {}) };
}

function textOfRequest(request: unknown): string {
  const content = isRecord(request) && isRecord(request.content) ? request.content : {};
  const parts: readonly unknown[] = Array.isArray(content.parts) ? content.parts : [];
  return parts.map((part) => (isRecord(part) && typeof part.text === 'string' ? part.text : '')).join('');
}

const answer = (body: object): MockAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json; charset=UTF-8', 'server-timing': 'gfet4t7; dur=1' },
  body,
});

const head = (ask: MockAsk): object => ({ modelVersion: ask.model, responseId: 'bW9jay1yZXNwb25zZQ' });

const thoughtPart = (text: string): object => ({ text, thought: true });

const callParts = (reply: MockReply): object[] =>
  reply.toolCalls.map(({ id, name, arguments: args }, index) => ({
    functionCall: { ...(id === undefined ? {} : { id }), name, args },
    ...(index === 0 ? { thoughtSignature: SIGNATURE } : {}),
  }));

const partsOf = (reply: MockReply): object[] => [
  ...(reply.reasoning === '' ? [] : [thoughtPart(reply.reasoning)]),
  ...(reply.text === '' ? [] : [{ text: reply.text }]),
  ...callParts(reply),
];

/** Every candidate says the same; `reply` where it is the last word. */
function candidatesOf(ask: MockAsk, parts: readonly object[], reply?: MockReply): object[] {
  return Array.from({ length: ask.n ?? 1 }, (_, index) => ({
    ...(parts.length === 0 ? {} : { content: { parts, role: 'model' } }),
    ...(reply === undefined ? {} : endingOf(reply)),
    index,
  }));
}

function endingOf({ finishReason }: MockReply): object {
  const rating = { category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true };
  return {
    finishReason: FINISH_REASONS[finishReason],
    ...(finishReason === 'content_filter' ? { safetyRatings: [rating] } : {}),
  };
}

function usageOf({ usage }: MockReply): object {
  const thoughts = usage.reasoningTokens ?? 0;
  return {
    promptTokenCount: usage.promptTokens,
    candidatesTokenCount: Math.max(0, usage.completionTokens - thoughts),
    totalTokenCount: usage.promptTokens + usage.completionTokens,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: usage.promptTokens }],
    ...(usage.cachedTokens === undefined ? {} : { cachedContentTokenCount: usage.cachedTokens }),
    ...(usage.reasoningTokens === undefined ? {} : { thoughtsTokenCount: thoughts }),
  };
}

function framesOf(reply: MockReply, ask: MockAsk): MockFrame[] {
  // counts grow from event to event; only the last ones are the whole
  const early = { promptTokenCount: reply.usage.promptTokens, totalTokenCount: reply.usage.promptTokens };
  const fragment = (parts: readonly object[]): MockFrame => ({
    text: dataFrame({ candidates: candidatesOf(ask, parts), usageMetadata: early, ...head(ask) }),
    content: true,
    terminal: false,
  });
  const last = { candidates: candidatesOf(ask, [{ text: '' }], reply), usageMetadata: usageOf(reply), ...head(ask) };
  return [
    ...(reply.reasoning === '' ? [] : [fragment([thoughtPart(reply.reasoning)])]),
    ...deltasOf(reply).map((text) => fragment([{ text }])),
    ...callParts(reply).map((part) => fragment([part])),
    { text: dataFrame(last), content: false, terminal: true },
  ];
}

function deltasOf({ text, chunks }: MockReply): readonly string[] {
  if (typeof chunks !== 'number') return chunks;
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, chunks)));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size));
}

const modelOf = (id: string): object => ({
  name: `models/${id}`,
  version: '001',
  displayName: id,
  description: 'A model of the mock server',
  inputTokenLimit: 1_048_576,
  outputTokenLimit: 65_536,
  supportedGenerationMethods: ['generateContent', 'countTokens', 'createCachedContent', 'batchGenerateContent'],
  temperature: 1,
  topP: 0.95,
  topK: 64,
  maxTemperature: 2,
  thinking: true,
});
