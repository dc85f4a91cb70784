import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../../src/errors/attempt.ts';
import { completeError } from '../../../src/errors/llm-error.ts';
import { explained } from '../../support/explain.ts';
import { openai } from '../../support/failure-rows.ts';

const limited = openai('Rate limit reached', 'rate_limit_exceeded', 'tokens');

describe('status', () => {
  it('is the one that was sent', () => {
    expect(explained('openai', 429, limited).status).toBe(429);
  });

  it('inside a 200 is the one that the body names, else that of the class', () => {
    expect(explained('openrouter', 200, { error: { code: 502, message: 'x' } }).status).toBe(502);
    expect(explained('openai', undefined, limited).status).toBe(429);
    expect(
      explained('anthropic', 200, { type: 'error', error: { type: 'overloaded_error', message: 'x' } }, { streamed: true })
        .status,
    ).toBe(503);
    expect(explained('openai', 200, { error: { code: 200, message: 'x' } }).status).toBe(500);
  });
});

describe('x-should-retry', () => {
  const told = (value: string, status: number, body: unknown) =>
    explained('openai', status, body, { headers: { 'x-should-retry': value } }).retryable;

  it('stops what would be retried, and retries what would not be', () => {
    expect(told('false', 429, limited)).toBe(false);
    expect(told('false', 500, openai('x'))).toBe(false);
    expect(told('true', 409, openai('x'))).toBe(true);
  });

  it('never makes a final failure retryable', () => {
    for (const status of [400, 401, 403, 404, 422]) expect(told('true', status, openai('x'))).toBe(false);
    expect(told('true', 429, openai('x', 'insufficient_quota'))).toBe(false);
  });
});

describe('request id', () => {
  it('comes from the provider’s header and is found where openai looks for it', () => {
    const error = explained('anthropic', 529, { type: 'error' }, { headers: { 'request-id': 'req_1' } });
    expect(error.requestID).toBe('req_1');
    expect(error.headers?.get('x-request-id')).toBe('req_1');
    expect(error.message).toContain('[req_1]');
  });

  it('comes from the body where no header has it', () => {
    expect(explained('zai', 429, { error: { code: '1302', message: 'x' }, request_id: 'r2' }).requestID).toBe('r2');
    expect(explained('nvidia_nim', 410, { title: 'Gone', requestId: 'r3' }).requestID).toBe('r3');
  });
});

