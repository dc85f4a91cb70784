import type { MockAnswer, MockAsk, MockDialect, MockFrame, MockReply, MockRequest } from '../../contract/mock.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { pageAsked, pageOf } from '../../dialects/mock-pages.ts';
import { iamFailure, TRACE, watsonxErrorFrame, watsonxFailure } from './server-failures.ts';

const PAGES = { after: 'start', size: 'limit', usual: 100, most: 200 };
const CREATED = 1_749_736_055;
const CREATED_AT = '2025-06-12T13:47:35.541Z';
const HEADERS = { 'content-type': 'application/json', 'x-global-transaction-id': TRACE };

const METHODS: ReadonlyMap<string, Pick<MockAsk, 'operation' | 'stream'>> = new Map([
  ['/text/chat', { operation: 'chat', stream: false }],
  ['/text/chat_stream', { operation: 'chat', stream: true }],
  ['/text/generation', { operation: 'complete', stream: false }],
  ['/text/generation_stream', { operation: 'complete', stream: true }],
  ['/text/embeddings', { operation: 'embed', stream: false }],
  ['/text/rerank', { operation: 'rerank', stream: false }],
]);

const STOP_REASONS: Readonly<Record<MockReply['finishReason'], string>> = {
  stop: 'eos_token',
  length: 'max_tokens',
  tool_calls: 'eos_token',
  content_filter: 'eos_token',
};

/** watsonx.ai, backwards: the version in the query, the model in the body or a deployment in the path. */
export const watsonxServer: MockDialect = {
  ask,
  authorized: (request) => {
    const token = /^(?:Bearer|ZenApiKey) (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    return request.path.includes('/foundation_model_specs') || (token !== '' && !token.startsWith('wrong'));
  },
  reply: (reply, asked) => answer(asked.operation === 'complete' ? generation(reply, asked) : chat(reply, asked)),
  stream: (reply, asked) => ({
    headers: { ...HEADERS, 'content-type': 'text/event-stream' },
    frames: asked.operation === 'complete' ? generationFrames(reply, asked) : chatFrames(reply, asked),
  }),
  embeddings: (vectors, asked) =>
    answer({
      model_id: asked.model,
      created_at: CREATED_AT,
      results: vectors.map((embedding, index) => ({ embedding, input: asked.inputs?.[index] ?? null })),
      input_token_count: (asked.inputs ?? []).join(' ').split(/\s+/).length,
    }),
  rerank: (results, asked) =>
    answer({
      model_id: asked.model,
      created_at: CREATED_AT,
      results: results.map(({ index, score }) => ({
        index,
        score,
        ...(asked.returnDocuments === true ? { input: { text: asked.documents?.[index] } } : {}),
      })),
      input_token_count: (asked.documents ?? []).join(' ').split(/\s+/).length,
    }),
  models(ids, { page }) {
    const { items, next } = pageOf(ids, page);
    const href = 'https://us-south.ml.cloud.ibm.com/ml/v1/foundation_model_specs?version=2024-10-08';
    return answer({
      total_count: ids.length,
      limit: page?.size ?? PAGES.usual,
      first: { href },
      ...(next === undefined ? {} : { next: { href: `${href}&start=${encodeURIComponent(next)}` } }),
      resources: items.map((id) => ({
        model_id: id,
        label: id,
        provider: 'IBM',
        functions: [{ id: 'text_chat' }],
        model_limits: { max_sequence_length: 131_072, max_output_tokens: 16_384 },
      })),
    });
  },
  failure: watsonxFailure,
  errorFrame: watsonxErrorFrame,
};

/** IBM's token service, which exchanges any key but `wrong`. */
export const iamServer: MockDialect = {
  ask: ({ method, path }) =>
    method === 'POST' && /\/(?:identity\/token|apikeys\/token)$/.test(path)
      ? { operation: 'chat', model: path.endsWith('/apikeys/token') ? 'account' : 'identity', stream: false, includeUsage: false }
      : undefined,
  authorized: ({ body }) => {
    const key = isRecord(body) ? body.apikey : undefined;
    return typeof key === 'string' && key !== '' && key !== 'wrong';
  },
  reply: (_reply, { model }) => answer(model === 'account' ? { token: 'mock-account-token' } : GRANTED),
  stream: () => ({ headers: HEADERS, frames: [] }),
  models: () => answer({}),
  failure: (name) => iamFailure(name),
  errorFrame: () => '',
};

const GRANTED = {
  access_token: 'mock-access-token',
  refresh_token: 'not_supported',
  token_type: 'Bearer',
  expires_in: 3600,
  scope: 'ibm openid',
};

function ask({ method, path, body }: MockRequest): MockAsk | undefined {
  const [route = '', query = ''] = path.split('?');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(new URLSearchParams(query).get('version') ?? '')) return undefined;
  if (method === 'GET' && route === '/ml/v1/foundation_model_specs')
    return { operation: 'models', model: '', stream: false, includeUsage: false, page: pageAsked(path, PAGES) };
  const found = /^\/ml\/v1(?:\/deployments\/([^/]+))?(\/text\/\w+)$/.exec(route);
  const known = METHODS.get(found?.[2] ?? '');
  if (known === undefined || method !== 'POST') return undefined;
  const fields = isRecord(body) ? body : {};
  const deployment = found?.[1];
  const scoped = deployment !== undefined || typeof fields.project_id === 'string' || typeof fields.space_id === 'string';
  if (!scoped) return undefined;
  const model = deployment === undefined ? String(fields.model_id ?? '') : `deployment/${decodeURIComponent(deployment)}`;
  return {
    ...known,
    model,
    includeUsage: true,
    n: typeof fields.n === 'number' ? fields.n : 1,
    ...inputsOf(fields, known.operation),
  };
}

