import { describe } from 'vitest';
import { itExplains, row } from '../../support/failure-rows.ts';

const said = (message: string) => ({ id: 'c0ffee', message });

describe('failures', () => {
  itExplains('cohere', [
    row(
      400,
      said('too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292.'),
      'ContextWindowExceededError',
    ),
    row(
      400,
      said("too many tokens: size limit exceeded by 7 tokens. Try setting prompt_truncation='AUTO'."),
      'ContextWindowExceededError',
    ),
    row(
      400,
      said('too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model - received 9000.'),
      'BadRequestError',
    ),
    row(400, said('invalid request: list of documents must not be empty'), 'BadRequestError'),
    row(401, said('invalid api token'), 'AuthenticationError'),
    row(401, said('no api key supplied'), 'AuthenticationError'),
    row(402, said('Maximum billing reached for this API key as set in your dashboard'), 'InsufficientCreditsError'),
    row(403, said('forbidden'), 'PermissionDeniedError'),
    row(404, said("model 'command-z' not found"), 'NotFoundError'),
    row(422, said('invalid type: parameter max_tokens is of type string but should be of type int'), 'UnprocessableEntityError'),
    row(
      429,
      said('You are using a Trial key, which is limited to 1000 API calls / month. Upgrade to a Production key.'),
      'InsufficientCreditsError',
    ),
    row(429, said('You are using a Trial key, which is limited to 10 API calls / minute.'), 'RateLimitError'),
    row(429, said('You are past the per minute request limit, please wait and try again later.'), 'RateLimitError'),
    row(429, said('trial token rate limit exceeded, limit is 100000 tokens per minute'), 'RateLimitError'),
    row(498, said('blocked'), 'ContentPolicyViolationError'),
    row(499, said('request cancelled'), 'APIConnectionError'),
    row(500, said('internal server error'), 'InternalServerError'),
    row(501, said('not implemented'), 'BadRequestError'),
    row(503, said('try again'), 'ServiceUnavailableError'),
    row(504, said('took too long'), 'TimeoutError'),
    row(undefined, { finish_reason: 'ERROR' }, 'InternalServerError'),
    row(undefined, { finish_reason: 'TIMEOUT' }, 'TimeoutError'),
    row(undefined, { finish_reason: 'ERROR_LIMIT' }, 'ContextWindowExceededError'),
    row(undefined, { finish_reason: 'ERROR_TOXIC' }, 'ContentPolicyViolationError'),
    row(undefined, said('invalid api token'), 'AuthenticationError'),
  ]);
});