describe('what an error carries', () => {
  it('is openai’s own class with the provider’s error object', () => {
    const error = explained('openai', 429, limited, { headers: { 'retry-after': '2', 'x-request-id': 'r' } });
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({
      code: 'rate_limit_exceeded',
      type: 'tokens',
      retryAfterMs: 2000,
      correlationId: 'test-call',
      error: limited.error,
    });
    expect(JSON.stringify(error)).not.toContain('"headers"');
  });

  it('has the numbers of an overflow', () => {
    const numbers = (body: unknown) => explained('openai', 400, body).details;
    expect(numbers(openai('prompt is too long: 191,989 tokens > 180000 maximum'))).toMatchObject({
      promptTokens: 191989,
      maxTokens: 180000,
    });
    expect(
      numbers(
        openai(
          "This model's maximum context length is 4097 tokens, however you requested 4322 tokens (4066 in your prompt; 256 for the completion).",
        ),
      ),
    ).toMatchObject({
      promptTokens: 4322,
      maxTokens: 4097,
    });
    expect(numbers(openai("This model's maximum prompt length is 131072 but the request contains 537812 tokens."))).toMatchObject(
      { promptTokens: 537812, maxTokens: 131072 },
    );
    expect(numbers({ error: { message: 'x', type: 'exceed_context_size_error', n_prompt_tokens: 9, n_ctx: 8 } })).toMatchObject({
      promptTokens: 9,
      maxTokens: 8,
    });
    expect(
      numbers({
        error: '`inputs` tokens + `max_new_tokens` must be <= 65537. Given: 79993 `inputs` tokens and 1024 `max_new_tokens`',
      }),
    ).toMatchObject({
      promptTokens: 79993,
      maxTokens: 65537,
    });
    expect(numbers(openai('too long', 'context_length_exceeded'))).toEqual({});
  });

  it('has a filter’s verdicts, a limit’s numbers, a failed generation', () => {
    const verdicts = { hate: { filtered: true, severity: 'high' } };
    expect(
      explained('azure', 400, { error: { code: 'content_filter', innererror: { code: 'x', content_filter_result: verdicts } } })
        .details,
    ).toEqual({ filter: verdicts });
    expect(
      explained('openai', 429, openai('on TPM: Limit 30000, Used 18928, Requested 11159.', 'rate_limit_exceeded')).details,
    ).toEqual({
      rateLimit: { limit: 30000, used: 18928, requested: 11159 },
    });
    expect(
      explained('groq', 400, { error: { message: 'x', code: 'tool_use_failed', failed_generation: '<call>' } }).details
        .failed_generation,
    ).toBe('<call>');
  });

  it('keeps the prompt and the keys out of every text', () => {
    const prompt = 'My passport number is X1234567 and I live in Oslo';
    const body = {
      error: {
        message: `Invalid message "${prompt}" for key top-secret-key`,
        code: 'code-top-secret-key',
        failed_generation: `I repeat: ${prompt}`,
      },
      detail: [{ loc: ['body', 'top-secret-key'], msg: `bad value ${prompt}` }],
    };
    for (const status of [400, 422, 500]) {
      const error = explained('groq', status, body, { facts: { secrets: ['top-secret-key'], promptText: () => prompt } });
      const told = JSON.stringify(error);
      expect(told).not.toContain('top-secret-key');
      expect(told).not.toContain('passport number');
    }
  });

  it('tells its history once the call is over', () => {
    const error = explained('anthropic', 529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
    const attempt: Attempt = {
      number: 1,
      provider: 'anthropic',
      model: 'some-model',
      startedAt: 0,
      durationMs: 500,
      waitedMs: 0,
      outcome: 'service_unavailable',
      status: 529,
    };
    completeError(error, [attempt, { ...attempt, number: 2, startedAt: 1500 }], 'call-1');
    expect(error.message).toBe('anthropic/some-model: 529 overloaded (2 attempts over 2 s)');
  });
});

describe('an answer that is none', () => {
  it('is a connection error when empty or cut', () => {
    expect(explained('openai', 200, '').kind).toBe('connection');
    expect(explained('openai', 200, '{"choices":[').kind).toBe('connection');
  });

  it('is invalid when it is a web page', () => {
    expect(explained('openai', 200, '<html><body>Login</body></html>').kind).toBe('response_validation');
  });
});

describe('the traps', () => {
  const kind = (status: number | undefined, body: unknown, provider = 'openai_compatible') =>
    explained(provider, status, body).kind;

  it('digits in a text are no status', () => {
    expect(kind(429, openai('Please retry in 18.403470473s, or in 401 ms', null))).toBe('rate_limit');
    expect(kind(400, openai('messages.429.content: Field required'))).toBe('bad_request');
  });

  it('a quota is not money, too many tokens is not an overflow', () => {
    expect(kind(429, openai('request quota exceeded', 'request_quota_exceeded'))).toBe('rate_limit');
    expect(kind(429, openai('Too many tokens, please wait before trying again.'))).toBe('rate_limit');
    expect(kind(400, openai('too many tokens: max tokens must be less than or equal to 4096'))).toBe('bad_request');
  });

  it('401 and 403 keep their class whatever the text says', () => {
    expect(kind(401, openai('maximum context length is 5 tokens, insufficient balance'))).toBe('authentication');
    expect(kind(403, openai('rate limit exceeded'))).toBe('permission_denied');
    expect(kind(403, openai('x', 'rate_limit_exceeded'))).toBe('permission_denied');
    expect(kind(403, openai('x', 'insufficient_quota'))).toBe('insufficient_credits');
    expect(kind(403, openai('x', 'content_filter'))).toBe('content_policy_violation');
    expect(kind(403, openai('x', 'ExpiredTokenException'))).toBe('authentication');
  });

  it('an overflow, a filter and money count at every other status', () => {
    for (const status of [400, 413, 422, 500, 502, 503]) {
      expect(kind(status, openai("This model's maximum context length is 8 tokens"))).toBe('context_window_exceeded');
      expect(kind(status, openai('blocked', 'content_filter'))).toBe('content_policy_violation');
      expect(kind(status, openai('x', 'insufficient_quota'))).toBe('insufficient_credits');
    }
  });

  it('a wrong type does not hide what the status says', () => {
    expect(kind(401, openai('no', 'invalid_request_error'))).toBe('authentication');
    expect(kind(402, openai('no', 'invalid_request_error'))).toBe('insufficient_credits');
    expect(kind(429, openai('no', null, 'invalid_request_error'))).toBe('rate_limit');
    expect(kind(502, openai('no', null, 'server_error'))).toBe('service_unavailable');
  });
});

describe('statuses alone', () => {
  it.each([
    [400, 'bad_request'],
    [401, 'authentication'],
    [402, 'insufficient_credits'],
    [403, 'permission_denied'],
    [404, 'not_found'],
    [405, 'bad_request'],
    [408, 'timeout'],
    [409, 'conflict'],
    [410, 'not_found'],
    [412, 'bad_request'],
    [413, 'request_too_large'],
    [415, 'bad_request'],
    [418, 'bad_request'],
    [422, 'unprocessable_entity'],
    [424, 'internal_server'],
    [429, 'rate_limit'],
    [498, 'rate_limit'],
    [499, 'connection'],
    [500, 'internal_server'],
    [501, 'bad_request'],
    [502, 'service_unavailable'],
    [503, 'service_unavailable'],
    [504, 'timeout'],
    [507, 'out_of_memory'],
    [520, 'service_unavailable'],
    [521, 'service_unavailable'],
    [522, 'service_unavailable'],
    [523, 'service_unavailable'],
    [524, 'timeout'],
    [529, 'service_unavailable'],
    [530, 'internal_server'],
    [599, 'internal_server'],
  ] as const)('%i is %s', (status, kind) => {
    const error = explained('custom_openai', status, '');
    expect([error.kind, error.status]).toEqual([kind, status]);
  });
});
