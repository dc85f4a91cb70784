import type { MockAnswer, MockFailureName } from '../../contract/mock.ts';

interface Said {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly code: string | null;
  readonly param?: string;
}

/** OpenAI's own words for each failure (platform.openai.com/docs/guides/error-codes). */
const FAILURES: Readonly<Record<MockFailureName, Said>> = {
  rateLimit: {
    status: 429,
    message:
      'Rate limit reached for mock-large in organization org-mock on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again later.',
    type: 'requests',
    code: 'rate_limit_exceeded',
  },
  overloaded: {
    status: 503,
    message: 'The engine is currently overloaded, please try again later.',
    type: 'service_unavailable_error',
    code: 'server_is_overloaded',
  },
  unavailable: {
    status: 503,
    message: 'The service is temporarily unavailable.',
    type: 'service_unavailable_error',
    code: null,
  },
  quota: {
    status: 429,
    message: 'You exceeded your current quota, please check your plan and billing details.',
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  },
  contextWindow: {
    status: 400,
    message:
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens. Please reduce the length of the messages.",
    type: 'invalid_request_error',
    param: 'messages',
    code: 'context_length_exceeded',
  },
  contentPolicy: {
    status: 400,
    message: 'Your request was rejected as a result of our safety system.',
    type: 'invalid_request_error',
    code: 'content_policy_violation',
  },
  auth: {
    status: 401,
    message: 'Incorrect API key provided: wrong. You can find your API key at https://platform.openai.com/account/api-keys.',
    type: 'invalid_request_error',
    code: 'invalid_api_key',
  },
  notFound: {
    status: 404,
    message: 'The model `no-such-model` does not exist or you do not have access to it.',
    type: 'invalid_request_error',
    code: 'model_not_found',
  },
  badRequest: {
    status: 400,
    message: "Unsupported value: 'temperature' does not support 7 with this model.",
    type: 'invalid_request_error',
    param: 'temperature',
    code: 'unsupported_value',
  },
  internal: {
    status: 500,
    message: 'The server had an error while processing your request. Sorry about that!',
    type: 'server_error',
    code: null,
  },
};

export const requestHeaders: Readonly<Record<string, string>> = {
  'x-request-id': 'req_mock_openai',
  'openai-processing-ms': '12',
  'openai-version': '2020-10-01',
};

const envelope = ({ message, type, code, param = null }: Omit<Said, 'param'> & { readonly param?: string | null }): object => ({
  error: { message, type, param, code },
});

export function openaiFailure(name: MockFailureName, retryAfterSeconds: number | undefined): MockAnswer {
  const said = FAILURES[name];
  const limits = { 'x-ratelimit-limit-requests': '3', 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1s' };
  return {
    status: said.status,
    headers: {
      ...requestHeaders,
      ...(name === 'rateLimit' ? limits : {}),
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body: envelope(said),
  };
}

/** An error in a running stream names no status. */
export const openaiErrorFrame = (name: MockFailureName): string => `data: ${JSON.stringify(envelope(FAILURES[name]))}\n\n`;
