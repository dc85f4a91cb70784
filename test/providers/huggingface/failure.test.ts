import { describe, expect, it } from 'vitest';
import { explained } from '../../support/explain.ts';
import { itExplains, row } from '../../support/failure-rows.ts';

const tgi = (error: string, error_type: string) => ({ error, error_type });

describe('failures', () => {
  itExplains('huggingface', [
    row(400, { error: 'Model no/such does not exist' }, 'NotFoundError'),
    row(400, { error: ['Error in `inputs`: field required'] }, 'BadRequestError'),
    row(401, { error: 'Invalid username or password.' }, 'AuthenticationError'),
    row(
      402,
      { error: 'You have depleted your monthly included credits. Purchase pre-paid credits.' },
      'InsufficientCreditsError',
    ),
    row(403, { error: 'This authentication method does not have sufficient permissions' }, 'PermissionDeniedError'),
    row(404, 'Not Found', 'NotFoundError'),
    row(413, tgi('batch size 64 > maximum allowed batch size 32', 'validation'), 'RequestTooLargeError'),
    row(
      422,
      tgi('Input validation error: `inputs` must have less than 4096 tokens. Given: 5000', 'validation'),
      'ContextWindowExceededError',
    ),
    row(422, tgi('Input validation error: `top_p` must be > 0.0 and < 1.0', 'validation'), 'UnprocessableEntityError'),
    row(422, tgi('Tool error: No tool found', 'tool_error'), 'UnprocessableEntityError'),
    row(424, tgi('Request failed during generation: Server error', 'generation'), 'InternalServerError'),
    row(424, tgi('score is NaN', 'Backend'), 'InternalServerError', { retryable: false }),
    row(424, { message: 'it broke', code: 424, type: 'backend' }, 'InternalServerError', { retryable: false }),
    row(429, tgi('Model is overloaded', 'overloaded'), 'RateLimitError'),
    row(500, tgi('CUDA out of memory. Tried to allocate 2.00 GiB', 'generation'), 'InternalServerError'),
    row(500, tgi('Incomplete generation stream', 'incomplete_generation_stream'), 'InternalServerError'),
    row(502, '<html>', 'ServiceUnavailableError'),
    row(503, tgi('unhealthy', 'healthcheck'), 'ServiceUnavailableError'),
    row(504, '', 'TimeoutError'),
    row(undefined, { error: { message: 'Incomplete generation', http_status_code: 422 } }, 'InternalServerError'),
    row(undefined, { error: { message: 'CUDA out of memory', http_status_code: 422 } }, 'InternalServerError'),
    row(undefined, tgi('Incomplete generation', 'incomplete_generation'), 'InternalServerError'),
  ]);

  it('waits for a model that is loading, also where that comes as a 200', () => {
    const loading = { error: 'Model some/model is currently loading', estimated_time: 20.5 };
    for (const status of [503, undefined]) {
      expect(explained('huggingface', status, loading)).toMatchObject({ kind: 'service_unavailable', retryAfterMs: 20_500 });
    }
  });

  it("waits for the window of the hub's rate limit", () => {
    const headers = { ratelimit: '"api";r=0;t=55' };
    expect(explained('huggingface', 429, { error: 'slow down' }, { headers })).toMatchObject({
      kind: 'rate_limit',
      retryAfterMs: 55_000,
    });
  });
});
