import { ConflictError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fault, reply } from '../../src/testing/index.ts';
import type { BatchServer } from '../support/batch-server.ts';
import { lineOf, MODEL, resultLines, startBatchServer } from '../support/batch-server.ts';
import { rejectionOf } from '../support/layered.ts';

/** The whole life of files and batches, through the official client. */
let server: BatchServer;

beforeAll(async () => {
  server = await startBatchServer({ handler: { models: { fast: MODEL } } });
});
afterAll(() => server.close());

describe('files', () => {
  it('are uploaded, told of, listed, read and deleted', async () => {
    const { openai } = server;
    const text = `${JSON.stringify(lineOf('ä'))}\n`;
    const file = await server.upload(text, 'my input.jsonl');
    expect(file).toEqual({
      id: expect.stringMatching(/^file-[0-9a-f]+$/),
      object: 'file',
      bytes: Buffer.byteLength(text),
      created_at: expect.any(Number),
      expires_at: file.created_at + 2_592_000,
      filename: 'my input.jsonl',
      purpose: 'batch',
      status: 'processed',
    });
    expect(await openai.files.retrieve(file.id)).toEqual(file);
    expect((await openai.files.list()).data[0]).toEqual(file);
    const content = await openai.files.content(file.id);
    expect(content.headers.get('content-type')).toBe('application/octet-stream');
    expect(content.headers.get('content-disposition')).toBe('attachment; filename="my input.jsonl"');
    expect(await content.text()).toBe(text);
    expect(await openai.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    for (const call of [
      openai.files.retrieve(file.id),
      openai.files.content(file.id),
      openai.files.delete(file.id),
    ] as Promise<unknown>[]) {
      expect(await rejectionOf(call)).toBeInstanceOf(NotFoundError);
    }
  });

  it('are listed by page, in both orders and by purpose', async () => {
    const { openai } = server;
    const [a, b, c] = [
      await server.upload([lineOf('a')]),
      await server.upload([lineOf('b')]),
      await server.upload([lineOf('c')]),
    ];
    const newest = await openai.files.list({ limit: 2 });
    expect(newest.data.map(({ id }) => id)).toEqual([c?.id, b?.id]);
    expect(newest).toMatchObject({ has_more: true });
    expect((await newest.getNextPage()).data[0]?.id).toBe(a?.id);
    const all: string[] = [];
    for await (const { id } of openai.files.list({ limit: 1, order: 'asc', purpose: 'batch' })) all.push(id);
    expect(all.slice(-3)).toEqual([a?.id, b?.id, c?.id]);
    expect((await openai.files.list({ purpose: 'vision' })).data).toEqual([]);
    expect((await openai.files.list({ after: 'file-unknown', limit: 1 })).data[0]?.id).toBe(c?.id);
  });

  it('may be told when they expire, in the fields of the form', async () => {
    const file = await server.openai.files.create({
      file: new File([JSON.stringify(lineOf('a'))], 'a.jsonl'),
      purpose: 'batch',
      expires_after: { anchor: 'created_at', seconds: 3600 },
    });
    expect(file.expires_at).toBe(file.created_at + 3600);
  });
});

describe('a batch', () => {
  it('goes from validating to completed; results are matched by custom_id', async () => {
    const { mock, openai } = server;
    mock.enqueue('anthropic', reply({ text: 'first', usage: { promptTokens: 10, completionTokens: 3 } }), fault.contextWindow());
    const good = lineOf('good', { body: { model: 'fast', messages: [{ role: 'user', content: 'Hi' }] } });
    const bad = lineOf('bad', { body: { model: 'fast', messages: [{ role: 'user', content: 'Hi' }] } });
    const file = await server.upload([good, bad]);
    const batch = await server.create(file, { metadata: { customer: 'c-1' } });
    expect(batch).toMatchObject({
      object: 'batch',
      endpoint: '/v1/chat/completions',
      input_file_id: file.id,
      completion_window: '24h',
      status: 'validating',
      expires_at: batch.created_at + 86_400,
      metadata: { customer: 'c-1' },
    });
    const ended = await server.ended(batch);
    expect(ended).toMatchObject({
      status: 'completed',
      model: 'fast',
      request_counts: { total: 2, completed: 1, failed: 1 },
      usage: { input_tokens: 10, output_tokens: 3, total_tokens: 13 },
      in_progress_at: expect.any(Number),
      finalizing_at: expect.any(Number),
      completed_at: expect.any(Number),
    });
    const [answered] = await resultLines(openai, ended.output_file_id);
    expect(answered).toMatchObject({
      id: expect.stringMatching(/^batch_req_/),
      custom_id: 'good',
      response: { status_code: 200, request_id: 'req_011MockServer', body: { choices: [{ message: { content: 'first' } }] } },
      error: null,
    });
    const [refused] = await resultLines(openai, ended.error_file_id);
    expect(refused).toMatchObject({
      custom_id: 'bad',
      response: {
        status_code: 400,
        body: {
          error: { type: 'invalid_request_error', code: 'context_length_exceeded', param: null, message: expect.any(String) },
        },
      },
      error: null,
    });
    for (const id of [ended.output_file_id, ended.error_file_id]) {
      const { purpose, bytes } = await openai.files.retrieve(id ?? '');
      expect({ purpose, bytes }).toEqual({
        purpose: 'batch_output',
        bytes: Buffer.byteLength(await (await openai.files.content(id ?? '')).text()),
      });
    }
  });

  it('whose every line failed is completed, without an output file', async () => {
    server.mock.enqueue('anthropic', fault.status(401));
    const ended = await server.ended(await server.create(await server.upload([lineOf('a')])));
    expect(ended).toMatchObject({ status: 'completed', request_counts: { total: 1, completed: 0, failed: 1 } });
    expect(ended.output_file_id).toBeUndefined();
    expect(ended.error_file_id).toEqual(expect.any(String));
  });

  it('runs completions and embeddings too', async () => {
    const line = (custom_id: string, url: string, body: object): object => ({ custom_id, method: 'POST', url, body });
    const completions = await server.upload([
      line('a', '/v1/completions', { model: 'openai/gpt-3.5-turbo-instruct', prompt: 'Say' }),
    ]);
    const texts = await server.ended(await server.create(completions, { endpoint: '/v1/completions' }));
    expect((await resultLines(server.openai, texts.output_file_id))[0]).toMatchObject({
      response: { body: { object: 'text_completion', choices: [{ text: expect.any(String) }] } },
    });
    const vectors = await server.upload([
      line('one', '/v1/embeddings', { model: 'openai/text-embedding-3-small', input: 'kelp' }),
      line('three', '/v1/embeddings', { model: 'openai/text-embedding-3-small', input: ['a', 'b', 'c'] }),
    ]);
    const embedded = await server.ended(await server.create(vectors, { endpoint: '/v1/embeddings' }));
    const rows = new Map(
      (await resultLines(server.openai, embedded.output_file_id)).map((row) => [
        row.custom_id,
        (row as { response: { body: { data: { index: number }[] } } }).response.body.data.map(({ index }) => index),
      ]),
    );
    expect(rows).toEqual(
      new Map([
        ['one', [0]],
        ['three', [0, 1, 2]],
      ]),
    );
  });

  it('is cancelled at once; a second cancel is harmless', async () => {
    const file = await server.upload(Array.from({ length: 50 }, (_, i) => lineOf(`l${i}`)));
    const batch = await server.create(file);
    const cancelling = await server.openai.batches.cancel(batch.id);
    expect(['cancelling', 'cancelled']).toContain(cancelling.status);
    expect(cancelling.cancelling_at).toEqual(expect.any(Number));
    expect(['cancelling', 'cancelled']).toContain((await server.openai.batches.cancel(batch.id)).status);
    const ended = await server.ended(batch);
    expect(ended).toMatchObject({ status: 'cancelled', cancelled_at: expect.any(Number) });
  });

  it('keeps the lines that were done when it is cancelled; the others are told as never run', async () => {
    const slow = await startBatchServer({ engine: { concurrency: 1 } });
    try {
      slow.mock.enqueue('anthropic', reply('done'), fault.stall(0));
      const batch = await slow.create(await slow.upload([lineOf('a'), lineOf('b'), lineOf('c')]));
      while (slow.mock.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      await slow.openai.batches.cancel(batch.id);
      const ended = await slow.ended(batch);
      expect(ended).toMatchObject({ status: 'cancelled', request_counts: { total: 3, completed: 1, failed: 2 } });
      expect((await resultLines(slow.openai, ended.output_file_id)).map(({ custom_id }) => custom_id)).toEqual(['a']);
      expect(await resultLines(slow.openai, ended.error_file_id)).toEqual(
        ['b', 'c'].map((custom_id) => ({
          id: expect.stringMatching(/^batch_req_/),
          custom_id,
          response: null,
          error: { code: 'batch_cancelled', message: 'This request was not executed because the batch was cancelled.' },
        })),
      );
    } finally {
      await slow.close();
    }
  });

  it('is found again by its idempotency key, and only with the same order', async () => {
    const file = await server.upload([lineOf('a')]);
    const order = { metadata: { a: '1', b: '2' }, idempotency_key: 'unique-token-1' };
    const first = await server.create(file, order);
    const second = await server.create(file, { ...order, metadata: { b: '2', a: '1' } });
    expect(second).toMatchObject({ id: first.id, created_at: first.created_at });
    const conflict = await rejectionOf(server.create(file, { ...order, metadata: { a: '1' } }));
    expect(conflict).toBeInstanceOf(ConflictError);
    expect((conflict as ConflictError).error).toEqual({
      message: expect.stringMatching(/conflict.*different parameters/i),
      type: 'invalid_request_error',
      param: 'idempotency_key',
      code: 'idempotency_conflict',
    });
    expect((await server.openai.batches.retrieve(first.id)).metadata).toEqual({ a: '1', b: '2' });
  });

  it('is listed, newest first, by page', async () => {
    const file = await server.upload([lineOf('a')]);
    const [first, second] = [await server.create(file), await server.create(file)];
    const page = await server.openai.batches.list({ limit: 1 });
    expect(page.data.map(({ id }) => id)).toEqual([second?.id]);
    expect(page.hasNextPage()).toBe(true);
    expect((await page.getNextPage()).data[0]?.id).toBe(first?.id);
    await Promise.all([first, second].map((batch) => server.ended(batch as never)));
  });
});
