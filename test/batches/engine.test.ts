import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { batchEngine, terminalProgress } from '../../src/batches/index.ts';
import { readLines } from '../../src/batches/line-reader.ts';
import type { BatchProgress } from '../../src/index.ts';
import { createClient, fallback, retry } from '../../src/index.ts';
import { fakeClock, fault, reply } from '../../src/testing/index.ts';
import { contentOf, startBatchClient } from '../support/batch-client.ts';
import { lineOf } from '../support/batch-server.ts';
import { until } from '../support/chained.ts';
import { rejectionOf } from '../support/layered.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-engine-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const jsonl = (count: number): string => Array.from({ length: count }, (_, i) => JSON.stringify(lineOf(`l${i}`))).join('\n');
const requests = (count: number, model?: string): { custom_id: string; body: Record<string, unknown> }[] =>
  Array.from({ length: count }, (_, i) => ({
    custom_id: `r${i}`,
    body: { ...(model && { model }), messages: [{ role: 'user', content: `number ${i}` }] },
  }));
const endpoint = '/v1/chat/completions';

describe('lines', () => {
  it('run with the layers of the client: retries and fallbacks', async () => {
    const rig = await startBatchClient({}, { use: [fallback(['openai/gpt-5-mini']), retry({ maxRetries: 0 })] });
    rig.mock.enqueue('anthropic', fault.unavailable());
    rig.mock.enqueue('openai', reply('from the second'));
    const batch = await rig.run(jsonl(1));
    expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 1, completed: 1, failed: 0 } });
    expect(await contentOf(rig.llm, batch.output_file_id)).toContain('from the second');
    await rig.close();
  });

  it('run at once as far as the engine allows, and of a run as far as it wants', async () => {
    const rig = await startBatchClient({ concurrency: 3 });
    let now = 0;
    let most = 0;
    const slow = (): Promise<ReturnType<typeof reply>> =>
      new Promise((resolve) => {
        most = Math.max(most, ++now);
        setTimeout(() => {
          now--;
          resolve(reply('ok'));
        }, 5);
      });
    rig.mock.enqueue('openai', ...Array.from({ length: 40 }, () => slow));
    await rig.llm.batches.run(requests(20), { endpoint, model: 'openai/gpt-5-mini' }).done();
    expect(most).toBe(3);
    most = 0;
    await rig.llm.batches.run(requests(20), { endpoint, model: 'openai/gpt-5-mini', concurrency: 1 }).done();
    expect(most).toBe(1);
    await rig.close();
  });

  it('of two batches take turns', async () => {
    const rig = await startBatchClient({ concurrency: 2 });
    const slow = async (): Promise<ReturnType<typeof reply>> => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return reply('ok');
    };
    rig.mock.enqueue('anthropic', ...Array.from({ length: 80 }, () => slow));
    const large = rig.run(jsonl(60));
    await until(() => rig.mock.requests.length > 4);
    const small = await rig.run(jsonl(5));
    expect(small.status).toBe('completed');
    expect(rig.mock.requests.length).toBeLessThan(40);
    expect((await large).status).toBe('completed');
    await rig.close();
  });
});

describe('the window', () => {
  it('expires: finished lines stay, the others are told as never run', async () => {
    const clock = fakeClock();
    const rig = await startBatchClient({ concurrency: 1 }, { clock });
    rig.mock.enqueue('anthropic', reply('done'), fault.stall(0));
    const id = await rig.upload(jsonl(3));
    const batch = await rig.llm.batches.create({ input_file_id: id, endpoint, completion_window: '24h' });
    await until(() => rig.mock.requests.length === 2);
    await clock.advance(86_400_000);
    const ended = await rig.ended(batch.id);
    expect(ended).toMatchObject({
      status: 'expired',
      expired_at: batch.created_at + 86_400,
      request_counts: { total: 3, completed: 1, failed: 2 },
    });
    const errors = (await contentOf(rig.llm, ended.error_file_id)).trim().split('\n');
    expect(errors.map((line) => (JSON.parse(line) as { error: object }).error)).toEqual(
      Array(2).fill({
        code: 'batch_expired',
        message: 'This request could not be executed before the completion window expired.',
      }),
    );
    await rig.close();
  });

  it('of an uploaded file ends too', async () => {
    const clock = fakeClock();
    const rig = await startBatchClient({}, { clock });
    const id = await rig.upload(jsonl(1));
    expect((await rig.llm.files.list()).data.map((file) => file.id)).toEqual([id]);
    await clock.advance(31 * 86_400_000);
    expect((await rig.llm.files.list()).data).toEqual([]);
    expect(await rejectionOf(rig.llm.files.content(id))).toMatchObject({ kind: 'not_found', status: 404 });
    await rig.close();
  });
});

