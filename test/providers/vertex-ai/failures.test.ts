import { describe } from 'vitest';
import { itExplains, row } from '../../support/failure-rows.ts';

const google = (code: number, status: string, message: string, details?: readonly object[]) => ({
  error: { code, message, status, ...(details === undefined ? {} : { details }) },
});
const claude = (type: string, message: string) => ({ type: 'error', error: { type, message } });

describe('failures of Vertex AI', () => {
  itExplains('vertex_ai', [
    row(
      400,
      google(400, 'INVALID_ARGUMENT', 'The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).'),
      'ContextWindowExceededError',
    ),
    row(400, claude('invalid_request_error', 'prompt is too long: 214315 tokens > 200000 maximum'), 'ContextWindowExceededError'),
    row(400, google(400, 'INVALID_ARGUMENT', 'Output blocked by content filtering policy'), 'ContentPolicyViolationError'),
    row(400, google(400, 'INVALID_ARGUMENT', 'The response was blocked.'), 'ContentPolicyViolationError'),
    row(
      400,
      google(400, 'FAILED_PRECONDITION', 'Project `p` is not allowed to use Publisher Model `projects/p/x`.'),
      'PermissionDeniedError',
    ),
    row(
      400,
      google(400, 'FAILED_PRECONDITION', 'Organization Policy constraint constraints/vertexai.allowedModels violated'),
      'PermissionDeniedError',
    ),
    row(400, claude('invalid_request_error', 'structured_outputs is disabled by org policy'), 'PermissionDeniedError'),
    row(400, google(400, 'INVALID_ARGUMENT', 'Gemini is infeasible for rawPredict'), 'BadRequestError'),
    row(400, google(400, 'INVALID_ARGUMENT', 'Unable to submit request because tools are wrong'), 'BadRequestError'),
    row(400, google(400, 'INVALID_ARGUMENT', 'Request payload size exceeds the limit: 524288000 bytes'), 'RequestTooLargeError'),
    row(
      401,
      google(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.', [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'ACCESS_TOKEN_EXPIRED' },
      ]),
      'AuthenticationError',
    ),
    row(
      403,
      google(403, 'PERMISSION_DENIED', "Permission 'aiplatform.endpoints.predict' denied on resource"),
      'PermissionDeniedError',
    ),
    row(
      403,
      google(403, 'PERMISSION_DENIED', 'Vertex AI API has not been used in project 1 before or it is disabled.', [
        { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'SERVICE_DISABLED' },
      ]),
      'PermissionDeniedError',
    ),
    row(
      404,
      google(404, 'NOT_FOUND', 'Publisher Model `x` was not found or your project does not have access to it.'),
      'NotFoundError',
    ),
    row(404, '<!DOCTYPE html><html><title>Error 404 (Not Found)!!1</title></html>', 'NotFoundError'),
    row(404, '', 'NotFoundError'),
    row(413, claude('request_too_large', 'Request exceeds the maximum size'), 'RequestTooLargeError'),
    row(
      429,
      google(
        429,
        'RESOURCE_EXHAUSTED',
        'Quota exceeded for aiplatform.googleapis.com/online_prediction_requests_per_base_model with base model: anthropic-claude-opus-4.',
      ),
      'RateLimitError',
    ),
    row(429, [google(429, 'RESOURCE_EXHAUSTED', 'Resource exhausted. Please try again later.')], 'RateLimitError'),
    row(429, google(429, 'RESOURCE_EXHAUSTED', 'The model is temporarily out of capacity.'), 'RateLimitError'),
    row(429, claude('rate_limit_error', 'Number of requests has exceeded your rate limit'), 'RateLimitError'),
    row(503, google(429, 'UNAVAILABLE', 'upstream says no'), 'RateLimitError'),
    row(499, google(499, 'CANCELLED', 'The operation was cancelled.'), 'APIConnectionError'),
    row(500, google(500, 'INTERNAL', 'Content has no parts.'), 'InternalServerError'),
    row(503, google(503, 'UNAVAILABLE', 'The service is currently unavailable.'), 'ServiceUnavailableError'),
    row(529, claude('overloaded_error', 'Overloaded'), 'ServiceUnavailableError'),
    row(504, google(504, 'DEADLINE_EXCEEDED', 'Deadline expired before operation could complete.'), 'TimeoutError'),
    row(undefined, google(429, 'RESOURCE_EXHAUSTED', 'Resource exhausted'), 'RateLimitError'),
    row(undefined, claude('overloaded_error', 'Overloaded'), 'ServiceUnavailableError'),
  ]);
});
