import { inspect } from 'node:util';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { Attempt } from '../../src/errors/attempt.ts';
import type { LLMError } from '../../src/errors/catalogue.ts';
import { errorFromJSON, errorOf, isLLMError } from '../../src/errors/catalogue.ts';
import type { ErrorKind } from '../../src/errors/kinds.ts';
import { KINDS } from '../../src/errors/kinds.ts';
import { completeError } from '../../src/errors/llm-error.ts';
import { ContextWindowExceededError, RateLimitError, UnprocessableEntityError } from '../../src/errors/provider-errors.ts';
import { StreamInterruptedError, TimeoutError } from '../../src/errors/wire-errors.ts';

/** The table of the contract: kind, class, openai's class that it must be an instance of, default for `retryable`. */
const TABLE: [ErrorKind, string, abstract new (...args: never[]) => Error, boolean][] = [
  ['bad_request', 'BadRequestError', OpenAI.BadRequestError, false],
  ['context_window_exceeded', 'ContextWindowExceededError', OpenAI.BadRequestError, false],
  ['content_policy_violation', 'ContentPolicyViolationError', OpenAI.BadRequestError, false],
  ['unsupported_params', 'UnsupportedParamsError', OpenAI.BadRequestError, false],
  ['request_too_large', 'RequestTooLargeError', OpenAI.BadRequestError, false],
  ['authentication', 'AuthenticationError', OpenAI.AuthenticationError, false],
  ['permission_denied', 'PermissionDeniedError', OpenAI.PermissionDeniedError, false],
  ['not_found', 'NotFoundError', OpenAI.NotFoundError, false],
  ['conflict', 'ConflictError', OpenAI.ConflictError, false],
  ['unprocessable_entity', 'UnprocessableEntityError', OpenAI.UnprocessableEntityError, false],
  ['rate_limit', 'RateLimitError', OpenAI.RateLimitError, true],
  ['insufficient_credits', 'InsufficientCreditsError', OpenAI.RateLimitError, false],
  ['internal_server', 'InternalServerError', OpenAI.InternalServerError, true],
  ['service_unavailable', 'ServiceUnavailableError', OpenAI.InternalServerError, true],
  ['out_of_memory', 'OutOfMemoryError', OpenAI.InternalServerError, false],
  ['connection', 'APIConnectionError', OpenAI.APIConnectionError, true],
  ['timeout', 'TimeoutError', OpenAI.APIConnectionTimeoutError, true],
  ['stream_interrupted', 'StreamInterruptedError', OpenAI.APIConnectionError, false],
  ['circuit_open', 'CircuitOpenError', OpenAI.APIConnectionError, false],
  ['response_validation', 'ResponseValidationError', OpenAI.APIError, false],
  ['budget_exceeded', 'BudgetExceededError', OpenAI.APIConnectionError, false],
  ['aborted', 'AbortError', OpenAI.APIUserAbortError, false],
  ['unsupported_operation', 'UnsupportedOperationError', OpenAI.OpenAIError, false],
  ['configuration', 'ConfigurationError', OpenAI.OpenAIError, false],
];

const attempt = (over: Partial<Attempt>): Attempt => ({
  provider: 'anthropic',
  model: 'claude-sonnet-4-5',
  number: 1,
  startedAt: 0,
  durationMs: 100,
  waitedMs: 0,
  outcome: 'service_unavailable',
  status: 529,
  ...over,
});

describe('the classes', () => {
  it('cover every kind', () => {
    expect(TABLE.map(([kind]) => kind).sort()).toEqual(Object.keys(KINDS).sort());
  });

  it.each(TABLE)('%s is %s and an instance of the class of openai', (kind, name, base, retryable) => {
    const error = errorOf(kind, { message: 'words' });
    expect(error).toBeInstanceOf(base);
    expect(error).toBeInstanceOf(OpenAI.OpenAIError);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(name);
    expect(error.constructor.name).toBe(name);
    expect(error.kind).toBe(kind);
    expect(error.retryable).toBe(retryable);
    expect(isLLMError(error, kind)).toBe(true);
  });

  it('a deadline is not retryable, other timeouts are', () => {
    expect(new TimeoutError({ message: '', phase: 'deadline' }).retryable).toBe(false);
    expect(new TimeoutError({ message: '', phase: 'idle' }).retryable).toBe(true);
  });

  it('carry the facts that handlers written for openai read', () => {
    const headers = new Headers({ 'x-request-id': 'req_1' });
    const error = new RateLimitError({
      message: 'slow down',
      provider: 'openai',
      model: 'gpt-5-mini',
      status: 429,
      code: 'rate_limit_exceeded',
      type: 'requests',
      param: null,
      requestID: 'req_1',
      headers,
      retryAfterMs: 20_000,
    });
    expect(error).toMatchObject({
      status: 429,
      code: 'rate_limit_exceeded',
      type: 'requests',
      param: null,
      requestID: 'req_1',
      llmProvider: 'openai',
    });
    expect(error.headers?.get('x-request-id')).toBe('req_1');
    expect(error.message).toBe('openai/gpt-5-mini: 429 rate limit: slow down, retry after 20 s [req_1]');
  });

  it('keep headers and the body of the provider out of inspection', () => {
    const error = errorOf('bad_request', {
      message: 'no',
      headers: new Headers({ cookie: 'secret-cookie' }),
      error: { echo: 'the prompt' },
    });
    expect(inspect(error)).not.toMatch(/secret-cookie|the prompt/);
    expect(JSON.stringify(error)).not.toMatch(/secret-cookie|the prompt/);
  });
});

