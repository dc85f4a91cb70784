import type { MockAnswer, MockAsk, MockDialect, MockFrame, MockReply, MockRequest } from '../../contract/mock.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { pageAsked, pageOf } from '../../dialects/mock-pages.ts';
import { toBase64 } from '../../dialects/openai/embeddings.ts';
import { completeBody, completeFrames, v1Body, v1ErrorLine, v1Frames } from './server-v1.ts';
import { FAILURES, idOf, metaOf, tokensOf } from './server-words.ts';

const PAGES = { after: 'page_token', size: 'page_size', usual: 20, most: 1000 };

const V1_ROUTES: ReadonlyMap<string, MockAsk['operation']> = new Map([
  ['POST /v1/generate', 'complete'],
  ['POST /v2/embed', 'embed'],
  ['POST /v2/rerank', 'rerank'],
  ['POST /v1/rerank', 'rerank'],
  ['GET /v1/models', 'models'],
]);

/** Cohere backwards, with the v2 chat. */
export const cohereServer: MockDialect = {
  ask: asking('POST /v2/chat'),
  authorized,
  reply: (reply, asked) => answer(asked.operation === 'complete' ? completeBody(reply, asked) : v2Body(reply)),
  stream: (reply, asked) =>
    asked.operation === 'complete'
      ? { headers: LINES, frames: completeFrames(reply) }
      : { headers: EVENTS, frames: v2Frames(reply) },
  embeddings: (vectors, asked) =>
    answer({
      id: 'emb-mock',
      embeddings: asked.encoding === 'base64' ? { base64: vectors.map(toBase64) } : { float: vectors },
      texts: asked.inputs ?? [],
      meta: { api_version: { version: '2' }, billed_units: { input_tokens: (asked.inputs ?? []).join(' ').split(/\s+/).length } },
      response_type: 'embeddings_by_type',
    }),
  rerank: (results) =>
    answer({
      id: 'rerank-mock',
      results: results.map(({ index, score }) => ({ index, relevance_score: score })),
      meta: { api_version: { version: '2' }, billed_units: { search_units: 1 } },
    }),
  models: (ids, { page }) => {
    const { items, next = '' } = pageOf(ids, page);
    const models = items.map((name) => ({ name, endpoints: ['chat'], finetuned: false, context_length: 128_000 }));
    return answer({ models, next_page_token: next });
  },
  failure: (name, _asked, { retryAfterSeconds: seconds }) => {
    const [status, message] = FAILURES[name];
    return {
      status,
      headers: { ...HEADERS, ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }) },
      body: { id: idOf('error'), message },
    };
  },
  errorFrame: (name) => eventOf('message-end', { delta: { finish_reason: 'ERROR', error: FAILURES[name][1] } }, false, true).text,
};

/** Cohere backwards, with the v1 chat. */
export const cohereChatServer: MockDialect = {
  ...cohereServer,
  ask: asking('POST /v1/chat'),
  reply: (reply, asked) => answer(asked.operation === 'complete' ? completeBody(reply, asked) : v1Body(reply)),
  stream: (reply, asked) => ({
    headers: LINES,
    frames: asked.operation === 'complete' ? completeFrames(reply) : v1Frames(reply),
  }),
  errorFrame: (name) => v1ErrorLine(FAILURES[name][1]),
};

const HEADERS: Readonly<Record<string, string>> = { 'x-debug-trace-id': 'mock-trace' };
const LINES = { ...HEADERS, 'content-type': 'application/stream+json' };
const EVENTS = { ...HEADERS, 'content-type': 'text/event-stream' };

const answer = (body: object): MockAnswer => ({ status: 200, headers: HEADERS, body });

function authorized({ headers }: MockRequest): boolean {
  const key = headers.authorization?.replace(/^Bearer\s+/i, '');
  return key !== undefined && key !== '' && key !== 'wrong';
}

