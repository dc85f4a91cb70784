import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Batch, LLMError } from '../../../src/index.ts';
import { ConflictError, isLLMError, NotFoundError, retry } from '../../../src/index.ts';
import { fault, reply } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';
import { chatRequest, collected, type NativeClient, startNativeClient } from '../../support/native-client.ts';

const endpoint = '/v1/chat/completions';

interface Facts {
  readonly provider: string;
  /** It tells the counts of a batch. */
  readonly counts: boolean;
  readonly metadata: boolean;
  /** Lists come in pages. */
  readonly pages: boolean;
  /** It has a status before a batch runs, and one while it is being cancelled. */
  readonly early: boolean;
  readonly cancelling: boolean;
  /** A batch that has ended can be found to be cancelled. */
  readonly creation: RegExp;
  /** Lines that were never run, and why, of which it says nothing. */
  readonly untold?: readonly string[];
}

const OPENAI = { counts: true, metadata: true, pages: true, early: true, cancelling: true, creation: /\/batches$/ };
const PROVIDERS: readonly Facts[] = [
  { provider: 'openai', ...OPENAI },
  { provider: 'azure', ...OPENAI },
  { provider: 'groq', ...OPENAI, pages: false },
  {
    provider: 'anthropic',
    ...{ counts: true, metadata: false, pages: true, early: false, cancelling: false, creation: /\/v1\/messages\/batches$/ },
  },
  {
    provider: 'gemini',
    ...{ counts: true, metadata: false, pages: true, early: true, cancelling: false, creation: /:batchGenerateContent$/ },
    ...{ untold: ['batch_expired'] },
  },
  {
    provider: 'mistral',
    ...{ ...OPENAI, cancelling: false, creation: /\/batch\/jobs$/, untold: ['batch_expired', 'batch_cancelled'] },
  },
  { provider: 'together_ai', ...OPENAI, counts: false, metadata: false, pages: false, cancelling: false },
];

let rig: NativeClient;
beforeEach(async () => {
  rig = await startNativeClient(PROVIDERS.map(({ provider }) => provider));
});
afterEach(() => rig.close());

const order = (provider: string, texts: readonly string[] = ['hi']) => ({
  provider,
  endpoint,
  model: `${provider}/some-model`,
  requests: texts.map((text) => chatRequest(text)),
});

