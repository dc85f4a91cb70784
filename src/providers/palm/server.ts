import type { MockAnswer, MockAsk, MockDialect, MockReply, MockRequest } from '../../contract/mock.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { geminiServer } from '../../dialects/gemini/server.ts';

interface PalmAsk extends MockAsk {
  readonly method: string;
}

const OPERATIONS: ReadonlyMap<string, MockAsk['operation']> = new Map([
  ['generateMessage', 'chat'],
  ['generateText', 'complete'],
  ['embedText', 'embed'],
  ['batchEmbedText', 'embed'],
  ['countMessageTokens', 'count'],
  ['countTextTokens', 'count'],
]);

/** The PaLM API, backwards: whole answers only, the key in the query, Google's envelope. */
export const palmServer: MockDialect = {
  ask,
  authorized: ({ path, headers }) => {
    const key = new URLSearchParams(path.split('?')[1] ?? '').get('key') ?? headers['x-goog-api-key'] ?? '';
    return key !== '' && key !== 'wrong';
  },
  reply(reply, asked) {
    if (asked.operation === 'count') return answer({ tokenCount: reply.usage.promptTokens });
    return answer(asked.operation === 'complete' ? texts(reply, asked) : messages(reply, asked));
  },
  stream: () => ({ headers: {}, frames: [] }),
  embeddings(vectors, asked) {
    const embeddings = vectors.map((value) => ({ value }));
    return answer((asked as PalmAsk).method === 'embedText' ? { embedding: embeddings[0] } : { embeddings });
  },
  models: () => answer({ models: [] }),
  failure(name, asked, options) {
    if (name === 'contentPolicy') return answer({ filters: [{ reason: 'SAFETY' }] });
    return geminiServer.failure(name, asked, options);
  },
  errorFrame: (name) => geminiServer.errorFrame(name),
};

function ask({ method: verb, path, body }: MockRequest): PalmAsk | undefined {
  const [route = ''] = path.split('?');
  const [, name = '', method = ''] = /\/models\/([^/:]+):(\w+)$/.exec(route) ?? [];
  const operation = OPERATIONS.get(method);
  if (operation === undefined || verb !== 'POST') return undefined;
  const fields = isRecord(body) ? body : {};
  const texts: readonly unknown[] = Array.isArray(fields.texts) ? fields.texts : [fields.text];
  return {
    operation,
    method,
    model: decodeURIComponent(name),
    stream: false,
    includeUsage: false,
    n: typeof fields.candidateCount === 'number' ? fields.candidateCount : 1,
    ...(operation === 'embed' ? { inputs: texts.map(String) } : {}),
  };
}

const answer = (body: object): MockAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json; charset=UTF-8' },
  body,
});

const FILTERS = { filters: [{ reason: 'SAFETY', message: 'The answer was blocked.' }] };

const isFiltered = ({ text, finishReason }: MockReply): boolean => text === '' && finishReason === 'content_filter';

const candidates = (asked: MockAsk, candidate: object): object[] => Array.from({ length: asked.n ?? 1 }, () => candidate);

function messages(reply: MockReply, asked: MockAsk): object {
  if (isFiltered(reply)) return FILTERS;
  return { candidates: candidates(asked, { author: '1', content: reply.text }), messages: [{ author: '0', content: 'Hello' }] };
}

function texts(reply: MockReply, asked: MockAsk): object {
  if (isFiltered(reply)) return FILTERS;
  const safetyRatings = [{ category: 'HARM_CATEGORY_TOXICITY', probability: 'NEGLIGIBLE' }];
  return { candidates: candidates(asked, { output: reply.text, safetyRatings }) };
}