describe('messages', () => {
  it('tell on one line what failed, what was tried and the id', () => {
    const error = errorOf('service_unavailable', {
      message: 'Overloaded',
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      status: 529,
      requestID: 'req_011',
    });
    completeError(
      error,
      [
        attempt({}),
        attempt({ number: 2, startedAt: 2000 }),
        attempt({ number: 3, startedAt: 4000 }),
        attempt({ number: 4, provider: 'openai', model: 'gpt-5-mini', outcome: 'rate_limit', status: 429, retryAfterMs: 20_000 }),
      ],
      'call-1',
    );
    expect(error.message).toBe(
      'anthropic/claude-sonnet-4-5: 529 overloaded (3 attempts over 4.1 s; also tried openai/gpt-5-mini: 429 rate limit, retry after 20 s) [req_011]',
    );
    expect(error.correlationId).toBe('call-1');
    expect(error.attempts).toHaveLength(4);
  });
});

describe('JSON', () => {
  it.each(TABLE)('%s survives the way through JSON', (kind) => {
    const original = errorOf(kind, {
      message: 'words of the provider',
      provider: 'openai',
      model: 'gpt-5-mini',
      status: 418,
      code: 'teapot',
      requestID: 'req_2',
      details: { limit: 3 },
      attempts: [attempt({ error: new Error('inner') })],
      correlationId: 'c',
    });
    const json = JSON.parse(JSON.stringify(original));
    expect(json.attempts[0]).not.toHaveProperty('error');
    expect(json).not.toHaveProperty('headers');
    const restored = errorFromJSON(json);
    expect(restored.constructor).toBe(original.constructor);
    expect(restored.message).toBe(original.message);
    expect(restored.toJSON()).toEqual(original.toJSON());
  });

  it("keeps a class's own fields", () => {
    const partial = { content: 'Hel', reasoning_content: '', tool_calls: [], chunks: 1 };
    const interrupted = errorFromJSON(JSON.parse(JSON.stringify(new StreamInterruptedError({ message: 'cut', partial }))));
    expect(isLLMError(interrupted, 'stream_interrupted') && interrupted.partial).toEqual(partial);
    const timeout = errorFromJSON(new TimeoutError({ message: 'late', phase: 'idle' }).toJSON());
    expect(isLLMError(timeout, 'timeout') && timeout.phase).toBe('idle');
    const fields = [{ path: 'messages.0.content', message: 'required' }];
    const unprocessable = errorFromJSON(new UnprocessableEntityError({ message: 'no', fieldErrors: fields }).toJSON());
    expect(isLLMError(unprocessable, 'unprocessable_entity') && unprocessable.fieldErrors).toEqual(fields);
  });

  it.each([null, 1, 'x', {}, { kind: 'nonsense' }, { kind: 'toString' }])('refuses %j', (value) => {
    expect(() => errorFromJSON(value)).toThrow(/errorFromJSON expects/);
  });
});

describe('isLLMError', () => {
  it('narrows by kind and knows foreign values', () => {
    const error: unknown = new ContextWindowExceededError({ message: 'too long' });
    expect(isLLMError(error)).toBe(true);
    expect(isLLMError(error, 'rate_limit')).toBe(false);
    expect(isLLMError(error, 'rate_limit', 'context_window_exceeded')).toBe(true);
    expect([
      isLLMError(new Error('x')),
      isLLMError(null),
      isLLMError('x'),
      isLLMError(new OpenAI.APIError(400, {}, 'x', new Headers())),
    ]).toEqual([false, false, false, false]);
  });

  it('works on errors of another copy of the package', () => {
    const foreign = Object.assign(new Error('x'), { kind: 'rate_limit', [Symbol.for('holdfast.error')]: true });
    expect(isLLMError(foreign, 'rate_limit')).toBe(true);
  });

  it('allows an exhaustive switch', () => {
    const advice = (error: LLMError): string => {
      switch (error.kind) {
        case 'rate_limit':
        case 'service_unavailable':
        case 'internal_server':
        case 'connection':
        case 'circuit_open':
          return 'later';
        case 'timeout':
          return error.phase;
        case 'stream_interrupted':
          return error.partial.content;
        case 'unprocessable_entity':
          return String(error.fieldErrors.length);
        case 'bad_request':
        case 'context_window_exceeded':
        case 'content_policy_violation':
        case 'unsupported_params':
        case 'request_too_large':
        case 'authentication':
        case 'permission_denied':
        case 'not_found':
        case 'conflict':
        case 'insufficient_credits':
        case 'out_of_memory':
        case 'response_validation':
        case 'budget_exceeded':
        case 'aborted':
        case 'unsupported_operation':
        case 'configuration':
          return 'never';
        default:
          return error satisfies never;
      }
    };
    expect(advice(errorOf('timeout', { message: '', phase: 'idle' }))).toBe('idle');
    expect(advice(errorOf('rate_limit', { message: '' }))).toBe('later');
  });
});
