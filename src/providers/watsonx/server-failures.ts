import type { MockAnswer, MockAsk, MockFailureName } from '../../contract/mock.ts';

export const TRACE = 'ebeec5ab0a1b4c7e8f90mock';
const MORE_INFO = 'https://cloud.ibm.com/apidocs/watsonx-ai#text-chat';

interface Said {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** The codes are IBM's (its Java and Node SDKs); where the service has no words of its own, the gateway before it speaks. */
const FAILURES: Readonly<Record<MockFailureName, Said>> = {
  rateLimit: {
    status: 429,
    code: 'consumption_limit_reached',
    message: 'Consumption limit reached for the number of requests per second',
  },
  overloaded: { status: 503, code: 'service_unavailable', message: 'The service is currently overloaded' },
  unavailable: { status: 503, code: 'service_unavailable', message: 'The service is temporarily unavailable' },
  quota: { status: 403, code: 'token_quota_reached', message: 'Request of 1 token(s) from quota was rejected' },
  contextWindow: {
    status: 400,
    code: 'invalid_input_argument',
    message:
      'Invalid input argument for Model: the number of input tokens 9001 cannot exceed the total tokens limit 8192 for this model',
  },
  contentPolicy: { status: 400, code: 'content_filter', message: 'The request was blocked by the content filter' },
  auth: {
    status: 401,
    // not one of the codes that a new token cures
    code: 'authentication_failed',
    message: 'Failed to authenticate the request',
  },
  notFound: { status: 404, code: 'model_not_supported', message: "Model 'no-such-model' is not supported" },
  badRequest: { status: 400, code: 'json_validation_error', message: 'Json document validation error: messages is required' },
  internal: { status: 500, code: 'downstream_request_failed', message: 'Downstream request failed' },
};

const envelope = ({ status, code, message }: Said): object => ({
  errors: [{ code, message, more_info: MORE_INFO }],
  trace: TRACE,
  status_code: status,
});

export function watsonxFailure(
  name: MockFailureName,
  ask: MockAsk | undefined,
  { retryAfterSeconds }: { readonly retryAfterSeconds?: number },
): MockAnswer {
  const said = FAILURES[name];
  const named = name === 'notFound' && ask?.model ? { ...said, message: `Model '${ask.model}' is not supported` } : said;
  return {
    status: said.status,
    headers: {
      'content-type': 'application/json',
      'x-global-transaction-id': TRACE,
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    },
    body: envelope(named),
  };
}

export const watsonxErrorFrame = (name: MockFailureName): string =>
  `id: 9\nevent: error\ndata: ${JSON.stringify(envelope(FAILURES[name]))}\n\n`;

/** IBM's token service: a wrong key is a 400. */
export function iamFailure(name: MockFailureName): MockAnswer {
  const wrongKey = { status: 400, errorCode: 'BXNIM0415E', errorMessage: 'Provided API key could not be found.' };
  const busy = { status: FAILURES[name].status, errorCode: 'BXNIM0109E', errorMessage: FAILURES[name].message };
  const { status, ...body } = name === 'auth' || FAILURES[name].status < 429 ? wrongKey : busy;
  return {
    status,
    headers: { 'content-type': 'application/json', 'transaction-id': TRACE },
    body: { ...body, context: { requestId: 'mock', url: 'https://iam.cloud.ibm.com', instanceId: 'mock' } },
  };
}