describe('files in use', () => {
  it('a deleted input is read to the end by the batch that runs, and is gone then', async () => {
    const rig = await startBatchClient({ concurrency: 1 });
    let go: (answer: ReturnType<typeof reply>) => void = () => {};
    rig.mock.enqueue('anthropic', () => new Promise((resolve) => (go = resolve)));
    const id = await rig.upload(jsonl(3));
    const batch = await rig.llm.batches.create({ input_file_id: id, endpoint, completion_window: '24h' });
    await until(() => rig.mock.requests.length === 1);
    await rig.llm.files.delete(id);
    go(reply('ok'));
    expect(await rig.ended(batch.id)).toMatchObject({ status: 'completed', request_counts: { completed: 3 } });
    expect(await rejectionOf(rig.llm.files.retrieve(id))).toMatchObject({ kind: 'not_found' });
    await rig.close();
  });
});

describe('runs', () => {
  it('give results as they finish, with totals and progress', async () => {
    const rig = await startBatchClient();
    rig.mock.enqueue('openai', reply({ text: 'a', usage: { promptTokens: 7, completionTokens: 2 } }), fault.contextWindow());
    const told: BatchProgress[] = [];
    const run = rig.llm.batches.run(requests(2, 'openai/gpt-5-mini'), {
      endpoint,
      metadata: { job: 'j' },
      onProgress: (progress) => told.push(progress),
    });
    const results = new Map<string, number | undefined>();
    for await (const { custom_id, response } of run) results.set(custom_id, response?.status_code);
    expect([...results].sort()).toEqual([
      ['r0', 200],
      ['r1', 400],
    ]);
    expect(await run.progress()).toMatchObject({
      costUSD: (7 * 0.25 + 2 * 2) / 1e6,
      status: 'completed',
      total: 2,
      completed: 1,
      failed: 1,
      inputTokens: 7,
      outputTokens: 2,
    });
    expect(told.at(-1)).toMatchObject({ status: 'completed', total: 2 });
    expect((await run.batch()).metadata).toEqual({ job: 'j' });
    await rig.close();
  });

  it('take requests from an async iterable, number those without an id, and refuse what is none', async () => {
    const rig = await startBatchClient();
    async function* stream(): AsyncGenerator<{ body: Record<string, unknown> }> {
      for (const { body } of requests(3, 'openai/gpt-5-mini')) yield { body };
    }
    const ids: string[] = [];
    for await (const { custom_id } of rig.llm.batches.run(stream(), { endpoint })) ids.push(custom_id);
    expect(ids.sort()).toEqual(['request-1', 'request-2', 'request-3']);
    const broken = rig.llm.batches.run([{ body: 'Hi' } as never], { endpoint });
    expect(await rejectionOf(broken.done())).toMatchObject({ kind: 'configuration', param: 'requests[0]' });
    const wrong = rig.llm.batches.run([], { endpoint: '/v1/images' as never });
    expect(await rejectionOf(wrong.done())).toMatchObject({ kind: 'configuration', param: 'options.endpoint' });
    const refused = await rejectionOf(rig.llm.batches.run(requests(1), { endpoint }).done());
    expect(refused).toMatchObject({ kind: 'bad_request', code: 'invalid_request', param: 'body.model' });
    await rig.close();
  });

  it('of one name go on where an earlier process stopped, without reading the requests again', async () => {
    const path = join(folder, 'resumed.db');
    const first = await startBatchClient({ path, concurrency: 2 });
    first.mock.enqueue('openai', reply('1'), reply('2'), reply('3'), fault.stall(0), fault.stall(0));
    const run = first.llm.batches.run(requests(10, 'openai/gpt-5-mini'), { endpoint, id: 'nightly' });
    await run.batch();
    await until(() => first.mock.requests.length === 5);
    await first.close();

    const second = await startBatchClient({ path });
    const never = {
      [Symbol.iterator]: (): never => {
        throw new Error('the requests were read again');
      },
    };
    const again = second.llm.batches.run(never as never, { endpoint, id: 'nightly' });
    const ids: string[] = [];
    for await (const { custom_id } of again) ids.push(custom_id);
    expect(ids.sort()).toEqual(
      requests(10)
        .map(({ custom_id }) => custom_id)
        .sort(),
    );
    expect(second.mock.requests).toHaveLength(7);
    await second.close();
  });

  it('are cancelled by their signal and by leaving the loop', async () => {
    const rig = await startBatchClient({ concurrency: 1 });
    rig.mock.enqueue('openai', reply('1'), fault.stall(0));
    const stop = new AbortController();
    const run = rig.llm.batches.run(requests(5, 'openai/gpt-5-mini'), { endpoint, signal: stop.signal });
    const error = rejectionOf(run.done());
    await until(() => rig.mock.requests.length === 2);
    stop.abort(new Error('enough'));
    expect(await error).toMatchObject({ kind: 'aborted' });
    const { id } = await run.batch();
    expect(await rig.ended(id)).toMatchObject({ status: 'cancelled', request_counts: { completed: 1, failed: 4 } });

    rig.mock.enqueue('openai', reply('1'), fault.stall(0));
    const left = rig.llm.batches.run(requests(5, 'openai/gpt-5-mini'), { endpoint });
    for await (const _ of left) break;
    expect(await rig.ended((await left.batch()).id)).toMatchObject({ status: 'cancelled' });
    await rig.close();
  });

  it('are aborted while their requests are still being read', async () => {
    const rig = await startBatchClient();
    const stop = new AbortController();
    async function* endless(): AsyncGenerator<{ body: Record<string, unknown> }> {
      for (let i = 0; ; i++) {
        if (i === 1000) stop.abort(new Error('enough'));
        yield { body: { model: 'openai/m' } };
      }
    }
    const run = rig.llm.batches.run(endless(), { endpoint, signal: stop.signal });
    expect(await rejectionOf(run.done())).toMatchObject({ kind: 'aborted', cause: { message: 'enough' } });
    expect((await rig.llm.files.list()).data).toEqual([]);
    expect((await rig.llm.batches.list()).data).toEqual([]);
    await rig.close();
  });

  it('of one name that begin at the same time are one', async () => {
    const rig = await startBatchClient();
    const begun = [0, 1].map(() => rig.llm.batches.run(requests(3, 'openai/gpt-5-mini'), { endpoint, id: 'twins' }));
    const [first, second] = await Promise.all(begun.map((run) => run.done()));
    expect(first).toMatchObject({ status: 'completed', completed: 3 });
    expect(second).toEqual(first);
    expect(rig.mock.requests).toHaveLength(3);
    expect((await rig.llm.files.list({ purpose: 'batch' })).data).toHaveLength(1);
    await rig.close();
  });

  it('go on whatever a listener throws', async () => {
    const rig = await startBatchClient();
    const run = rig.llm.batches.run(requests(3, 'openai/gpt-5-mini'), {
      endpoint,
      onProgress: () => {
        throw new Error('of the listener');
      },
    });
    expect(await run.done()).toMatchObject({ status: 'completed', completed: 3 });
    await rig.close();
  });

  it('draw their progress on one line of a terminal, and a line for each tenth elsewhere', () => {
    const progress = (completed: number, status: BatchProgress['status'] = 'in_progress'): BatchProgress => ({
      id: 'batch_1',
      status,
      total: 100,
      completed,
      failed: 0,
      inputTokens: completed * 10,
      outputTokens: completed,
      costUSD: completed / 1000,
    });
    let terminal = '';
    const draw = terminalProgress({ isTTY: true, columns: 100, write: (text) => (terminal += text) });
    draw(progress(50));
    draw(progress(100, 'completed'));
    expect(terminal).toBe(
      `\r\u001b[K [${'#'.repeat(12)}${'-'.repeat(12)}] in_progress 50/100, 550 tokens, $0.0500\r\u001b[K [${'#'.repeat(24)}] completed 100/100, 1100 tokens, $0.1000\n`,
    );
    const lines: string[] = [];
    const tell = terminalProgress({ write: (text) => lines.push(text) });
    for (let i = 0; i <= 100; i++) tell(progress(i));
    tell(progress(100, 'completed'));
    expect(lines).toHaveLength(12);
  });
});

