import type { Entry } from './corpus-entries.ts';
import { CORPUS, classOf } from './corpus-entries.ts';

/**
 * LiteLLM's table of providers and exceptions (docs/exception_mapping.md), and for each of its cells an answer that
 * raises our class for it: an entry of the corpus, or a row of the provider's documentation. Columns that a provider
 * has no failure for are named as such.
 */
export const COLUMNS = {
  T: { litellm: 'Timeout', ours: 'TimeoutError' },
  C: { litellm: 'ContextWindowExceededError', ours: 'ContextWindowExceededError' },
  B: { litellm: 'BadRequestError', ours: 'BadRequestError' },
  NF: { litellm: 'NotFoundError', ours: 'NotFoundError' },
  CP: { litellm: 'ContentPolicyViolationError', ours: 'ContentPolicyViolationError' },
  A: { litellm: 'AuthenticationError', ours: 'AuthenticationError' },
  AE: { litellm: 'APIError', ours: 'InternalServerError' },
  RL: { litellm: 'RateLimitError', ours: 'RateLimitError' },
  SU: { litellm: 'ServiceUnavailableError', ours: 'ServiceUnavailableError' },
  PD: { litellm: 'PermissionDeniedError', ours: 'PermissionDeniedError' },
  U: { litellm: 'UnprocessableEntityError', ours: 'UnprocessableEntityError' },
} as const;

export type Column = keyof typeof COLUMNS;

