import type { ErrorKind, LLMError } from 'holdfast';
import * as holdfast from 'holdfast';
import { createClient, errorFromJSON, fallback, isLLMError, retry } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { fault, startMockServer } from 'holdfast/testing';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

/** The table of the contract: class, kind, openai's class, retryable by default. */
const TABLE = [
  ['BadRequestError', 'bad_request', OpenAI.BadRequestError, false],
  ['ContextWindowExceededError', 'context_window_exceeded', OpenAI.BadRequestError, false],
  ['ContentPolicyViolationError', 'content_policy_violation', OpenAI.BadRequestError, false],
  ['UnsupportedParamsError', 'unsupported_params', OpenAI.BadRequestError, false],
  ['RequestTooLargeError', 'request_too_large', OpenAI.BadRequestError, false],
  ['AuthenticationError', 'authentication', OpenAI.AuthenticationError, false],
  ['PermissionDeniedError', 'permission_denied', OpenAI.PermissionDeniedError, false],
  ['NotFoundError', 'not_found', OpenAI.NotFoundError, false],
  ['ConflictError', 'conflict', OpenAI.ConflictError, false],
  ['UnprocessableEntityError', 'unprocessable_entity', OpenAI.UnprocessableEntityError, false],
  ['RateLimitError', 'rate_limit', OpenAI.RateLimitError, true],
  ['InsufficientCreditsError', 'insufficient_credits', OpenAI.RateLimitError, false],
  ['InternalServerError', 'internal_server', OpenAI.InternalServerError, true],
  ['ServiceUnavailableError', 'service_unavailable', OpenAI.InternalServerError, true],
  ['OutOfMemoryError', 'out_of_memory', OpenAI.InternalServerError, false],
  ['APIConnectionError', 'connection', OpenAI.APIConnectionError, true],
  ['TimeoutError', 'timeout', OpenAI.APIConnectionTimeoutError, true],
  ['StreamInterruptedError', 'stream_interrupted', OpenAI.APIConnectionError, false],
  ['CircuitOpenError', 'circuit_open', OpenAI.APIConnectionError, false],
  ['ResponseValidationError', 'response_validation', OpenAI.APIError, false],
  ['BudgetExceededError', 'budget_exceeded', OpenAI.APIConnectionError, false],
  ['AbortError', 'aborted', OpenAI.APIUserAbortError, false],
  ['UnsupportedOperationError', 'unsupported_operation', OpenAI.OpenAIError, false],
  ['ConfigurationError', 'configuration', OpenAI.OpenAIError, false],
] as const satisfies readonly (readonly [string, ErrorKind, unknown, boolean])[];

/** Classes of ours that extend another of ours. */
const PARENTS: Readonly<Record<string, string>> = {
  ContextWindowExceededError: 'BadRequestError',
  ContentPolicyViolationError: 'BadRequestError',
  UnsupportedParamsError: 'BadRequestError',
  RequestTooLargeError: 'BadRequestError',
  InsufficientCreditsError: 'RateLimitError',
  ServiceUnavailableError: 'InternalServerError',
  OutOfMemoryError: 'InternalServerError',
  StreamInterruptedError: 'APIConnectionError',
  CircuitOpenError: 'APIConnectionError',
  BudgetExceededError: 'APIConnectionError',
};

const PROPERTIES =
  'kind provider model status code type param requestID headers retryable attempts correlationId timestamp details llmProvider name toJSON'.split(
    ' ',
  );

let mock: MockServer;
beforeAll(async () => {
  mock = await startMockServer();
});
afterAll(() => mock.close());

const messages = [{ role: 'user' as const, content: 'the prompt nobody may read' }];
const ASK = { model: 'openai/gpt-5-mini', messages };
const providers = (): object =>
  Object.fromEntries(
    ['openai', 'anthropic', 'groq'].map((id) => [id, { apiKey: 'sk-very-secret-key', baseURL: mock.baseURL(id) }]),
  );