describe.each(PROVIDERS)(
  'a batch at $provider',
  ({ provider, counts, metadata, pages, early, cancelling, creation, untold = [] }) => {
    const sent = (): number => rig.mock.requests.filter(({ method, path }) => method === 'POST' && creation.test(path)).length;

    it('is made of requests, followed through each status, and read', async () => {
      rig.mock.enqueue(provider, reply('one'), fault.rateLimit(), reply('three'));
      async function* requests() {
        yield chatRequest('1');
        yield { custom_id: 'two', ...chatRequest('2') };
        yield chatRequest('3', { model: `${provider}/some-model` });
      }
      const batch = await rig.llm.batches.create({
        provider,
        endpoint,
        model: 'some-model',
        requests: requests(),
        ...(metadata ? { metadata: { a: 'b' } } : {}),
      });
      expect(batch).toMatchObject({ object: 'batch', endpoint, status: early ? 'validating' : 'in_progress' });
      expect(batch.native_status).toEqual(expect.any(String));
      expect(batch.created_at).toBeGreaterThan(1_700_000_000);
      expect(batch.created_at).toBeLessThan(10_000_000_000);

      const running = await rig.llm.batches.retrieve(batch.id, { provider });
      expect(running).toMatchObject({ id: batch.id, status: 'in_progress' });
      const completed = await rig.llm.batches.retrieve(batch.id, { provider });
      expect(completed).toMatchObject({ id: batch.id, status: 'completed' });
      expect(completed.completed_at).toBeGreaterThanOrEqual(batch.created_at);
      if (counts) expect(completed.request_counts).toEqual({ total: 3, completed: 2, failed: 1 });
      if (metadata) expect(completed.metadata).toEqual({ a: 'b' });

      const lines = await rig.results(batch.id, provider);
      const byId = new Map(lines.map((line) => [line.custom_id, line]));
      expect([...byId.keys()].sort()).toEqual(['request-1', 'request-3', 'two']);
      for (const [id, content] of Object.entries({ 'request-1': 'one', 'request-3': 'three' })) {
        expect(byId.get(id)).toMatchObject({
          error: null,
          response: {
            status_code: 200,
            body: { object: 'chat.completion', choices: [{ message: { role: 'assistant', content } }] },
          },
        });
      }
      expect(byId.get('two')).toMatchObject({
        error: null,
        response: { status_code: 429, body: { error: { message: expect.any(String), code: 'rate_limit_exceeded' } } },
      });
    });

    it('is found in lists, newest first, over all pages', async () => {
      const ids: string[] = [];
      for (let i = 0; i < 3; i++) ids.unshift((await rig.llm.batches.create(order(provider))).id);
      const page = await rig.llm.batches.list({ provider, limit: 2 });
      if (pages) expect(page.data.map(({ id }) => id)).toEqual(ids.slice(0, 2));
      expect(page.has_more).toBe(pages);
      expect(page).toMatchObject({ object: 'list', first_id: ids[0], last_id: page.data.at(-1)?.id });
      const all: Batch[] = await collected(rig.llm.batches.list({ provider, limit: 2 }));
      expect(all.map(({ id }) => id)).toEqual(ids);
    });

    it('can be cancelled while it runs, twice, and keeps what was done', async () => {
      rig.mock.enqueueBatch(provider, { done: 1, visits: 5 });
      rig.mock.enqueue(provider, reply('done'));
      const { id } = await rig.llm.batches.create(order(provider, ['a', 'b']));
      await rig.llm.batches.retrieve(id, { provider });
      const cancelled = await rig.llm.batches.cancel(id, { provider });
      if (cancelling) expect(cancelled.status).toBe('cancelling');
      await rig.llm.batches.cancel(id, { provider });
      const ended = await rig.ended(id, provider);
      expect(ended.status).toBe('cancelled');
      expect(ended.cancelled_at).toEqual(expect.any(Number));
      const lines = await rig.results(id, provider);
      expect(lines.find(({ custom_id }) => custom_id === 'request-1')?.response?.status_code).toBe(200);
      if (untold.includes('batch_cancelled')) return;
      expect(lines.find(({ custom_id }) => custom_id === 'request-2')).toMatchObject({
        response: null,
        error: { code: 'batch_cancelled' },
      });
    });

    it('that has ended cannot be cancelled: a conflict, which is not repeated', async () => {
      const llm = rig.make({ use: [retry({ by: { conflict: 3 } })] });
      const { id } = await rig.llm.batches.create(order(provider));
      await rig.ended(id, provider);
      const error = await rejection(llm.batches.cancel(id, { provider }));
      expect(error).toBeInstanceOf(ConflictError);
      expect(error).toMatchObject({ retryable: false, provider });
      expect((error as LLMError).attempts).toHaveLength(1);
    });

    it('that nobody knows is not found', async () => {
      const { id } = await rig.llm.batches.create(order(provider));
      const unknown = `${id.slice(0, -1)}${id.endsWith('9') ? '8' : '9'}`;
      expect(await rejection(rig.llm.batches.retrieve(unknown, { provider }))).toBeInstanceOf(NotFoundError);
      expect(await rejection(rig.llm.batches.cancel(unknown, { provider }))).toBeInstanceOf(NotFoundError);
    });

    it('that expires keeps its finished lines and tells of the others', async () => {
      rig.mock.enqueueBatch(provider, { ends: 'expired', done: 1 });
      const { id } = await rig.llm.batches.create(order(provider, ['a', 'b']));
      const ended = await rig.ended(id, provider);
      expect(ended.status).toMatch(/^(expired|completed)$/);
      const lines = await rig.results(id, provider);
      if (untold.includes('batch_expired')) return expect(lines.every(({ response }) => response !== null)).toBe(true);
      expect(lines.map(({ custom_id, error }) => [custom_id, error?.code ?? null]).sort()).toEqual([
        ['request-1', null],
        ['request-2', 'batch_expired'],
      ]);
    });

    it('is refused with the typed errors of calls', async () => {
      const llm = rig.make({ providers: { [provider]: { apiKey: 'wrong', baseURL: rig.mock.baseURL(provider) } } });
      expect(isLLMError(await rejection(llm.batches.create(order(provider))), 'authentication')).toBe(true);
      rig.mock.enqueueBatch(provider, fault.rateLimit({ retryAfterSeconds: 7 }));
      expect(await rejection(rig.llm.batches.create(order(provider)))).toMatchObject({ kind: 'rate_limit', retryable: true });
    });

    it('is made again after a refusal, and not after a lost answer', async () => {
      const llm = rig.make({ use: [retry({ minDelay: 1, maxDelay: 1 })] });
      const { id: input_file_id } = await fileOf(provider);
      rig.mock.enqueueBatch(provider, fault.rateLimit());
      const made = await llm.batches.create({ provider, endpoint, model: 'm', ...input_file_id });
      expect(made.id).toEqual(expect.any(String));
      expect(sent()).toBe(2);

      for (const lost of [fault.resetBeforeHeaders(), fault.status(500), fault.empty(), fault.stall(0)]) {
        const before = sent();
        rig.mock.enqueueBatch(provider, lost);
        const error = await rejection(llm.batches.create({ provider, endpoint, model: 'm', ...input_file_id }, { timeout: 300 }));
        expect(error).toMatchObject({ retryable: false });
        expect(sent() - before).toBe(1);
      }
    });

    it('that is asked about is asked again after a failure', async () => {
      const llm = rig.make({ use: [retry({ minDelay: 1, maxDelay: 1 })] });
      const { id } = await rig.llm.batches.create(order(provider));
      rig.mock.enqueueBatch(provider, fault.resetBeforeHeaders(), fault.unavailable());
      expect((await llm.batches.retrieve(id, { provider })).id).toBe(id);
    });

    it('ends with the signal, while it is made, waited for and read', async () => {
      rig.mock.enqueueBatch(provider, fault.stall(0));
      const aborter = new AbortController();
      const creating = rejection(rig.llm.batches.create(order(provider), { signal: aborter.signal }));
      setImmediate(() => aborter.abort());
      expect(await creating).toMatchObject({ kind: 'aborted' });

      rig.mock.enqueueBatch(provider, { visits: 100 });
      const batch = await rig.llm.batches.create(order(provider));
      const leaving = new AbortController();
      const waiting = rejection(collected(rig.llm.batches.results(batch.id, { provider, signal: leaving.signal })));
      setImmediate(() => leaving.abort());
      expect(await waiting).toMatchObject({ kind: 'aborted' });
    });

    it('runs to its end by itself, with progress', async () => {
      const seen: string[] = [];
      rig.mock.enqueue(provider, reply('x'), reply('y'));
      const run = rig.llm.batches.run([chatRequest('1'), chatRequest('2')], {
        ...{ provider, endpoint, model: 'some-model', minPoll: 1, maxPoll: 2 },
        onProgress: ({ status }) => seen.push(status),
      });
      const lines = await collected(run);
      expect(lines.map(({ response }) => response?.status_code)).toEqual([200, 200]);
      expect(seen).toEqual(['in_progress', 'completed']);
      expect(await run.progress()).toMatchObject({ status: 'completed' });
    });

    it('is cancelled when its run is left', async () => {
      rig.mock.enqueueBatch(provider, { visits: 100 });
      const aborter = new AbortController();
      const run = rig.llm.batches.run([chatRequest('1')], {
        ...{ provider, endpoint, model: 'some-model', minPoll: 1, maxPoll: 2, signal: aborter.signal },
        onProgress: () => aborter.abort(),
      });
      expect(await rejection(collected(run))).toMatchObject({ kind: 'aborted' });
      expect((await rig.ended((await run.batch()).id, provider)).status).toBe('cancelled');
    });
  },
);

