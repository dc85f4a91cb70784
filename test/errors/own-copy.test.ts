import { describe, expect, it } from 'vitest';
import { errorOf } from '../../src/errors/catalogue.ts';
import type { ErrorKind } from '../../src/errors/kinds.ts';
import { KINDS } from '../../src/errors/kinds.ts';
import { completeError } from '../../src/errors/llm-error.ts';
import { ownCopy } from '../../src/errors/own-copy.ts';

const attempt = {
  provider: 'openai',
  model: 'gpt-5',
  number: 1,
  startedAt: 0,
  durationMs: 5,
  waitedMs: 0,
  outcome: 'connection' as const,
};

describe('a failure for another call', () => {
  it.each(Object.keys(KINDS) as ErrorKind[])('is the same in everything but its account: %s', (kind) => {
    const error = errorOf(kind, {
      message: 'no luck',
      provider: 'openai',
      model: 'gpt-5',
      status: 418,
      code: 'teapot',
      type: 'short_and_stout',
      param: 'spout',
      requestID: 'req_1',
      headers: new Headers({ 'x-request-id': 'req_1' }),
      error: { message: 'no luck' },
      retryable: true,
      retryAfterMs: 7,
      details: { handle: 'left' },
      phase: 'idle',
      partial: { content: 'a', reasoning_content: '', tool_calls: [], chunks: 1 },
      fieldErrors: [{ path: 'a', message: 'b' }],
    });
    completeError(error, [attempt, attempt], 'first-call');
    const copy = ownCopy(error);
    expect(copy).not.toBe(error);
    expect(copy.constructor).toBe(error.constructor);
    expect(copy.cause).toBe(error);
    expect(copy.attempts).toEqual([]);
    expect(copy.correlationId).toBe('');
    const account = { attempts: [], correlationId: '', message: copy.message };
    expect(copy.toJSON()).toEqual({ ...error.toJSON(), ...account });
    expect(copy.headers).toBe(error.headers);
    expect((copy as { error?: unknown }).error).toBe((error as { error?: unknown }).error);
    completeError(copy, [], 'second-call');
    expect([error.correlationId, error.attempts.length]).toEqual(['first-call', 2]);
  });
});
