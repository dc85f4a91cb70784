import type { MockAnswer, MockAsk, MockFailureName } from '../../contract/mock.ts';
import { exceptionFrame } from '../../wire/framing/aws-event-frames.ts';

export const HEADERS: Readonly<Record<string, string>> = { 'x-amzn-requestid': '5a1f0c9e-0000-4000-8000-00000000mock' };

interface Said {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

/** Exceptions of the service model, with texts that users have recorded. */
const FAILURES: Readonly<Record<MockFailureName, Said>> = {
  rateLimit: {
    status: 429,
    type: 'ThrottlingException',
    message: 'Too many requests, please wait before trying again.',
  },
  overloaded: {
    status: 503,
    type: 'ServiceUnavailableException',
    message: 'Bedrock is unable to process your request.',
  },
  unavailable: {
    status: 503,
    type: 'ServiceUnavailableException',
    message: 'The service is temporarily unavailable.',
  },
  quota: {
    status: 400,
    type: 'ServiceQuotaExceededException',
    message: 'Your request exceeds the service quota for your account.',
  },
  contextWindow: { status: 400, type: 'ValidationException', message: 'Input is too long for requested model.' },
  contentPolicy: { status: 400, type: 'ValidationException', message: 'Output blocked by content filtering policy' },
  auth: {
    status: 403,
    type: 'UnrecognizedClientException',
    message: 'The security token included in the request is invalid.',
  },
  notFound: { status: 404, type: 'ResourceNotFoundException', message: 'Could not resolve the foundation model.' },
  badRequest: { status: 400, type: 'ValidationException', message: 'A conversation must start with a user message.' },
  internal: {
    status: 500,
    type: 'InternalServerException',
    message: 'The system encountered an unexpected error during processing. Try your request again.',
  },
};

export function bedrockFailure(
  name: MockFailureName,
  _ask: MockAsk | undefined,
  { retryAfterSeconds }: { readonly retryAfterSeconds?: number },
): MockAnswer {
  const { status, type, message } = FAILURES[name];
  return {
    status,
    headers: {
      ...HEADERS,
      'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body: { message },
  };
}

/** In a stream the names begin with a small letter. */
export function bedrockErrorFrame(name: MockFailureName): Uint8Array {
  const { type, message } = FAILURES[name];
  return exceptionFrame(type.charAt(0).toLowerCase() + type.slice(1), JSON.stringify({ message }));
}
