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

/** What each failure is called by the status; the texts that matter are the service's. */
const FAILURES: Readonly<Record<MockFailureName, readonly [status: number, detail: string]>> = {
  rateLimit: [429, 'Too many requests. Please slow down.'],
  overloaded: [503, 'Service unavailable, please try again later.'],
  unavailable: [502, 'Bad gateway.'],
  quota: [402, 'You have reached the limit of your plan, please upgrade.'],
  contextWindow: [400, 'Input text length should not exceed 8192 tokens'],
  contentPolicy: [400, 'The request was blocked by our content filter.'],
  auth: [401, 'Invalid API token.'],
  notFound: [404, 'The requested model does not exist.'],
  badRequest: [400, 'Expecting value: line 1 column 1'],
  internal: [500, 'Internal server error.'],
};

/** NLP Cloud's API backwards. */
export const nlpCloudServer: MockDialect = {
  ask,
  authorized: ({ headers }) => {
    const token = headers.authorization?.replace(/^(?:Token|Bearer)\s+/i, '');
    return token !== undefined && token !== '' && token !== 'wrong';
  },
  reply: (reply, { model, operation }) =>
    answer(
      operation === 'chat' && model.startsWith(CHATBOT)
        ? { response: reply.text, history: [{ input: '', response: reply.text }] }
        : {
            generated_text: reply.text,
            nb_input_tokens: reply.usage.promptTokens,
            nb_generated_tokens: reply.usage.completionTokens,
          },
    ),
  stream: (reply) => ({ headers: { 'content-type': 'text/plain; charset=utf-8' }, frames: frames(reply) }),
  embeddings: (vectors) => answer({ embeddings: vectors }),
  models: () => failure('notFound', undefined, {}),
  failure,
  errorFrame: (name) => JSON.stringify(failure(name, undefined, {}).body),
};

/** Marks the model of a chatbot request, whose answer has no counts. */
const CHATBOT = 'chatbot:';

function ask({ method, path, body }: MockRequest): MockAsk | undefined {
  const route = /^\/v1(?:\/gpu)?(?:\/[a-z]{3}_[A-Z][a-z]{3})?\/(.+)\/(chatbot|generation|embeddings)$/.exec(path);
  if (route === null || method !== 'POST') return undefined;
  const [, model = '', task] = route;
  const fields = isRecord(body) ? body : {};
  const common = { stream: fields.stream === true, includeUsage: false };
  if (task !== 'embeddings') return { operation: 'chat', model: task === 'chatbot' ? CHATBOT + model : model, ...common };
  const inputs = Array.isArray(fields.sentences) ? fields.sentences.map(String) : [];
  return { operation: 'embed', model, ...common, inputs };
}

const answer = (body: object): MockAnswer => ({ status: 200, headers: {}, body });

function frames(reply: MockReply): MockFrame[] {
  const chunks = typeof reply.chunks === 'object' ? reply.chunks : reply.text === '' ? [] : [reply.text];
  return [
    ...chunks.map((text) => ({ text, content: true, terminal: false })),
    { text: '[DONE]', content: false, terminal: true },
  ];
}

function failure(
  name: MockFailureName,
  _asked: MockAsk | undefined,
  { retryAfterSeconds: seconds }: { readonly retryAfterSeconds?: number },
): MockAnswer {
  const [status, detail] = FAILURES[name];
  return { status, headers: seconds === undefined ? {} : { 'retry-after': String(seconds) }, body: { detail } };
}
