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

/** Problem details over HTTP; what only a running model can find ends the prediction. Texts of the service, as users report them. */
const HTTP: { readonly [N in MockFailureName]?: readonly [status: number, title: string, detail: string] } = {
  rateLimit: [
    429,
    '',
    'Request was throttled. Your rate limit for creating predictions is reduced to 6 requests per minute with a burst of 1 requests while you have less than $5.0 in credit.',
  ],
  unavailable: [502, '', 'Bad gateway'],
  overloaded: [503, '', 'Service is temporarily unavailable'],
  quota: [402, 'Insufficient credit', 'You have insufficient credit to run this model.'],
  auth: [401, 'Unauthenticated', 'You did not pass a valid authentication token'],
  notFound: [404, '', 'The requested resource could not be found.'],
  badRequest: [400, '', 'The request body is not valid JSON'],
  internal: [500, '', 'Internal server error'],
};
const ENDS: { readonly [N in MockFailureName]?: string } = {
  contentPolicy: 'The input or output was flagged as sensitive. Please try again with different inputs. (E005)',
  contextWindow: 'Prediction failed: the input is longer than the maximum context length of the model',
};

/** Replicate's API backwards: predictions that are waited for, followed or asked about. */
export const replicateServer: MockDialect = {
  ask,
  authorized: ({ headers }) => {
    const token = headers.authorization?.replace(/^(?:Bearer|Token)\s+/i, '');
    return token !== undefined && token !== '' && token !== 'wrong';
  },
  reply: (reply, asked) => prediction(201, 'mock', asked, { status: 'succeeded', ...resultOf(reply) }),
  stream: (reply) => ({
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
    frames: [
      ...deltas(reply).map((text, i) => frame('output', text, i, { content: true })),
      frame('done', '{}', 999, { terminal: true }),
    ],
  }),
  models: () => failure('notFound', undefined, {}),
  failure,
  errorFrame: (name) => {
    const { status, body } = failure(name, undefined, {});
    const said = body as { readonly detail?: string; readonly error?: string };
    const data = { detail: said.detail ?? said.error, ...(status === 200 ? {} : { status }) };
    return frame('error', JSON.stringify(data), 998, {}).text;
  },
  jobs: {
    opens: ({ headers }) => headers.prefer === undefined,
    opened: (id, asked, baseURL) => prediction(201, id, asked, { status: 'starting', ...urls(id, baseURL) }),
    about,
    state: (id, asked, state) => {
      if (state === 'running') return prediction(200, id, asked, { status: 'processing' });
      if (state === 'canceled') return prediction(200, id, asked, { status: 'canceled', completed_at: CREATED_AT });
      return prediction(200, id, asked, { status: 'succeeded', ...resultOf(state) });
    },
  },
};

function ask({ method, path, body, headers }: MockRequest): MockAsk | undefined {
  const route = /^\/v1\/(?:(models|deployments)\/(.+)\/)?predictions(?:\?.*)?$/.exec(path);
  if (route === null || method !== 'POST') return undefined;
  const [, kind, name] = route;
  const version = isRecord(body) && typeof body.version === 'string' ? body.version : '';
  const model = name === undefined ? version : `${kind === 'deployments' ? 'deployments/' : ''}${name}`;
  return { operation: 'chat', model, stream: headers.prefer === undefined, includeUsage: false };
}

function about({ method, path }: MockRequest): ReturnType<NonNullable<MockDialect['jobs']>['about']> {
  const route = /^\/v1\/(predictions|streams)\/([^/?]+)(\/cancel)?$/.exec(path);
  if (route === null) return undefined;
  const [, kind, id = '', cancel] = route;
  if (kind === 'streams') return { id, wants: 'stream' };
  if (cancel !== undefined) return method === 'POST' ? { id, wants: 'cancel' } : undefined;
  return method === 'GET' ? { id, wants: 'state' } : undefined;
}

const prediction = (status: number, id: string, asked: MockAsk, fields: object): MockAnswer => ({
  status,
  headers: {},
  body: {
    id,
    model: asked.model,
    version: 'hidden',
    input: {},
    logs: '',
    error: null,
    output: null,
    created_at: CREATED_AT,
    ...fields,
  },
});

const urls = (id: string, baseURL: string): object => ({
  urls: {
    get: `${baseURL}/predictions/${id}`,
    cancel: `${baseURL}/predictions/${id}/cancel`,
    stream: `${baseURL}/streams/${id}`,
  },
});

const resultOf = (reply: MockReply): object => ({
  output: deltas(reply),
  metrics: {
    predict_time: 0.4,
    total_time: 0.5,
    input_token_count: reply.usage.promptTokens,
    output_token_count: reply.usage.completionTokens,
  },
  completed_at: CREATED_AT,
});

function failure(
  name: MockFailureName,
  asked: MockAsk | undefined,
  { retryAfterSeconds: seconds }: { readonly retryAfterSeconds?: number },
): MockAnswer {
  const http = HTTP[name];
  if (http === undefined) {
    const ended = prediction(200, 'mock', asked ?? { operation: 'chat', model: 'mock', stream: false, includeUsage: false }, {});
    return { ...ended, body: { ...(ended.body as object), status: 'failed', error: ENDS[name] } };
  }
  const [status, title, detail] = http;
  const wait = seconds === undefined ? {} : { retry_after: seconds };
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    body: { ...(title === '' ? {} : { title }), detail, status, ...wait },
  };
}

function frame(event: string, data: string, number: number, marks: Partial<Pick<MockFrame, 'content' | 'terminal'>>): MockFrame {
  const lines = data.split('\n').map((line) => `data: ${line}\n`);
  const text = `event: ${event}\nid: 1767323045:${number}\n${lines.join('')}\n`;
  return { text, content: false, terminal: false, ...marks };
}

function deltas({ text, chunks }: MockReply): readonly string[] {
  if (typeof chunks === 'object') return chunks;
  if (text === '') return [];
  const size = Math.max(1, Math.ceil(text.length / Math.max(1, chunks)));
  return Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size));
}
