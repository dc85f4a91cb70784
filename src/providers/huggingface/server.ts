import type { MockAnswer, MockAsk, MockDialect, MockFailureName } from '../../contract/mock.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { localOpenaiServer } from '../../dialects/openai/server.ts';

/** An embeddings request whose answer is a bare list. */
interface PipelineAsk extends MockAsk {
  readonly bare?: true;
}

type Said = readonly [status: number, body: object];

/** Words of the router, of TGI and of TEI where they differ from openai's. */
const FAILURES: Readonly<Partial<Record<MockFailureName, Said>>> = {
  quota: [
    402,
    {
      error:
        'You have depleted your monthly included credits. Purchase pre-paid credits to continue using Inference Providers. Alternatively, subscribe to PRO to get 20x more included usage.',
    },
  ],
  auth: [401, { error: 'Invalid username or password.' }],
  overloaded: [503, { error: 'Model some/model is currently loading' }],
  contextWindow: [
    422,
    {
      error:
        'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 100 `max_new_tokens`',
      error_type: 'validation',
    },
  ],
  notFound: [
    400,
    {
      error: {
        message: "The requested model 'no/such-model' is not supported by any provider you have enabled.",
        type: 'invalid_request_error',
        param: 'model',
        code: 'model_not_supported',
      },
    },
  ],
};

const HEADERS: Readonly<Record<string, string>> = { 'x-request-id': 'mock-hf-request' };

/** An endpoint of Hugging Face backwards: chat and text as TGI has them, vectors and ranks as TEI, pipelines as hf-inference. */
export const huggingfaceServer: MockDialect = {
  ...localOpenaiServer,
  ask: (request) => {
    const path = request.path.replace(/\?.*$/, '');
    const body = isRecord(request.body) ? request.body : {};
    if (request.method === 'POST' && path === '/rerank') return { ...plain, operation: 'rerank', documents: texts(body.texts) };
    if (request.method === 'POST' && /^\/(?:embed)?$|\/pipeline\/feature-extraction$/.test(path) && body.inputs !== undefined) {
      const asked: PipelineAsk = { ...plain, operation: 'embed', inputs: texts(body.inputs), bare: true };
      return asked;
    }
    const asked = localOpenaiServer.ask(request);
    return asked?.operation === 'rerank' ? undefined : asked;
  },
  embeddings: (vectors, asked: PipelineAsk) =>
    asked.bare === true ? answer(vectors) : (localOpenaiServer.embeddings?.(vectors, asked) ?? answer(vectors)),
  rerank: (results) => answer(results),
  failure: (name, asked, options) => {
    const said = FAILURES[name];
    if (said === undefined) return localOpenaiServer.failure(name, asked, options);
    const [status, body] = said;
    const { retryAfterSeconds: seconds } = options;
    const loading = name === 'overloaded' && seconds !== undefined ? { estimated_time: seconds } : {};
    return { status, headers: HEADERS, body: { ...body, ...loading } };
  },
  errorFrame: (name) => {
    const said = FAILURES[name];
    return said === undefined ? localOpenaiServer.errorFrame(name) : `data: ${JSON.stringify(said[1])}\n\n`;
  },
};

const plain = { model: '', stream: false, includeUsage: false } as const;

const texts = (list: unknown): string[] => (Array.isArray(list) ? list.map(String) : [String(list)]);

const answer = (body: unknown): MockAnswer => ({ status: 200, headers: HEADERS, body });