describe('result files', () => {
  it('may be written as the llama-stack server does', async () => {
    const rig = await startBatchClient({ resultFormat: 'llama-stack' });
    rig.mock.enqueue('anthropic', reply('good'), fault.contextWindow());
    const batch = await rig.run(jsonl(2));
    const good = JSON.parse(await contentOf(rig.llm, batch.output_file_id));
    expect(good).toEqual({
      id: expect.stringMatching(/^batch_req_/),
      custom_id: 'l0',
      response: { status_code: 200, request_id: expect.any(String), body: expect.any(String) },
    });
    expect(JSON.parse(good.response.body)).toMatchObject({ choices: [{ message: { content: 'good' } }] });
    expect(JSON.parse(await contentOf(rig.llm, batch.error_file_id))).toEqual({
      id: expect.stringMatching(/^batch_req_/),
      custom_id: 'l1',
      error: { type: 'request_failed', message: expect.stringMatching(/prompt is too long/) },
    });
    const { bytes } = await rig.llm.files.retrieve(batch.output_file_id ?? '');
    expect(bytes).toBe(Buffer.byteLength(await contentOf(rig.llm, batch.output_file_id)));
    await rig.close();
  });
});

describe('the end of a client', () => {
  it('lets running lines go without a result; the next one runs them', async () => {
    const path = join(folder, 'closed.db');
    const first = await startBatchClient({ path });
    first.mock.enqueue('anthropic', fault.stall(0), fault.stall(0));
    const id = await first.upload(jsonl(2));
    const { id: batchId } = await first.llm.batches.create({ input_file_id: id, endpoint, completion_window: '24h' });
    await until(() => first.mock.requests.length === 2);
    await first.close();
    const second = await startBatchClient({ path });
    expect(await second.ended(batchId)).toMatchObject({
      status: 'completed',
      request_counts: { total: 2, completed: 2, failed: 0 },
    });
    await second.close();
  });

  it('a client that is closed before it did anything leaves no file behind it', async () => {
    const llm = createClient({ batches: batchEngine({ path: ':memory:' }) });
    await llm.close();
    expect(await rejectionOf(Promise.resolve(llm.batches.list()))).toMatchObject({ kind: 'configuration', code: 'store_closed' });
  });
});

