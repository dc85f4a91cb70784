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
import { eventFrame } from '../../wire/framing/aws-event-frames.ts';

const HEADERS = { 'x-amzn-requestid': '7c2e1d40-0000-4000-8000-00000000mock', 'x-amzn-invoked-production-variant': 'AllTraffic' };
/** Stands for the model of containers that continue a text: their answers name none. */
const TEXT_GENERATION = 'text-generation';

const encoder = new TextEncoder();

/** SageMaker's runtime, backwards: endpoints whose containers speak OpenAI's format, given as `inner`, or Hugging Face's. */
export const sagemakerServer = (inner: MockDialect): MockDialect => ({
  ask: (request) => ask(request, inner),
  authorized({ headers: { authorization = '' } }) {
    const key = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/[\w-]+\/sagemaker\//.exec(authorization)?.[1];
    return key !== undefined && key !== 'wrong';
  },
  reply: (reply, asked) => through(isGeneration(asked) ? whole([generated(reply)]) : inner.reply(reply, asked)),
  stream: (reply, asked) => ({
    headers: {
      ...HEADERS,
      'content-type': 'application/vnd.amazon.eventstream',
      'x-amzn-sagemaker-content-type': 'text/event-stream',
    },
    frames: (isGeneration(asked) ? generationFrames(reply) : inner.stream(reply, asked).frames).map(inParts),
  }),
  embeddings: (vectors, asked) =>
    through(asked.model === TEXT_GENERATION ? whole(vectors) : (inner.embeddings?.(vectors, asked) ?? whole([]))),
  models: () => failureAnswer('notFound'),
  failure: (name, asked, { retryAfterSeconds }) => {
    const { headers, ...answer } = failureAnswer(name, asked);
    const wait = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
    return { ...answer, headers: { ...headers, ...wait } };
  },
  // the container's own words: the service knows two exceptions only
  errorFrame: (name, asked) => parts(encoder.encode(String(inner.errorFrame(name, asked)))),
});

function ask(request: MockRequest, inner: MockDialect): MockAsk | undefined {
  const [, endpoint, route] = /^\/endpoints\/([\w-]+)\/invocations(-response-stream)?$/.exec(request.path) ?? [];
  const { body } = request;
  if (endpoint === undefined || request.method !== 'POST' || !isRecord(body)) return undefined;
  const stream = route !== undefined;
  const texts = body.text_inputs ?? body.inputs;
  if (Array.isArray(texts)) {
    return { operation: 'embed', model: TEXT_GENERATION, stream: false, includeUsage: false, inputs: texts.map(String) };
  }
  if (typeof texts === 'string') return { operation: 'complete', model: TEXT_GENERATION, stream, includeUsage: true };
  const path = 'messages' in body ? '/v1/chat/completions' : 'prompt' in body ? '/v1/completions' : '/v1/embeddings';
  return inner.ask({ ...request, path, body: { ...body, model: body.model ?? endpoint, stream } });
}

const isGeneration = ({ operation, model }: MockAsk): boolean => operation === 'complete' && model === TEXT_GENERATION;

const whole = (body: unknown): MockAnswer => ({ status: 200, headers: {}, body });

/** A container's headers stay behind, but for the type of its body. */
const through = ({ status, body }: MockAnswer): MockAnswer => ({
  status,
  headers: { ...HEADERS, 'content-type': 'application/json' },
  body,
});

const FINISH: Readonly<Record<MockReply['finishReason'], string>> = {
  stop: 'eos_token',
  length: 'length',
  tool_calls: 'eos_token',
  content_filter: 'eos_token',
};

const detailsOf = ({ usage, finishReason }: MockReply): object => ({
  finish_reason: FINISH[finishReason],
  generated_tokens: usage.completionTokens,
  seed: null,
  prefill: Array.from({ length: usage.promptTokens }, (_, id) => ({ id, text: 'x', logprob: null })),
});

const generated = (reply: MockReply): object => ({ generated_text: reply.text, details: detailsOf(reply) });

function generationFrames(reply: MockReply): MockFrame[] {
  const { text, chunks } = reply;
  const deltas = typeof chunks === 'object' ? chunks : text === '' ? [] : [text];
  const frame = (token: object, last: boolean): MockFrame => ({
    text: `data:${JSON.stringify({ token, generated_text: last ? text : null, details: last ? detailsOf(reply) : null })}\n\n`,
    content: !last,
    terminal: last,
  });
  return [
    ...deltas.map((delta, id) => frame({ id, text: delta, logprob: -0.2, special: false }, false)),
    frame({ id: 2, text: '</s>', logprob: -0.1, special: true }, true),
  ];
}

const inParts = (frame: MockFrame): MockFrame => ({ ...frame, bytes: parts(frame.bytes ?? encoder.encode(frame.text)) });

/** Payload parts are cut anywhere: here in the middle of whatever is sent. */
function parts(payload: Uint8Array): Uint8Array {
  const middle = payload.byteLength >> 1;
  const frames = [payload.subarray(0, middle), payload.subarray(middle)].map((part) => eventFrame('PayloadPart', part));
  const joined = new Uint8Array(frames.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const frame of frames) {
    joined.set(frame, at);
    at += frame.byteLength;
  }
  return joined;
}

interface Said {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

const SERVICE: Readonly<Partial<Record<MockFailureName, Said>>> = {
  rateLimit: { status: 429, type: 'ThrottlingException', message: 'Rate exceeded' },
  overloaded: {
    status: 503,
    type: 'ServiceUnavailable',
    message: 'The request has failed due to a temporary failure of the server.',
  },
  unavailable: { status: 503, type: 'ServiceUnavailable', message: 'Service is currently unavailable.' },
  auth: {
    status: 403,
    type: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  },
  notFound: { status: 400, type: 'ValidationError', message: 'Endpoint no-such-endpoint of account 123456789012 not found.' },
  internal: { status: 500, type: 'InternalFailure', message: 'The service failed inside.' },
};

/** What the container said, by status and body. */
const CONTAINER: Readonly<Partial<Record<MockFailureName, readonly [status: number, body: object]>>> = {
  contextWindow: [
    422,
    {
      error:
        'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 20 `max_new_tokens`',
      error_type: 'validation',
    },
  ],
  contentPolicy: [400, { error: { message: 'The answer was withheld.', type: 'invalid_request_error', code: 'content_filter' } }],
  quota: [402, { error: { message: 'The licence of this model has no credits left.', code: 'insufficient_credits' } }],
  badRequest: [400, { error: 'Input validation error: `temperature` must be strictly positive', error_type: 'validation' }],
};

function failureAnswer(name: MockFailureName, _asked?: MockAsk): MockAnswer {
  const own = SERVICE[name];
  if (own !== undefined) {
    return { status: own.status, headers: { ...HEADERS, 'x-amzn-errortype': own.type }, body: { Message: own.message } };
  }
  const [status, body] = CONTAINER[name] ?? [500, {}];
  const said = JSON.stringify(body);
  return {
    status: 424,
    headers: { ...HEADERS, 'x-amzn-errortype': 'ModelError' },
    body: {
      LogStreamArn: 'arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/mock',
      Message: `Received client error (${status}) from primary with message "${said}". See the logs for more information.`,
      OriginalMessage: said,
      OriginalStatusCode: status,
    },
  };
}
