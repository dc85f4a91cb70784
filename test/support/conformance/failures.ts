import { expect } from 'vitest';
import type { MockFailureName } from '../../../src/contract/mock.ts';
import { KINDS } from '../../../src/errors/kinds.ts';
import type { ErrorKind, LLMError } from '../../../src/index.ts';
import { AuthenticationError, ConfigurationError, errorFromJSON } from '../../../src/index.ts';
import type { Fault } from '../../../src/testing/index.ts';
import { fault } from '../../../src/testing/index.ts';
import { mockProvider } from '../../../src/testing/mock-dialects.ts';
import { messages } from './answers.ts';
import type { Bench, Each } from './bench.ts';
import { failureOf, read, typed } from './reading.ts';

/** What each failure must become, in whatever words the provider says it. */
const KIND_OF: Readonly<Record<MockFailureName, ErrorKind>> = {
  rateLimit: 'rate_limit',
  overloaded: 'service_unavailable',
  unavailable: 'service_unavailable',
  quota: 'insufficient_credits',
  contextWindow: 'context_window_exceeded',
  contentPolicy: 'content_policy_violation',
  auth: 'authentication',
  notFound: 'not_found',
  badRequest: 'bad_request',
  internal: 'internal_server',
};

/** What it may become inside a 200, where no status tells: a service that is unavailable is one that failed. */
const vaguely = (name: MockFailureName, { errorCodes }: Bench['can']): readonly ErrorKind[] =>
  errorCodes && name !== 'unavailable' ? [KIND_OF[name]] : [KIND_OF[name], 'internal_server'];

const NAMES = Object.keys(KIND_OF) as MockFailureName[];

const failing = (failure: MockFailureName, retryAfterSeconds?: number): Fault => ({
  type: 'fault',
  name: 'failure',
  failure,
  ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
});

/** What holds for every error that a provider's answer became. */
function expectComplete(error: LLMError, { id, model }: Bench): void {
  expect(error).toMatchObject({ provider: id, llmProvider: id, model: model.slice(id.length + 1) });
  expect(error.message).toContain(id);
  expect(error.reason).toMatch(/\S/);
  expect(error.attempts).toHaveLength(1);
  expect(error.attempts[0]).toMatchObject({ number: 1, outcome: error.kind, provider: id });
  expect(errorFromJSON(JSON.parse(JSON.stringify(error)))).toMatchObject({ kind: error.kind, message: error.message });
}

export function failuresConform(each: Each): void {
  for (const name of NAMES) {
    each(`understands ${name}`, async (bench) => {
      const { id, llm, model, enqueue } = bench;
      const { status } = mockProvider(id).dialect.failure(name, undefined, {});
      for (const stream of [false, true]) {
        enqueue(failing(name));
        const error = await failureOf(llm.chat.completions.create({ model, messages, stream }));
        expect(error.kind).toBe(KIND_OF[name]);
        expect(error.status).toBe(status === 200 ? KINDS[error.kind].canonicalStatus : status);
        expect(error.retryable).toBe(KINDS[error.kind].retryable);
        expectComplete(error, bench);
      }
    });

    each(`understands ${name} inside a 200`, async (bench) => {
      const { llm, model, can, enqueue } = bench;
      const kinds = vaguely(name, can);
      enqueue(
        fault.errorEvent(0, { failure: name }),
        fault.errorEvent(0, { failure: name }),
        ...(can.streams === false ? [] : [fault.errorEvent(3, { failure: name })]),
      );
      for (const stream of [false, true]) {
        const error = await failureOf(llm.chat.completions.create({ model, messages, stream }));
        expect(kinds).toContain(error.kind);
        expect(error.status).toBeGreaterThanOrEqual(400);
        expectComplete(error, bench);
      }
      if (can.streams === false) return;
      const broken = await read(await llm.chat.completions.create({ model, messages, stream: true }));
      const error = typed(broken.error);
      expect(kinds).toContain(error.kind);
      expect(error.status).toBeGreaterThanOrEqual(400);
      expect(broken.content).toBe('word1 word2 word3');
      expect((error as { partial?: unknown }).partial).toMatchObject({ content: broken.content, tool_calls: [] });
    });
  }

  each('waits as long as it is told to', async ({ llm, model, enqueue }) => {
    for (const name of ['rateLimit', 'overloaded'] as const) {
      enqueue(failing(name, 7));
      const error = await failureOf(llm.chat.completions.create({ model, messages }));
      // where an envelope has no place for a wait, none is invented
      if (name === 'rateLimit' || error.retryAfterMs !== undefined) expect(error.retryAfterMs).toBe(7000);
    }
  });

  each('takes Retry-After for its word in any failure that passes', async ({ llm, model, enqueue }) => {
    for (const status of [429, 503, 500]) {
      enqueue(fault.status(status, {}, { 'retry-after': '3' }));
      expect(await failureOf(llm.chat.completions.create({ model, messages }))).toMatchObject({ status, retryAfterMs: 3000 });
    }
  });

  each('refuses a wrong key as the provider does', async (bench) => {
    const llm = bench.client({}, { apiKey: 'wrong' });
    for (const stream of [false, true]) {
      const error = await failureOf(llm.chat.completions.create({ model: bench.model, messages, stream }));
      expect(error).toBeInstanceOf(AuthenticationError);
      expectComplete(error, bench);
    }
  });

  each(
    'asks for its key by the name of the variable',
    async ({ client, model, can, received }) => {
      const llm = client({}, { apiKey: undefined });
      const error = await failureOf(llm.chat.completions.create({ model, messages }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(error.message).toContain(can.keys[0]);
      expect(error.message).toContain(can.keySettings?.[0] ?? 'apiKey');
      expect(received()).toEqual([]);
    },
    (can) => !can.keyless,
  );

  each(
    'answers without a key',
    async ({ client, model, received }) => {
      await client({}, { apiKey: undefined }).chat.completions.create({ model, messages });
      expect(received()[0]?.headers).not.toHaveProperty('authorization');
    },
    (can) => can.keyless,
  );

  each(
    'asks for its address',
    async ({ client, model, can, received }) => {
      const error = await failureOf(client({}, { baseURL: undefined }).chat.completions.create({ model, messages }));
      expect(error).toBeInstanceOf(ConfigurationError);
      for (const setting of can.needs) expect(error.message).toContain(setting);
      expect(received()).toEqual([]);
    },
    (can) => can.needs.length > 0,
  );

  each(
    'fails at once where the service is gone',
    async ({ client, model, received }) => {
      const error = await failureOf(client({}, { baseURL: undefined }).chat.completions.create({ model, messages }));
      expect(error).toMatchObject({ kind: 'not_found', code: 'model_retired' });
      expect(received()).toEqual([]);
    },
    (can) => can.retired !== undefined,
  );
}