describe('the classes', () => {
  it.each(TABLE)('%s is %s, carries everything and survives JSON', (name, kind, base, retryable) => {
    const Class = Reflect.get(holdfast, name) as new (init: object) => LLMError;
    const partial = { content: 'so far', reasoning_content: '', tool_calls: [], chunks: 2 };
    const error = new Class({
      message: 'what happened',
      provider: 'gemini',
      model: 'm',
      status: 418,
      code: 'c',
      type: 't',
      param: 'p',
      requestID: 'req_1',
      headers: new Headers({ authorization: 'Bearer sk-secret' }),
      error: { prompt: 'secret' },
      retryAfterMs: 1500,
      details: { a: 1 },
      cause: new Error('secret cause'),
      ...(kind === 'timeout' ? { phase: 'idle' } : {}),
      ...(kind === 'stream_interrupted' ? { partial } : {}),
      ...(kind === 'unprocessable_entity' ? { fieldErrors: [{ path: 'a.b', message: 'no' }] } : {}),
      attempts: [
        {
          provider: 'gemini',
          model: 'm',
          number: 1,
          startedAt: 1,
          durationMs: 2,
          waitedMs: 0,
          outcome: kind,
          error: new Error('inner secret'),
        },
      ],
      correlationId: 'corr',
    });
    expect(error).toBeInstanceOf(base);
    expect(error).toBeInstanceOf(OpenAI.OpenAIError);
    if (PARENTS[name] !== undefined) expect(error).toBeInstanceOf(Reflect.get(holdfast, PARENTS[name]));
    expect(new Class({ message: 'x' }).retryable).toBe(retryable);
    expect(error).toMatchObject({
      name,
      kind,
      status: 418,
      code: 'c',
      type: 't',
      param: 'p',
      requestID: 'req_1',
      retryAfterMs: 1500,
    });
    for (const property of PROPERTIES) expect(property in error, property).toBe(true);
    expect(Date.parse(error.timestamp)).toBeGreaterThan(0);
    expect(error.headers?.get('authorization')).toBe('Bearer sk-secret');
    expect((error.cause as Error).message).toBe('secret cause');
    expect(isLLMError(error, kind)).toBe(true);
    expect(isLLMError(error, kind === 'aborted' ? 'timeout' : 'aborted')).toBe(false);

    const json = JSON.stringify(error);
    expect(json).not.toContain('secret');
    expect(JSON.parse(json)).toMatchObject({ name, kind, provider: 'gemini', attempts: [{ number: 1 }] });
    const back = errorFromJSON(JSON.parse(json));
    expect(back).toBeInstanceOf(Class);
    expect(back.message).toBe(error.message);
    expect(JSON.stringify(back)).toBe(json);
    if (isLLMError(back, 'timeout')) expect(back.phase).toBe('idle');
    if (isLLMError(back, 'stream_interrupted')) expect(back.partial).toEqual(partial);
    if (isLLMError(back, 'unprocessable_entity')) expect(back.fieldErrors).toEqual([{ path: 'a.b', message: 'no' }]);
  });

  it('llmProvider is LiteLLM’s name', async () => {
    await using llm = createClient({ providers: providers() as never, use: [] });
    mock.enqueue('openai', fault.auth());
    expect(await rejection(llm.chat.completions.create(ASK))).toMatchObject({ llmProvider: 'openai', provider: 'openai' });
  });

  it('isLLMError knows errors of another copy, and nothing else', () => {
    const foreign = Object.assign(new Error('x'), { kind: 'rate_limit', [Symbol.for('holdfast.error')]: true });
    expect(isLLMError(foreign)).toBe(true);
    expect(isLLMError(foreign, 'rate_limit', 'timeout')).toBe(true);
    for (const other of [undefined, null, 'x', 7, {}, new Error('x'), new OpenAI.OpenAIError('x')])
      expect(isLLMError(other)).toBe(false);
    for (const other of [undefined, null, 'x', {}, { kind: 'toString' }, []])
      expect(() => errorFromJSON(other)).toThrow(holdfast.ConfigurationError);
  });
});

