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

const CREATED_AT = '2026-01-02T03:04:05.678901Z';

const ROUTES: ReadonlyMap<string, MockAsk['operation']> = new Map([
  ['POST /api/chat', 'chat'],
  ['POST /api/generate', 'complete'],
  ['POST /api/embed', 'embed'],
  ['GET /api/tags', 'models'],
]);

/** Texts of the server's own source (github.com/ollama/ollama); those of its cloud are not published. */
const FAILURES: Readonly<Record<MockFailureName, readonly [status: number, error: string]>> = {
  rateLimit: [429, 'too many requests, please try again later'],
  overloaded: [503, 'server busy, please try again.  maximum pending requests exceeded'],
  unavailable: [502, 'upstream unavailable'],
  quota: [402, 'your account has no credits left, upgrade at https://ollama.com/upgrade'],
  contextWindow: [
    400,
    'the prompt is longer than the context length currently available to the model; shorten the prompt, adjust the context length in settings, or use a model with a longer context length',
  ],
  contentPolicy: [400, 'the request was blocked by the content filter of the remote model (content_policy_violation)'],
  auth: [401, 'unauthorized'],
  notFound: [404, "model 'no-such-model' not found"],
  badRequest: [400, "invalid character '}' looking for beginning of value"],
  internal: [500, 'model runner has unexpectedly stopped, this may be due to resource limitations or an internal error'],
};

/** Ollama's native API backwards. No key is needed; a wrong one is refused. */
export const ollamaServer: MockDialect = {
  ask,
  authorized: ({ headers }) => headers.authorization?.replace(/^Bearer\s+/i, '') !== 'wrong',
  reply: (reply, asked) => answer({ ...head(asked), ...content(reply, asked), ...metrics(reply) }),
  stream: (reply, asked) => ({
    headers: { 'content-type': 'application/x-ndjson' },
    frames: frames(reply, asked),
  }),
  embeddings: (vectors, asked) =>
    answer({
      model: asked.model,
      embeddings: vectors,
      total_duration: 2_000_000,
      load_duration: 1_000_000,
      prompt_eval_count: 8,
    }),
  models: (ids) =>
    answer({
      models: ids.map((id) => ({
        name: `${id}:latest`,
        model: `${id}:latest`,
        modified_at: CREATED_AT,
        size: 4_000_000_000,
        digest: 'a'.repeat(64),
        details: { format: 'gguf', family: 'llama', families: ['llama'], parameter_size: '8B', quantization_level: 'Q4_K_M' },
      })),
    }),
  failure,
  errorFrame: (name) => `${JSON.stringify({ error: FAILURES[name][1] })}\n`,
};

function ask({ method, path, body }: MockRequest): MockAsk | undefined {
  const operation = ROUTES.get(`${method} ${path.replace(/\?.*$/, '')}`);
  if (operation === undefined) return undefined;
  const fields = isRecord(body) ? body : {};
  const inputs = Array.isArray(fields.input) ? fields.input : [fields.input ?? ''];
  return {
    operation,
    model: typeof fields.model === 'string' ? fields.model : '',
    stream: (operation === 'chat' || operation === 'complete') && fields.stream !== false,
    includeUsage: false,
    ...(operation === 'embed' ? { inputs: inputs.map(String) } : {}),
    ...(typeof fields.dimensions === 'number' ? { dimensions: fields.dimensions } : {}),
  };
}

function failure(
  name: MockFailureName,
  asked: MockAsk | undefined,
  options: { readonly retryAfterSeconds?: number },
): MockAnswer {
  if (name === 'notFound' && asked === undefined) {
    return { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found' };
  }
  const [status, error] = FAILURES[name];
  const { retryAfterSeconds: seconds } = options;
  return {
    status,
    headers: seconds === undefined ? {} : { 'retry-after': String(seconds) },
    body: { error, ...(name === 'auth' ? { signin_url: 'https://ollama.com/connect' } : {}) },
  };
}

const answer = (body: object): MockAnswer => ({
  status: 200,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body,
});

const head = (asked: MockAsk): object => ({ model: asked.model, created_at: CREATED_AT });

function content(reply: MockReply, asked: MockAsk): object {
  const thinking = reply.reasoning === '' ? {} : { thinking: reply.reasoning };
  if (asked.operation === 'complete') return { response: reply.text, ...thinking };
  const calls = reply.toolCalls.length === 0 ? {} : { tool_calls: toolCalls(reply) };
  return { message: { role: 'assistant', content: reply.text, ...thinking, ...calls } };
}

const toolCalls = (reply: MockReply): object[] =>
  reply.toolCalls.map((call, index) => ({
    ...(call.id === undefined ? {} : { id: call.id }),
    function: { index, name: call.name, arguments: call.arguments },
  }));

const metrics = ({ usage, finishReason }: MockReply): object => ({
  done: true,
  done_reason: finishReason === 'length' ? 'length' : 'stop',
  total_duration: 400_000_000,
  load_duration: 1_000_000,
  prompt_eval_count: usage.promptTokens,
  prompt_eval_duration: 90_000_000,
  eval_count: usage.completionTokens,
  eval_duration: 200_000_000,
});

function frames(reply: MockReply, asked: MockAsk): MockFrame[] {
  const line = (body: object, isContent: boolean, terminal = false): MockFrame => ({
    text: `${JSON.stringify({ ...head(asked), ...body })}\n`,
    content: isContent,
    terminal,
  });
  const chat = asked.operation === 'chat';
  const piece = (fields: object): object =>
    chat ? { message: { role: 'assistant', content: '', ...fields } } : { response: '', ...fields };
  const delta = (fields: object): MockFrame => line({ ...piece(fields), done: false }, true);
  return [
    ...(reply.reasoning === '' ? [] : [delta({ thinking: reply.reasoning })]),
    ...deltas(reply).map((text) => delta(chat ? { content: text } : { response: text })),
    ...(chat && reply.toolCalls.length > 0 ? [delta({ tool_calls: toolCalls(reply) })] : []),
    line({ ...piece({}), ...metrics(reply) }, false, true),
  ];
}

function deltas({ text, chunks }: MockReply): readonly string[] {
  if (typeof chunks === 'object') return chunks;
  if (text === '') return [];
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, chunks)));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}