describe('the line reader', () => {
  it('finds the same lines wherever the bytes are cut', async () => {
    const text = fc
      .array(fc.constantFrom('a', 'é', '𝄞', '\n', '\r\n', ' ', 'xyz'), { maxLength: 60 })
      .map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat({ max: 7 }), { maxLength: 40 }), async (whole, sizes) => {
        const bytes = Buffer.from(whole);
        async function* pieces(): AsyncGenerator<Uint8Array> {
          let at = 0;
          for (const size of sizes) {
            yield bytes.subarray(at, at + size);
            at += size;
          }
          yield bytes.subarray(at);
        }
        const expected = whole.split('\n');
        if (expected.at(-1) === '') expected.pop();
        const found: string[] = [];
        let number = 0;
        for await (const line of readLines(pieces(), 1000)) {
          expect(line.number).toBe(++number);
          expect(Buffer.from(line.bytes ?? []).equals(bytes.subarray(line.start, line.start + line.length))).toBe(true);
          found.push(Buffer.from(line.bytes ?? []).toString());
        }
        expect(found).toEqual(expected.map((line) => line.replace(/\r$/, '')));
      }),
    );
  });

  it('lets a line pass that is too long, and holds nothing of it', async () => {
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('ab\n');
      for (let i = 0; i < 50; i++) yield Buffer.alloc(100, 120);
      yield Buffer.from('\ncd');
    }
    const lines: (readonly [number, number, string | undefined])[] = [];
    for await (const { number, length, bytes } of readLines(pieces(), 1000)) {
      lines.push([number, length, bytes && Buffer.from(bytes).toString()]);
    }
    expect(lines).toEqual([
      [1, 2, 'ab'],
      [2, 5000, undefined],
      [3, 2, 'cd'],
    ]);
  });
});