describe('a thrown error', () => {
  const FAULTS = [
    ['auth', 'authentication'],
    ['quota', 'insufficient_credits'],
    ['contextWindow', 'context_window_exceeded'],
    ['contentPolicy', 'content_policy_violation'],
    ['rateLimit', 'rate_limit'],
    ['overloaded', 'service_unavailable'],
    ['unavailable', 'service_unavailable'],
  ] as const;

  it.each(FAULTS)('%s: has everything, and neither key nor prompt in any text', async (name, kind) => {
    await using llm = createClient({ providers: providers() as never, use: [] });
    mock.enqueue('anthropic', fault[name]());
    const error = await rejection(llm.chat.completions.create({ ...ASK, model: 'anthropic/claude' }, { correlationId: 'c-1' }));
    expect(isLLMError(error, kind), String(error)).toBe(true);
    if (!isLLMError(error)) return;
    expect(error).toMatchObject({
      provider: 'anthropic',
      model: 'claude',
      correlationId: 'c-1',
      attempts: [{ outcome: kind, number: 1 }],
    });
    expect(error.requestID).toBeTruthy();
    expect(error.headers).toBeInstanceOf(Headers);
    expect(error.status).toBeGreaterThanOrEqual(400);
    expect(`${error.message} ${JSON.stringify(error)} ${error.stack}`).not.toMatch(/very-secret|nobody may read/);
  });

  it('after retries and fallbacks: the primary’s own, with all attempts and a message that tells of the rest', async () => {
    await using llm = createClient({
      providers: providers() as never,
      use: [fallback(['anthropic/claude', 'groq/llama']), retry({ minDelay: 0 })],
    });
    mock.enqueue('openai', fault.unavailable(), fault.unavailable(), fault.unavailable());
    mock.enqueue('anthropic', fault.quota());
    mock.enqueue('groq', fault.contextWindow());
    const error = await rejection(llm.chat.completions.create(ASK));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({
      kind: 'service_unavailable',
      provider: 'openai',
      model: 'gpt-5-mini',
      attempts: { length: 5 },
    });
    expect(String(error)).toMatch(/3 attempts.*anthropic\/claude: .*insufficient credits.*groq\/llama: /);
  });

  it('but the caller’s abort and the deadline come first, with all attempts too', async () => {
    await using llm = createClient({ providers: providers() as never, use: [fallback(['anthropic/claude'])] });
    mock.enqueue('openai', fault.unavailable(), fault.unavailable());
    mock.enqueue('anthropic', fault.stall(), fault.stall());
    const aborted = await rejection(llm.chat.completions.create(ASK, { signal: AbortSignal.timeout(100) }));
    expect(aborted).toMatchObject({ name: 'AbortError', attempts: [{ outcome: 'service_unavailable' }, { outcome: 'aborted' }] });
    expect(aborted).toBeInstanceOf(OpenAI.APIUserAbortError);
    const late = await rejection(llm.chat.completions.create(ASK, { deadline: 100 }));
    expect(late).toMatchObject({
      name: 'TimeoutError',
      phase: 'deadline',
      attempts: [{ outcome: 'service_unavailable' }, { outcome: 'timeout' }],
    });
  });

  it.each([
    ['html', 'response_validation'],
    ['empty', 'connection'],
    ['garbage', 'response_validation'],
    ['resetBeforeHeaders', 'connection'],
    ['resetAfterHeaders', 'connection'],
    ['refused', 'connection'],
  ] as const)('a 200 or a connection gone wrong, %s: %s', async (name, kind) => {
    for (const stream of [false, true]) {
      await using llm = createClient({ providers: providers() as never, use: [] });
      mock.enqueue('openai', fault[name]());
      const error = await rejection(llm.chat.completions.create({ ...ASK, stream }));
      expect(error).toMatchObject({ kind, provider: 'openai' });
    }
  });

  it('an error inside a 200 has a status of its own, never 200', async () => {
    await using llm = createClient({ providers: providers() as never, use: [] });
    for (const id of ['openai', 'anthropic', 'groq']) {
      for (const stream of [false, true]) {
        mock.enqueue(id, fault.errorEvent());
        const error = await rejection(llm.chat.completions.create({ ...ASK, model: `${id}/m`, stream }));
        expect(error).toMatchObject({ kind: 'service_unavailable' });
        expect((error as LLMError).status).toBeGreaterThanOrEqual(500);
      }
    }
  });
});
