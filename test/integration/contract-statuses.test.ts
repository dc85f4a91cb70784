import type { ErrorKind, LLMError } from 'holdfast';
import { createClient, isLLMError } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { fault, startMockServer } from 'holdfast/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

const messages = [{ role: 'user' as const, content: 'hi' }];
const PROVIDERS = ['openai', 'anthropic', 'gemini', 'ollama', 'cohere', 'mistral', 'groq', 'huggingface'] as const;

let mock: MockServer;
beforeAll(async () => {
  mock = await startMockServer();
});
afterAll(() => mock.close());

async function failure(id: string, status: number, body: unknown, headers: Record<string, string> = {}): Promise<LLMError> {
  await using llm = createClient({ providers: { [id]: { apiKey: 'k', baseURL: mock.baseURL(id) } }, use: [] });
  mock.enqueue(id, fault.status(status, body, headers));
  const error = await rejection(llm.chat.completions.create({ model: `${id}/m`, messages }));
  if (isLLMError(error)) return error;
  throw error;
}

const STATUSES: readonly (readonly [ErrorKind, boolean, readonly number[]])[] = [
  ['bad_request', false, [400, 501, 405, 418]],
  ['authentication', false, [401]],
  ['permission_denied', false, [403]],
  ['not_found', false, [404, 410]],
  ['conflict', false, [409]],
  ['request_too_large', false, [413]],
  ['unprocessable_entity', false, [422]],
  ['rate_limit', true, [429]],
  ['insufficient_credits', false, [402]],
  ['internal_server', true, [500]],
  ['service_unavailable', true, [502, 503, 520, 521, 522, 523, 529]],
  ['out_of_memory', false, [507]],
  ['timeout', true, [408, 504, 524]],
];

describe('a status that says nothing else', () => {
  const rows = PROVIDERS.flatMap((id) =>
    STATUSES.flatMap(([kind, retryable, all]) => all.map((status) => [id, status, kind, retryable] as const)),
  );

  it.each(rows)('%s %i is %s', async (id, status, kind, retryable) => {
    for (const body of ['', 'odd text', { error: { message: 'something happened' } }, { odd: true }]) {
      const error = await failure(id, status, body);
      expect(error, String(error)).toMatchObject({ kind, status, retryable, provider: id });
      if (isLLMError(error, 'timeout')) expect(error.phase).toBe('server');
    }
  });
});

describe('what beats the status', () => {
  it('a window of an hour or more is not worth a retry', async () => {
    const body = { error: { message: 'slow down' } };
    expect(await failure('openai', 429, body, { 'retry-after': '30' })).toMatchObject({ retryable: true, retryAfterMs: 30_000 });
    expect(await failure('openai', 429, body, { 'retry-after': '3600' })).toMatchObject({ kind: 'rate_limit', retryable: false });
  });

  it.each([400, 402, 403, 429, 500])('money, at %i', async (status) => {
    const body = {
      error: { message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' },
    };
    expect(await failure('openai', status, body)).toMatchObject({ kind: 'insufficient_credits', status, retryable: false });
  });

  it.each([400, 413, 422, 500])('a prompt that does not fit, at %i', async (status) => {
    const body = { error: { message: 'too long', type: 'invalid_request_error', code: 'context_length_exceeded' } };
    expect(await failure('openai', status, body)).toMatchObject({ kind: 'context_window_exceeded', status });
  });

  it.each([400, 403, 500])('a filter, at %i', async (status) => {
    const body = { error: { message: 'filtered', code: 'content_filter' } };
    expect(await failure('openai', status, body)).toMatchObject({ kind: 'content_policy_violation', status });
  });

  it('a 401 or 403 keeps its class whatever its wording', async () => {
    const body = { error: { message: 'maximum context length, rate limit reached, server overloaded' } };
    expect(await failure('openai', 401, body)).toMatchObject({ kind: 'authentication' });
    expect(await failure('openai', 403, body)).toMatchObject({ kind: 'permission_denied' });
  });

  it('422 tells the fields', async () => {
    const body = { detail: [{ loc: ['body', 'messages', 0, 'content'], msg: 'Field required', type: 'missing' }] };
    const error = await failure('mistral', 422, body);
    expect(isLLMError(error, 'unprocessable_entity') && error.fieldErrors).toMatchObject([{ message: 'Field required' }]);
  });
});
