import type {
  MockAnswer,
  MockAsk,
  MockDialect,
  MockFailureName,
  MockFrame,
  MockReply,
  MockRequest,
} from '../../contract/mock.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { pageAsked } from '../../dialects/mock-pages.ts';
import { openaiServer } from '../../dialects/openai/server.ts';

const FAILURES: Readonly<Record<MockFailureName, readonly [status: number, code: number, message: string]>> = {
  rateLimit: [429, 2003, 'Rate limited'],
  overloaded: [429, 3040, 'Capacity temporarily exceeded, please try again.'],
  unavailable: [503, 1000, 'Service unavailable'],
  quota: [429, 4006, 'you have used up your daily free allocation of 10,000 neurons, please upgrade to a paid plan'],
  contextWindow: [
    413,
    5021,
    'AiError: The estimated number of input and maximum output tokens (9001) exceeded this model context window limit (8192).',
  ],
  contentPolicy: [424, 2016, 'Prompt blocked due to security configurations'],
  auth: [401, 10000, 'Authentication error'],
  notFound: [400, 5007, 'No such model @cf/none/none or task'],
  badRequest: [400, 5004, 'Invalid data'],
  internal: [500, 1031, 'Internal server error'],
};

const HEADERS = { 'cf-ray': '9f0mock-HAM' } as const;

/** Workers AI backwards: the OpenAI-compatible routes and the native one. */
export const cloudflareServer: MockDialect = {
  ...openaiServer,
  ask: (request) => askNative(request) ?? openaiServer.ask({ ...request, path: request.path.replace(/^.*\/ai(?=\/v1\/)/, '') }),
  authorized: ({ headers }) =>
    openaiServer.authorized({
      method: '',
      path: '',
      body: '',
      headers: { authorization: headers['cf-aig-authorization'] ?? '', ...headers },
    }),
  reply: (reply, asked) => withRay(isNative(asked) ? envelope(resultOf(reply)) : openaiServer.reply(reply, asked)),
  stream: (reply, asked) => {
    const streamed = openaiServer.stream(reply, asked);
    const headers = { 'content-type': 'text/event-stream', ...HEADERS };
    return { headers, frames: isNative(asked) ? nativeFrames(reply) : streamed.frames };
  },
  embeddings: (vectors, asked) =>
    isNative(asked)
      ? envelope({ shape: [vectors.length, vectors[0]?.length ?? 0], data: vectors, pooling: 'mean' })
      : withRay(openaiServer.embeddings?.(vectors, asked) ?? failure('notFound', asked, {})),
  models: (ids, { page: { after, size } = { after: '', size: 100 } }) => {
    const page = Math.max(1, Number(after));
    return withRay({
      status: 200,
      headers: {},
      body: {
        success: true,
        result: ids.slice((page - 1) * size, page * size).map((name, i) => ({
          id: `0000-${i}`,
          name,
          task: { name: 'Text Generation' },
          created_at: '2026-01-02 03:04:05.678',
        })),
        result_info: { page, per_page: size, total_pages: Math.ceil(ids.length / size), total_count: ids.length },
        errors: [],
        messages: [],
      },
    });
  },
  failure,
  errorFrame: (name) => `data: ${JSON.stringify(failure(name, undefined, {}).body)}\n\n`,
};

/** The native route keeps its model in the path; the mark says so to the answer. */
const NATIVE = 'run:';
const isNative = ({ model }: MockAsk): boolean => model.startsWith(NATIVE);

function askNative({ method, path, body }: MockRequest): MockAsk | undefined {
  if (method === 'GET' && /\/ai\/models\/search(?:\?|$)/.test(path)) {
    const page = pageAsked(path, { after: 'page', size: 'per_page', usual: 100, most: 100 });
    return { operation: 'models', model: '', stream: false, includeUsage: false, page };
  }
  const route = /\/ai\/run\/([^?]+)/.exec(path);
  if (route === null || method !== 'POST') return undefined;
  const fields = isRecord(body) ? body : {};
  const model = NATIVE + (route[1] ?? '');
  if (fields.text !== undefined) {
    const inputs = (Array.isArray(fields.text) ? fields.text : [fields.text]).map(String);
    return { operation: 'embed', model, stream: false, includeUsage: false, inputs };
  }
  return { operation: 'chat', model, stream: fields.stream === true, includeUsage: true };
}

const withRay = (answer: MockAnswer): MockAnswer => ({ ...answer, headers: { ...answer.headers, ...HEADERS } });

const envelope = (result: object): MockAnswer =>
  withRay({ status: 200, headers: {}, body: { result, success: true, errors: [], messages: [] } });

const usageOf = ({ usage }: MockReply): object => ({
  prompt_tokens: usage.promptTokens,
  completion_tokens: usage.completionTokens,
  total_tokens: usage.promptTokens + usage.completionTokens,
});

function resultOf(reply: MockReply): object {
  const calls = reply.toolCalls.map(({ name, arguments: args }) => ({ name, arguments: args }));
  return {
    response: reply.text,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    finish_reason: reply.finishReason,
    usage: usageOf(reply),
  };
}

function nativeFrames(reply: MockReply): MockFrame[] {
  const frame = (body: object | string, content = false, terminal = false): MockFrame => ({
    text: `data: ${typeof body === 'string' ? body : JSON.stringify(body)}\n\n`,
    content,
    terminal,
  });
  const chunks = typeof reply.chunks === 'object' ? reply.chunks : reply.text === '' ? [] : [reply.text];
  const { tool_calls: calls } = resultOf(reply) as { readonly tool_calls?: object[] };
  return [
    ...chunks.map((response) => frame({ response, p: 'abdefghij' }, true)),
    ...(calls === undefined ? [] : [frame({ response: '', tool_calls: calls }, true)]),
    frame({ response: '', usage: usageOf(reply) }),
    frame('[DONE]', false, true),
  ];
}

function failure(
  name: MockFailureName,
  _asked: MockAsk | undefined,
  { retryAfterSeconds: seconds }: { readonly retryAfterSeconds?: number },
): MockAnswer {
  const [status, code, message] = FAILURES[name];
  return {
    status,
    headers: { ...HEADERS, ...(seconds === undefined ? {} : { 'retry-after': String(seconds) }) },
    body: { success: false, result: null, errors: [{ code, message }], messages: [] },
  };
}
