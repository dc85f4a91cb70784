import { describe, expect, it } from 'vitest';
import { explained } from '../../support/explain.ts';
import { itExplains, row } from '../../support/failure-rows.ts';

const failed = (error: string, more: object = {}): object => ({ id: 'p1', status: 'failed', error, ...more });
const THROTTLED =
  'Request was throttled. Your rate limit for creating predictions is reduced to 6 requests per minute with a burst of 1 requests while you have less than $5.0 in credit. Your rate limit resets in ~5s.';

describe('how Replicate fails', () => {
  itExplains('replicate', [
    row(400, { detail: 'Malformed JSON' }, 'BadRequestError'),
    row(
      401,
      { title: 'Unauthenticated', detail: 'You did not pass a valid authentication token', status: 401 },
      'AuthenticationError',
    ),
    row(402, { title: 'Insufficient credit', detail: 'You have insufficient credit', status: 402 }, 'InsufficientCreditsError'),
    row(402, 'Payment Required', 'InsufficientCreditsError'),
    row(403, { detail: 'You do not have permission' }, 'PermissionDeniedError'),
    row(404, { detail: 'The requested resource could not be found.', status: 404 }, 'NotFoundError'),
    row(
      422,
      { detail: "The specified version does not exist (or perhaps you don't have permission to use it?)" },
      'NotFoundError',
    ),
    row(429, { detail: THROTTLED, status: 429, retry_after: 5 }, 'RateLimitError'),
    row(500, { detail: 'Internal server error' }, 'InternalServerError'),
    row(503, { detail: 'Service unavailable' }, 'ServiceUnavailableError'),
    row(
      undefined,
      failed('The input or output was flagged as sensitive. Please try again with different inputs. (E005)'),
      'ContentPolicyViolationError',
    ),
    row(undefined, failed('NSFW content detected. Try running it again.'), 'ContentPolicyViolationError'),
    row(undefined, failed('input is longer than the context length of 8192'), 'ContextWindowExceededError'),
    row(undefined, failed('CUDA out of memory. Tried to allocate 2 GiB'), 'InternalServerError', { retryable: false }),
    row(undefined, failed('Prediction killed (E1001)'), 'InternalServerError', { retryable: false }),
    row(undefined, failed('Prediction interrupted; please retry (code: PA) (E8367)'), 'InternalServerError'),
    row(undefined, failed('timed out starting (E6716)'), 'ServiceUnavailableError'),
    row(undefined, failed('no webhook (E4875)'), 'BadRequestError'),
    row(undefined, failed('list index out of range'), 'InternalServerError'),
    row(undefined, { id: 'p1', status: 'aborted', error: null, deadline: '2026-01-02T03:04:05Z' }, 'TimeoutError'),
    row(undefined, { id: 'p1', status: 'canceled', error: null }, 'APIConnectionError', { retryable: false }),
  ]);

  it('waits by the body, else by the words', async () => {
    expect((await explained('replicate', 429, { detail: THROTTLED, retry_after: 7 })).retryAfterMs).toBe(7000);
    expect((await explained('replicate', 429, { detail: THROTTLED })).retryAfterMs).toBe(5000);
  });

  it('names the fields of a refused input', async () => {
    const fields = [{ type: 'required', field: 'input.prompt', description: 'prompt is required' }];
    const body = {
      detail: '- input: prompt is required\n',
      status: 422,
      title: 'Input validation failed',
      invalid_fields: fields,
    };
    const error = await explained('replicate', 422, body);
    expect(error).toMatchObject({
      name: 'UnprocessableEntityError',
      fieldErrors: [{ path: 'input.prompt', message: 'prompt is required' }],
    });
  });
});