it('names both ways when there is neither an engine nor a provider', async () => {
  const error = await rejection(rig.llm.batches.retrieve('batch_1'));
  expect(error).toMatchObject({ kind: 'configuration', code: 'no_engine' });
  expect((error as Error).message).toMatch(/batchEngine\(\).*provider: 'openai'/);
});

it('tells of providers that have no batches', async () => {
  const llm = rig.make({ providers: { deepseek: { apiKey: 'k', baseURL: rig.mock.baseURL('deepseek') } } });
  const error = await rejection(llm.batches.retrieve('x', { provider: 'deepseek' }));
  expect(error).toMatchObject({ kind: 'unsupported_operation', provider: 'deepseek' });
});

/** A file of one request where the provider has files; the request itself where it has none. */
async function fileOf(
  provider: string,
): Promise<{ id: { input_file_id: string } | { requests: ReturnType<typeof chatRequest>[] } }> {
  try {
    const line = { custom_id: 'a', method: 'POST', url: endpoint, body: { model: 'm', messages: [] } };
    const file = new File([JSON.stringify(line)], 'batch.jsonl');
    return { id: { input_file_id: (await rig.llm.files.create({ provider, purpose: 'batch', file })).id } };
  } catch (error) {
    if (!isLLMError(error, 'unsupported_operation')) throw error;
    return { id: { requests: [chatRequest('hi')] } };
  }
}