/** An answer of the provider. */
export interface Said {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Row {
  /** The provider's id here. */
  readonly id: string;
  /** Its name in LiteLLM's table. */
  readonly litellm: string;
  /** The columns that LiteLLM marks. */
  readonly marked: readonly Column[];
  /** The columns for which the provider has no failure. */
  readonly never: readonly Column[];
  readonly said: Readonly<Partial<Record<Column, Said>>>;
}

const said = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Said => ({ status, body, headers });
const columns = (names: string): Column[] => names.split(' ').filter((name): name is Column => Object.hasOwn(COLUMNS, name));

function row(id: string, marked: string, never: string, cells: Row['said'], litellm: string = id): Row {
  return { id, litellm, marked: columns(marked), never: columns(never), said: cells };
}

const error = (message: string, code: string | null = null, type: string | null = 'invalid_request_error'): object => ({
  error: { message, type, param: null, code },
});
const google = (code: number, status: string, message: string): object => ({ error: { code, message, status } });
const aws = (type: string): Readonly<Record<string, string>> => ({ 'x-amzn-errortype': type });

/** OpenAI's error codes, which every server of its protocol may send (platform.openai.com/docs/guides/error-codes). */
const OPENAI_WORDS: Row['said'] = {
  T: said(504, error('The request timed out.', null, 'timeout')),
  C: said(400, error("This model's maximum context length is 8192 tokens.", 'context_length_exceeded')),
  B: said(400, error("Unsupported value: 'temperature' does not support 7 with this model.", 'unsupported_value')),
  NF: said(404, error('The model `m` does not exist or you do not have access to it.', 'model_not_found')),
  CP: said(400, error('Your request was rejected as a result of our safety system.', 'content_policy_violation')),
  A: said(401, error('Incorrect API key provided.', 'invalid_api_key')),
  AE: said(500, error('The server had an error while processing your request.', null, 'server_error')),
  RL: said(429, error('Rate limit reached for requests per min.', 'rate_limit_exceeded', 'requests')),
  SU: said(503, error('The engine is currently overloaded, please try again later.', 'server_is_overloaded')),
  PD: said(403, error('Country, region, or territory not supported', 'unsupported_country_region_territory')),
  U: said(422, error('The format is correct, but the request cannot be processed.')),
};

const COHERE: Row['said'] = {
  AE: said(500, { message: 'internal server error' }),
  T: said(504, { message: 'upstream request timeout' }),
  SU: said(503, { message: 'service unavailable' }),
  PD: said(403, { message: 'you do not have access to this model' }),
  U: said(422, { message: "invalid request: 'messages' must not be empty" }),
};

const OLLAMA: Row['said'] = {
  T: said(504, { error: 'upstream timed out' }),
  PD: said(403, { error: 'cloud models are disabled on this server' }),
};

const OPENAI_MARKS = 'T C B CP A';

export const TABLE: readonly Row[] = [
  row('openai', OPENAI_MARKS, '', OPENAI_WORDS),
  row('watsonx', 'RL', 'CP', {
    T: said(504, { errors: [{ code: 'gateway_timeout', message: 'upstream request timeout' }], trace: 't', status_code: 504 }),
    C: said(400, {
      errors: [
        {
          code: 'invalid_input_argument',
          message: 'the number of input tokens 9000 cannot exceed the total tokens limit 4096 for this model',
        },
      ],
      trace: 't',
      status_code: 400,
    }),
    RL: said(429, { errors: [{ code: 'consumption_limit_reached', message: 'Consumption limit reached' }], status_code: 429 }),
    SU: said(503, { errors: [{ code: 'service_unavailable', message: 'Service is unavailable' }], status_code: 503 }),
  }),
  row('text-completion-openai', OPENAI_MARKS, '', OPENAI_WORDS),
  row('custom_openai', OPENAI_MARKS, '', OPENAI_WORDS),
  row('openai_compatible', OPENAI_MARKS, '', OPENAI_WORDS, 'openai_compatible_providers'),
  row('anthropic', 'T C B NF A SU PD', '', {
    T: said(504, { type: 'error', error: { type: 'timeout_error', message: 'The request timed out.' } }),
    SU: said(529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }),
    PD: said(403, { type: 'error', error: { type: 'permission_error', message: 'Your API key may not use this resource.' } }),
    U: said(422, { type: 'error', error: { type: 'invalid_request_error', message: 'The request cannot be processed.' } }),
  }),
  row('replicate', 'T C B NF A RL SU', '', {
    T: said(504, { detail: 'upstream timed out', status: 504 }),
    C: said(200, { id: 'p', status: 'failed', error: "This model's maximum context length is 4096 tokens" }),
    B: said(400, { title: 'Bad Request', detail: 'Malformed JSON', status: 400 }),
    CP: said(200, {
      id: 'p',
      status: 'failed',
      error: 'The input or output was flagged as sensitive. Please try again with different inputs. (E005)',
    }),
    A: said(401, { title: 'Unauthenticated', detail: 'You did not pass a valid authentication token', status: 401 }),
    RL: said(429, { detail: 'Request was throttled. Your rate limit resets in ~5s.', status: 429, retry_after: 5 }),
    SU: said(503, { detail: 'Service Unavailable', status: 503 }),
    PD: said(403, { detail: 'You do not have permission to perform this action.', status: 403 }),
    U: said(422, {
      title: 'Input validation failed',
      detail: '- input: prompt is required\n',
      status: 422,
      invalid_fields: [{ type: 'required', field: 'input', description: 'prompt is required' }],
    }),
  }),
  row('bedrock', 'T C B NF A RL SU PD', 'U', {
    T: said(408, { message: 'The model took too long to respond.' }, aws('ModelTimeoutException')),
    AE: said(500, { message: 'The system encountered an unexpected error.' }, aws('InternalServerException')),
    C: said(400, { message: 'Input is too long for requested model.' }, aws('ValidationException')),
    CP: said(400, { message: 'Output blocked by content filtering policy' }, aws('ValidationException')),
  }),
  row('sagemaker', 'C B', 'CP', {
    T: said(
      424,
      { ErrorCode: 'ModelInvocationTimeExceeded', Message: 'Invocation timed out while waiting for a response from container' },
      aws('ModelError'),
    ),
    C: said(424, ...container(422, '`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens')),
    B: said(400, { Message: 'Inference Component Name header is required' }, aws('ValidationError')),
    A: said(403, { message: 'The security token included in the request is invalid.' }, aws('UnrecognizedClientException')),
    PD: said(403, { message: 'User is not authorized to perform: sagemaker:InvokeEndpoint' }, aws('AccessDeniedException')),
    U: said(424, ...container(422, '`temperature` must be strictly positive')),
  }),
  row('vertex_ai', 'T B AE U', '', {
    T: said(504, google(504, 'DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.')),
    C: said(
      400,
      google(400, 'INVALID_ARGUMENT', 'The input token count (1632254) exceeds the maximum number of tokens allowed (1048576).'),
    ),
    B: said(400, google(400, 'INVALID_ARGUMENT', 'Publisher model is infeasible for this method.')),
    CP: said(200, { promptFeedback: { blockReason: 'SAFETY' } }),
    A: said(401, google(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.')),
    SU: said(503, google(503, 'UNAVAILABLE', 'The service is currently unavailable.')),
    U: said(422, { detail: [{ loc: ['body', 'messages'], msg: 'Field required', type: 'missing' }] }),
  }),
  row('palm', 'T C AE', 'U', {
    T: said(504, google(504, 'DEADLINE_EXCEEDED', 'Deadline exceeded')),
    C: said(
      400,
      google(400, 'INVALID_ARGUMENT', 'The input token count (9000) exceeds the maximum number of tokens allowed (8192).'),
    ),
    NF: said(404, google(404, 'NOT_FOUND', 'models/text-bison-001 is not found for API version v1beta2')),
    CP: said(200, { filters: [{ reason: 'SAFETY' }] }),
    AE: said(500, google(500, 'INTERNAL', 'An internal error has occurred.')),
    RL: said(429, google(429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).')),
    SU: said(503, google(503, 'UNAVAILABLE', 'The service is currently unavailable.')),
    PD: said(403, google(403, 'PERMISSION_DENIED', 'The caller does not have permission')),
  }),
  row('gemini', 'T C AE', 'U', {
    CP: said(200, { promptFeedback: { blockReason: 'SAFETY' } }),
    A: said(400, {
      error: {
        code: 400,
        message: 'API key not valid. Please pass a valid API key.',
        status: 'INVALID_ARGUMENT',
        details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }],
      },
    }),
    SU: said(503, google(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.')),
  }),
  row('cloudflare', 'B A', 'U', {
    C: said(413, cloudflare(5021, 'AiError: This request exceeded this model context window limit (8192)')),
    CP: said(424, {
      success: false,
      result: [],
      messages: [],
      error: [{ code: 2016, message: 'Prompt blocked due to security configurations' }],
    }),
    A: said(401, cloudflare(10000, 'Authentication error')),
    AE: said(500, cloudflare(1000, 'Internal error')),
    PD: said(403, cloudflare(5018, 'This account is not allowed to access this model')),
  }),
  row('cohere', 'C B A SU', '', COHERE),
  row('cohere_chat', 'C B A SU', '', COHERE),
  row('huggingface', 'T C B A RL SU', 'CP', {
    PD: said(403, { error: 'This authentication method does not have sufficient permissions to call Inference Providers' }),
  }),
  row('ai21', 'T C B NF A RL', 'CP', {
    T: said(408, { detail: 'Request timed out' }),
    B: said(400, { detail: 'messages: the first message must be of the user' }),
    NF: said(404, { detail: 'Model not found' }),
    AE: said(500, { detail: 'Internal server error' }),
    RL: said(429, { detail: 'Too many requests' }),
    SU: said(503, { detail: 'Service unavailable' }),
    PD: said(403, { detail: 'Access to this model is not enabled' }),
    U: said(422, { detail: [{ loc: ['body', 'messages'], msg: 'field required', type: 'value_error.missing' }] }),
  }),
  row('nlp_cloud', 'T C B A AE RL SU', 'CP', {
    T: said(524, '<html><title>524: A timeout occurred</title></html>'),
    B: said(400, { detail: 'Malformed request' }),
    NF: said(404, { detail: 'Model not found' }),
    A: said(401, { detail: 'Invalid token.' }),
    AE: said(500, { detail: 'Internal Server Error' }),
    RL: said(429, { detail: 'Too many requests' }),
    SU: said(503, { detail: 'Service Unavailable' }),
    PD: said(403, { detail: 'Your plan does not include this model' }),
  }),
  row('together_ai', 'T C B A', '', OPENAI_WORDS),
  row('aleph_alpha', 'B A', 'CP', {
    T: said(408, { error: 'The request took too long', code: 'TIMEOUT' }),
    C: said(400, { error: "This is longer than the model's maximum context length of 2048 tokens", code: 'BAD_REQUEST' }),
    B: said(400, { error: 'maximum_tokens must be positive', code: 'BAD_REQUEST' }),
    NF: said(404, { error: 'No such model', code: 'NOT_FOUND' }),
    AE: said(500, { error: 'Internal error', code: 'INTERNAL_ERROR' }),
    RL: said(429, { error: 'Too many requests', code: 'TOO_MANY_REQUESTS' }),
    PD: said(403, { error: 'No permission for this model', code: 'FORBIDDEN' }),
    U: said(422, { error: 'Validation failed', code: 'UNPROCESSABLE_ENTITY' }),
  }),
  row('ollama', 'T B SU', 'CP U', OLLAMA),
  row('ollama_chat', 'T B SU', 'CP U', OLLAMA),
  row('vllm', 'A AE', 'CP PD', {
    T: said(504, '<html><title>504 Gateway Time-out</title></html>'),
    B: said(400, {
      error: { message: '"auto" tool choice requires --enable-auto-tool-choice', type: 'BadRequestError', code: 400 },
    }),
    A: said(401, { error: 'Unauthorized' }),
    AE: said(500, { error: { message: 'EngineCore encountered an issue', type: 'InternalServerError', code: 500 } }),
    RL: said(429, { error: { message: 'Too many requests', type: 'Too Many Requests', code: 429 } }),
    SU: said(503, { error: { message: 'The engine is asleep', type: 'Service Unavailable', code: 503 } }),
    U: said(422, { error: { message: 'Cannot process', type: 'UnprocessableEntityError', code: 422 } }),
  }),
  row('azure', 'T C B NF CP A SU', '', {
    T: said(408, { error: { code: 'Timeout', message: 'The operation was timeout.' } }),
    AE: said(500, { error: { code: 'InternalServerError', message: 'Internal server error' } }),
    SU: said(503, {
      error: { code: 'ServiceUnavailable', message: 'The service is temporarily unable to process your request.' },
    }),
    U: said(422, { error: { code: 'UnprocessableEntity', message: 'The request cannot be processed.' } }),
  }),
];

/** What shows that the provider of a row can fail as a column says. */
export interface Proof {
  readonly entry?: Entry;
  readonly said?: Said;
}

/** Whose failures in the corpus a provider shares. */
const KIN: Readonly<Record<string, string>> = {
  cohere_chat: 'cohere',
  ollama_chat: 'ollama',
  openai_compatible: 'openai-compatible',
};

export function proofOf({ id, said: cells }: Row, column: Column): Proof | undefined {
  const known = CORPUS.filter((one) => one.provider === (KIN[id] ?? id) && classOf(one) === COLUMNS[column].ours);
  const entry = known.find(({ surface, status }) => surface !== 'batch' && status !== null && status !== 200);
  if (entry !== undefined) return { entry };
  const answer = cells[column];
  return answer === undefined ? undefined : { said: answer };
}

/** SageMaker: what the container said, in a `ModelError`. */
function container(status: number, text: string): [body: object, headers: Said['headers']] {
  const OriginalMessage = JSON.stringify({ error: `Input validation error: ${text}`, error_type: 'validation' });
  const Message = `Received client error (${status}) from primary with message "${OriginalMessage}"`;
  return [{ Message, OriginalMessage, OriginalStatusCode: status }, aws('ModelError')];
}

function cloudflare(code: number, message: string): object {
  return { result: null, success: false, errors: [{ code, message }], messages: [] };
}