function inputsOf(fields: Record<string, unknown>, operation: MockAsk['operation']): Partial<MockAsk> {
  const inputs: readonly unknown[] = Array.isArray(fields.inputs) ? fields.inputs : [];
  if (operation === 'embed') return { inputs: inputs.map(String) };
  if (operation !== 'rerank') return {};
  const parameters = isRecord(fields.parameters) ? fields.parameters : {};
  const options = isRecord(parameters.return_options) ? parameters.return_options : {};
  return {
    documents: inputs.map((input) => (isRecord(input) ? String(input.text) : '')),
    ...(typeof options.top_n === 'number' ? { topN: options.top_n } : {}),
    returnDocuments: options.inputs === true,
  };
}

const answer = (body: object): MockAnswer => ({ status: 200, headers: HEADERS, body });

const head = (object: string, { model }: MockAsk): object => ({
  id: 'chatcmpl-mock',
  object,
  model_id: model,
  model,
  created: CREATED,
  model_version: '4.0.0',
  created_at: CREATED_AT,
});

const usageOf = ({ usage }: MockReply): object => ({
  completion_tokens: usage.completionTokens,
  prompt_tokens: usage.promptTokens,
  total_tokens: usage.promptTokens + usage.completionTokens,
  ...(usage.cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: usage.cachedTokens } }),
  ...(usage.reasoningTokens === undefined ? {} : { completion_tokens_details: { reasoning_tokens: usage.reasoningTokens } }),
});

const callsOf = (reply: MockReply): { id: string; type: string; function: { name: string; arguments: string } }[] =>
  reply.toolCalls.map(({ id, name, arguments: args }, index) => ({
    id: id ?? `chatcmpl-tool-mock${index}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }));

function chat(reply: MockReply, asked: MockAsk): object {
  const message = {
    role: 'assistant',
    ...(reply.text === '' && reply.toolCalls.length > 0 ? {} : { content: reply.text }),
    ...(reply.reasoning === '' ? {} : { reasoning_content: reply.reasoning }),
    ...(reply.toolCalls.length === 0 ? {} : { tool_calls: callsOf(reply) }),
  };
  const choices = Array.from({ length: asked.n ?? 1 }, (_, index) => ({ index, message, finish_reason: reply.finishReason }));
  return { ...head('chat.completion', asked), choices, usage: usageOf(reply) };
}

function generation(reply: MockReply, asked: MockAsk): object {
  const { usage, text, finishReason } = reply;
  const counts = { generated_token_count: usage.completionTokens, input_token_count: usage.promptTokens };
  const results = [{ generated_text: text, ...counts, stop_reason: STOP_REASONS[finishReason] }];
  return { model_id: asked.model, created_at: CREATED_AT, results };
}

function chatFrames(reply: MockReply, asked: MockAsk): MockFrame[] {
  const first = head('chat.completion.chunk', asked);
  let id = 0;
  const frame = (body: object, content: boolean, terminal = false, event = 'message'): MockFrame => ({
    text: `id: ${++id}\nevent: ${event}\ndata: ${JSON.stringify(body)}\n\n`,
    content,
    terminal,
  });
  const each = (delta: object, content: boolean, finish: string | null = null): MockFrame[] =>
    Array.from({ length: asked.n ?? 1 }, (_, index) =>
      frame({ ...first, choices: [{ index, finish_reason: finish, delta }] }, content, finish !== null),
    );
  const calls = callsOf(reply).flatMap(({ function: called, ...call }, index) => [
    ...each({ tool_calls: [{ index, ...call, function: { name: called.name, arguments: '' } }] }, true),
    // some models repeat the call with an empty name
    ...each({ tool_calls: [{ index, ...call, function: { name: '', arguments: called.arguments } }] }, true),
  ]);
  return [
    ...each({ role: 'assistant', content: '' }, false),
    ...(reply.reasoning === '' ? [] : each({ reasoning_content: reply.reasoning }, true)),
    ...deltasOf(reply).flatMap((content) => each({ content }, true)),
    ...calls,
    ...each({ content: '' }, false, reply.finishReason),
    frame({ ...first, choices: [], usage: usageOf(reply) }, false, false, 'close'),
  ];
}

function generationFrames(reply: MockReply, asked: MockAsk): MockFrame[] {
  const { usage, finishReason } = reply;
  const pieces = deltasOf(reply);
  const frame = (result: object, content: boolean, terminal: boolean): MockFrame => ({
    text: `event: message\ndata: ${JSON.stringify({ model_id: asked.model, created_at: CREATED_AT, results: [result] })}\n\n`,
    content,
    terminal,
  });
  const opening = {
    generated_text: '',
    generated_token_count: 0,
    input_token_count: usage.promptTokens,
    stop_reason: 'not_finished',
  };
  const ending = {
    generated_text: '',
    generated_token_count: usage.completionTokens,
    input_token_count: 0,
    stop_reason: STOP_REASONS[finishReason],
  };
  return [
    frame(opening, false, false),
    ...pieces.map((text, index) =>
      frame(
        { generated_text: text, generated_token_count: index + 1, input_token_count: 0, stop_reason: 'not_finished' },
        true,
        false,
      ),
    ),
    frame(ending, false, true),
  ];
}

function deltasOf({ text, chunks }: MockReply): readonly string[] {
  if (typeof chunks === 'object') return chunks;
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, chunks)));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}
