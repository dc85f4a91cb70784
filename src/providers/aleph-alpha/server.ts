import type { MockAnswer, MockAsk, MockDialect, MockFrame, MockReply, MockRequest } from '../../contract/mock.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { openaiServer } from '../../dialects/openai/server.ts';

/** PhariaAI backwards: OpenAI's routes at the root, the native completion and reranking. */
export const alephAlphaServer: MockDialect = {
  ...openaiServer,
  ask,
  reply: (reply, asked) => (asked.operation === 'complete' ? completed(reply) : openaiServer.reply(reply, asked)),
  stream: (reply, asked) =>
    asked.operation === 'complete'
      ? { headers: { 'content-type': 'text/event-stream' }, frames: frames(reply) }
      : openaiServer.stream(reply, asked),
  rerank: (results, asked) => ({
    status: 200,
    headers: {},
    body: {
      results: results.map(({ index, score }) => ({ index, relevance_score: score })),
      usage: { total_tokens: (asked.documents ?? []).join(' ').split(/\s+/).length },
    },
  }),
  models: (ids) => ({ status: 200, headers: {}, body: ids.map((name) => ({ name, status: 'available' })) }),
};

function ask(request: MockRequest): MockAsk | undefined {
  const { method, body, path } = request;
  const fields = isRecord(body) ? body : {};
  const common = { model: String(fields.model ?? ''), includeUsage: true };
  if (method === 'GET' && path === '/models_available') return { operation: 'models', stream: false, ...common };
  if (method === 'POST' && path === '/complete') return { operation: 'complete', stream: fields.stream === true, ...common };
  if (method === 'POST' && path === '/rerank') {
    const documents = Array.isArray(fields.documents) ? fields.documents.map(String) : [];
    const top = typeof fields.top_n === 'number' ? { topN: fields.top_n } : {};
    return { operation: 'rerank', stream: false, ...common, documents, ...top };
  }
  return openaiServer.ask(request);
}

const finishOf = ({ finishReason }: MockReply): string => (finishReason === 'length' ? 'maximum_tokens' : 'end_of_text');

const countsOf = ({ usage }: MockReply): object => ({
  num_tokens_prompt_total: usage.promptTokens,
  num_tokens_generated: usage.completionTokens,
});

const completed = (reply: MockReply): MockAnswer => ({
  status: 200,
  headers: {},
  body: {
    model_version: '2026-01',
    completions: [{ completion: reply.text, finish_reason: finishOf(reply) }],
    ...countsOf(reply),
  },
});

function frames(reply: MockReply): MockFrame[] {
  const frame = (body: object | string, marks: Partial<MockFrame> = {}): MockFrame => ({
    text: `data: ${typeof body === 'string' ? body : JSON.stringify(body)}\n\n`,
    content: false,
    terminal: false,
    ...marks,
  });
  const chunks = typeof reply.chunks === 'object' ? reply.chunks : reply.text === '' ? [] : [reply.text];
  return [
    ...chunks.map((completion) => frame({ type: 'stream_chunk', index: 0, completion, log_probs: null }, { content: true })),
    frame({ type: 'stream_summary', index: 0, model_version: '2026-01', finish_reason: finishOf(reply) }, { terminal: true }),
    frame({ type: 'completion_summary', ...countsOf(reply), optimized_prompt: null }),
    frame('[DONE]', { terminal: true }),
  ];
}
