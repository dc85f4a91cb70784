import type { MockAnswer, MockAsk, MockDialect, MockFailureName, MockFrame, MockReply } from '../../contract/mock.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { openaiServer } from '../../dialects/openai/server.ts';
import { mistralBatches } from './server-batches.ts';

const CREATED = 1_767_323_045;
const HEADERS: Readonly<Record<string, string>> = { 'mistral-correlation-id': 'mock-correlation' };

type Said = readonly [status: number, body: Readonly<Record<string, unknown>>];

const flat = (message: string, type: string, code: string | null, status: number): Said => [
  status,
  { object: 'error', message, type, param: null, code, raw_status_code: status },
];

/** Mistral's words, in the several envelopes that were seen of it. */
const FAILURES: Readonly<Record<MockFailureName, Said>> = {
  rateLimit: flat('Rate limit exceeded', 'rate_limited', '1300', 429),
  overloaded: flat('The model is currently overloaded, please try again later', 'unavailable_error', null, 503),
  unavailable: [502, { message: 'The service is temporarily unavailable' }],
  quota: [402, { message: 'Payment required: no active subscription', request_id: 'mock-request' }],
  contextWindow: flat(
    'Prompt contains 40000 tokens, too large for model with 32768 maximum context length',
    'invalid_request_error',
    null,
    400,
  ),
  contentPolicy: [
    403,
    {
      object: 'Error',
      message: 'Request blocked by a guardrail.',
      type: 'invalid_request_error',
      code: 3200,
      guardrails: [{ moderation_llm_v2: { action: 'block', categories: ['violence'] } }],
    },
  ],
  auth: [401, { message: 'Unauthorized', request_id: 'mock-request' }],
  notFound: flat('Invalid model: no-such-model', 'invalid_model', '1500', 400),
  badRequest: flat(
    'Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant',
    'invalid_request_message_order',
    '3230',
    400,
  ),
  internal: flat('Internal server error', 'internal_server_error', null, 500),
};

/** Mistral's platform backwards. */
export const mistralServer: MockDialect = {
  ...openaiServer,
  batches: mistralBatches,
  ask: (request) => {
    const fim = /^\/v1\/fim\/completions(?:\?|$)/.test(request.path);
    const body = isRecord(request.body) ? { ...request.body, dimensions: request.body.output_dimension } : request.body;
    const path = request.path.replace('/v1/fim/completions', '/v1/chat/completions');
    const asked = openaiServer.ask({ ...request, path, body });
    if (asked === undefined || (!fim && asked.operation === 'complete')) return undefined;
    return { ...asked, operation: fim ? 'complete' : asked.operation, includeUsage: true };
  },
  reply: (reply, asked) => answer({ ...head(asked, 'chat.completion'), choices: choicesOf(reply, asked), usage: usageOf(reply) }),
  stream: (reply, asked) => ({
    headers: { ...HEADERS, 'content-type': 'text/event-stream' },
    frames: framesOf(reply, asked),
  }),
  embeddings: (vectors, asked) => {
    const { body } = openaiServer.embeddings?.(vectors, asked) ?? answer({});
    return answer({ id: 'mock0embedding', ...(isRecord(body) ? body : {}) });
  },
  models: (ids) =>
    answer({
      object: 'list',
      data: ids.map((id) => ({
        id,
        object: 'model',
        created: CREATED,
        owned_by: 'mistralai',
        capabilities: { completion_chat: true, function_calling: true, completion_fim: false, fine_tuning: false, vision: true },
        max_context_length: 131_072,
        type: 'base',
      })),
    }),
  failure: (name, _asked, { retryAfterSeconds: seconds }) => {
    const [status, body] = FAILURES[name];
    return { status, headers: { ...HEADERS, ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }) }, body };
  },
  errorFrame: (name) => `data: ${JSON.stringify(FAILURES[name][1])}\n\n`,
};

const answer = (body: object): MockAnswer => ({ status: 200, headers: HEADERS, body });

const head = (asked: MockAsk, object: string): object => ({
  id: 'mock0completion',
  object,
  created: CREATED,
  model: asked.model,
});

const usageOf = ({ usage }: MockReply): object => ({
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  total_tokens: usage.promptTokens + usage.completionTokens,
  ...(usage.cachedTokens === undefined ? {} : { num_cached_tokens: usage.cachedTokens }),
  ...(usage.reasoningTokens === undefined ? {} : { completion_tokens_details: { reasoning_tokens: usage.reasoningTokens } }),
});

const thinking = (text: string): object => ({ type: 'thinking', thinking: [{ type: 'text', text }] });

const toolCalls = (reply: MockReply): object[] =>
  reply.toolCalls.map((call, index) => ({
    id: call.id ?? `mockCall${index}`,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
    index,
  }));

function choicesOf(reply: MockReply, asked: MockAsk): object[] {
  const content =
    reply.reasoning === ''
      ? reply.text
      : [thinking(reply.reasoning), ...(reply.text === '' ? [] : [{ type: 'text', text: reply.text }])];
  const calls = reply.toolCalls.length === 0 ? null : toolCalls(reply);
  const message = { role: 'assistant', tool_calls: calls, content };
  return Array.from({ length: asked.n ?? 1 }, (_, index) => ({ index, message, finish_reason: reply.finishReason }));
}

/** Tool calls come whole, and the last delta ends the answer and tells its tokens. */
function framesOf(reply: MockReply, asked: MockAsk): MockFrame[] {
  const first = head(asked, 'chat.completion.chunk');
  const chunk = (delta: object, content: boolean, finish: string | null = null): MockFrame => {
    const choices = Array.from({ length: asked.n ?? 1 }, (_, index) => ({ index, delta, finish_reason: finish }));
    const usage = finish === null ? {} : { usage: usageOf(reply) };
    return { text: `data: ${JSON.stringify({ ...first, choices, ...usage })}\n\n`, content, terminal: finish !== null };
  };
  const calls = reply.toolCalls.length === 0 ? [] : [chunk({ content: '', tool_calls: toolCalls(reply) }, true)];
  return [
    chunk({ role: 'assistant', content: '' }, false),
    ...(reply.reasoning === '' ? [] : [chunk({ content: [thinking(reply.reasoning)] }, true)]),
    ...deltasOf(reply).map((content) => chunk({ content }, true)),
    ...calls,
    chunk({ content: '' }, false, reply.finishReason),
    { text: 'data: [DONE]\n\n', content: false, terminal: true },
  ];
}

function deltasOf({ text, chunks }: MockReply): readonly string[] {
  if (typeof chunks === 'object') return chunks;
  if (text === '') return [];
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, chunks)));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}