function asking(chat: string): MockDialect['ask'] {
  return ({ method, path, body }) => {
    const route = `${method} ${path.replace(/\?.*$/, '')}`;
    const operation = route === chat ? 'chat' : V1_ROUTES.get(route);
    if (operation === undefined) return undefined;
    const fields = isRecord(body) ? body : {};
    const types = Array.isArray(fields.embedding_types) ? fields.embedding_types : [];
    return {
      operation,
      model: typeof fields.model === 'string' ? fields.model : '',
      stream: fields.stream === true,
      includeUsage: false,
      ...(operation === 'embed'
        ? { inputs: strings(fields.texts), encoding: types.includes('base64') ? 'base64' : 'float' }
        : {}),
      ...(operation === 'models' ? { page: pageAsked(path, PAGES) } : {}),
      ...(operation === 'rerank' ? { documents: strings(fields.documents) } : {}),
      ...(typeof fields.top_n === 'number' ? { topN: fields.top_n } : {}),
      ...(typeof fields.output_dimension === 'number' ? { dimensions: fields.output_dimension } : {}),
      n: typeof fields.num_generations === 'number' ? fields.num_generations : 1,
    };
  };
}

const strings = (list: unknown): string[] => (Array.isArray(list) ? list.map(String) : []);

const REASONS = { stop: 'COMPLETE', length: 'MAX_TOKENS', tool_calls: 'TOOL_CALL', content_filter: 'COMPLETE' } as const;

function v2Body(reply: MockReply): object {
  const thinking = reply.reasoning === '' ? [] : [{ type: 'thinking', thinking: reply.reasoning }];
  const content = [...thinking, ...(reply.text === '' ? [] : [{ type: 'text', text: reply.text }])];
  return {
    id: idOf('chat'),
    finish_reason: REASONS[reply.finishReason],
    message: {
      role: 'assistant',
      ...(content.length === 0 ? {} : { content }),
      ...(reply.toolCalls.length === 0 ? {} : { tool_calls: reply.toolCalls.map((call, i) => callOf(call, i)) }),
    },
    usage: metaOf(reply),
  };
}

const callOf = (call: MockReply['toolCalls'][number], index: number, json = JSON.stringify(call.arguments)): object => ({
  id: call.id ?? `${call.name}_mock${index}`,
  type: 'function',
  function: { name: call.name, arguments: json },
});

const eventOf = (type: string, fields: object, content: boolean, terminal = false): MockFrame & { readonly text: string } => ({
  text: `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`,
  content,
  terminal,
});

function v2Frames(reply: MockReply): MockFrame[] {
  const empty = { role: 'assistant', content: [], tool_plan: '', tool_calls: [], citations: [] };
  const frames: MockFrame[] = [eventOf('message-start', { id: idOf('chat'), delta: { message: empty } }, false)];
  const event = (type: string, message: object | undefined, index: number, content: boolean): void => {
    frames.push(eventOf(type, { index, ...(message === undefined ? {} : { delta: { message } }) }, content));
  };
  const part = (index: number, empty: object, deltas: readonly object[]): void => {
    event('content-start', { content: empty }, index, false);
    for (const delta of deltas) event('content-delta', { content: delta }, index, true);
    event('content-end', undefined, index, false);
  };
  const { reasoning } = reply;
  if (reasoning !== '') part(0, { type: 'thinking', thinking: '' }, [{ thinking: reasoning }]);
  const words = tokensOf(reply);
  const place = reasoning === '' ? 0 : 1;
  if (words.length > 0) {
    part(
      place,
      { type: 'text', text: '' },
      words.map((text) => ({ text })),
    );
  }
  for (const [index, call] of reply.toolCalls.entries()) {
    event('tool-call-start', { tool_calls: callOf(call, index, '') }, index, true);
    event('tool-call-delta', { tool_calls: { function: { arguments: JSON.stringify(call.arguments) } } }, index, true);
    event('tool-call-end', undefined, index, false);
  }
  const delta = { finish_reason: REASONS[reply.finishReason], usage: metaOf(reply) };
  return [
    ...frames,
    eventOf('message-end', { delta }, false, true),
    { text: 'data: [DONE]\n\n', content: false, terminal: true },
  ];
}
