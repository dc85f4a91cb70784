import type { MockAnswer, MockAsk, MockFailureName } from '../../contract/mock.ts';

const TYPE = 'type.googleapis.com/google.rpc.';
const QUOTA_TEXT =
  'You exceeded your current quota, please check your plan and billing details. For more information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.';
const QUOTA_METRIC = 'generativelanguage.googleapis.com/generate_content_free_tier_requests';

interface GoogleError {
  readonly code: number;
  readonly status: string;
  readonly message: string;
  readonly details?: readonly object[];
}

interface Circumstances {
  readonly model: string;
  readonly retryAfterSeconds: number | undefined;
}

const ERRORS: Readonly<Record<Exclude<MockFailureName, 'contentPolicy'>, (circumstances: Circumstances) => GoogleError>> = {
  rateLimit: ({ model, retryAfterSeconds }) => ({
    code: 429,
    status: 'RESOURCE_EXHAUSTED',
    message: `${QUOTA_TEXT} \n* Quota exceeded for metric: ${QUOTA_METRIC}, limit: 10, model: ${model}`,
    details: [
      {
        '@type': `${TYPE}QuotaFailure`,
        violations: [
          {
            quotaMetric: QUOTA_METRIC,
            quotaId: 'GenerateRequestsPerMinutePerProjectPerModel-FreeTier',
            quotaDimensions: { location: 'global', model },
            quotaValue: '10',
          },
        ],
      },
      {
        '@type': `${TYPE}Help`,
        links: [{ description: 'Learn more about Gemini API quotas', url: 'https://ai.google.dev/gemini-api/docs/rate-limits' }],
      },
      ...(retryAfterSeconds === undefined ? [] : [{ '@type': `${TYPE}RetryInfo`, retryDelay: `${retryAfterSeconds}s` }]),
    ],
  }),
  quota: () => ({
    code: 402,
    status: 'RESOURCE_EXHAUSTED',
    message:
      'Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing.',
  }),
  overloaded: () => ({ code: 503, status: 'UNAVAILABLE', message: 'The model is overloaded. Please try again later.' }),
  unavailable: () => ({ code: 503, status: 'UNAVAILABLE', message: 'The service is currently unavailable.' }),
  contextWindow: () => ({
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: 'The input token count (1632254) exceeds the maximum number of tokens allowed (1048576).',
  }),
  auth: () => ({
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: 'API key not valid. Please pass a valid API key.',
    details: [
      {
        '@type': `${TYPE}ErrorInfo`,
        reason: 'API_KEY_INVALID',
        domain: 'googleapis.com',
        metadata: { service: 'generativelanguage.googleapis.com' },
      },
      { '@type': `${TYPE}LocalizedMessage`, locale: 'en-US', message: 'API key not valid. Please pass a valid API key.' },
    ],
  }),
  notFound: ({ model }) => ({
    code: 404,
    status: 'NOT_FOUND',
    message: `models/${model} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
  }),
  badRequest: () => ({
    code: 400,
    status: 'INVALID_ARGUMENT',
    message: 'Invalid JSON payload received. Unknown name "fake": Cannot find field.',
    details: [
      {
        '@type': `${TYPE}BadRequest`,
        fieldViolations: [{ description: 'Invalid JSON payload received. Unknown name "fake": Cannot find field.' }],
      },
    ],
  }),
  internal: () => ({ code: 500, status: 'INTERNAL', message: 'An internal error has occurred. Please retry or report.' }),
};

const BLOCKED = {
  promptFeedback: {
    blockReason: 'PROHIBITED_CONTENT',
    safetyRatings: [{ category: 'HARM_CATEGORY_SEXUALLY_EXPLICIT', probability: 'HIGH', blocked: true }],
  },
  usageMetadata: { promptTokenCount: 12, totalTokenCount: 12 },
  modelVersion: 'gemini-mock',
  responseId: 'mock-blocked',
};

function bodyOf(name: MockFailureName, circumstances: Circumstances): { readonly status: number; readonly body: object } {
  // a blocked prompt is an answer like any other, without candidates
  if (name === 'contentPolicy') return { status: 200, body: BLOCKED };
  const error = ERRORS[name](circumstances);
  return { status: error.code, body: { error } };
}

export const dataFrame = (body: object): string => `data: ${JSON.stringify(body)}\r\n\r\n`;

export function failureAnswer(
  name: MockFailureName,
  ask: MockAsk | undefined,
  options: { readonly retryAfterSeconds?: number },
): MockAnswer {
  const model = ask?.model ?? 'gemini-mock';
  const { status, body } = bodyOf(name, { model, retryAfterSeconds: options.retryAfterSeconds });
  if (status === 200 && ask?.stream === true) {
    return { status, headers: { 'content-type': 'text/event-stream' }, body: dataFrame(body) };
  }
  return { status, headers: { 'content-type': 'application/json; charset=UTF-8' }, body };
}

export const errorFrame = (name: MockFailureName): string =>
  dataFrame(bodyOf(name, { model: 'gemini-mock', retryAfterSeconds: undefined }).body);
