import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchStore } from '../../src/batches/index.ts';
import { batchEngine, sqliteStore } from '../../src/batches/index.ts';
import { createClient } from '../../src/index.ts';
import type { BatchClient } from '../support/batch-client.ts';
import { startBatchClient } from '../support/batch-client.ts';
import { lineOf } from '../support/batch-server.ts';
import { rejectionOf } from '../support/layered.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-batches-'));
let rig: BatchClient;

beforeAll(async () => {
  rig = await startBatchClient({ maxLines: 3, maxLineBytes: 1_000_000 });
});
afterAll(async () => {
  await rig.close();
  rmSync(folder, { recursive: true, force: true });
});

const line = (id: string, changes?: object): string => JSON.stringify(lineOf(id, changes));
const body = (changes: object): object => ({
  body: { model: 'openai/gpt-5-mini', messages: [{ role: 'user', content: 'Hi' }], ...changes },
});

describe('a file that is refused', () => {
  it.each([
    ['no JSONL', 'one,two\n1,2\n', 'table.csv'],
    ['another name', line('a'), 'input.json'],
    ['empty', '', 'input.jsonl'],
    ['a byte-order mark', `\ufeff${line('a')}`, 'input.jsonl'],
    ['no UTF-8', new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), 'input.jsonl'],
    ['a blank first line', `\n${line('a')}`, 'input.jsonl'],
  ])('%s', async (_, content, name) => {
    const before = await rig.llm.files.list();
    const error = await rejectionOf(rig.upload(content, name));
    expect(error).toMatchObject({
      kind: 'bad_request',
      status: 400,
      reason: 'Invalid file format for Batch API. Must be .jsonl',
      type: 'invalid_request_error',
    });
    expect((await rig.llm.files.list()).data).toEqual(before.data);
  });

  it('too large: nothing of it is kept', async () => {
    const small = await startBatchClient({ maxFileBytes: 1000 });
    const error = await rejectionOf(small.upload(`${line('a')}\n${'x'.repeat(2000)}`));
    expect(error).toMatchObject({ kind: 'request_too_large', status: 413, param: 'file' });
    expect((await small.llm.files.list()).data).toEqual([]);
    await small.close();
  });

  it('an unknown purpose', async () => {
    const file = new File([line('a')], 'a.jsonl');
    const error = await rejectionOf(rig.llm.files.create({ file, purpose: 'party' as never }));
    expect(error).toMatchObject({ kind: 'bad_request', param: 'purpose', code: 'invalid_value' });
  });

  it('no file at all', async () => {
    const error = await rejectionOf(rig.llm.files.create({ file: 'input.jsonl' as never, purpose: 'batch' }));
    expect(error).toMatchObject({ kind: 'configuration', param: 'file' });
  });
});

describe('a batch that fails', () => {
  const longest = `${'y'.repeat(1_000_001)}`;
  it.each<[string, string | Uint8Array, object[]]>([
    ['a line that is no JSON object', `${line('a')}\n[1]`, [{ code: 'invalid_request', line: 2, param: null }]],
    ['an empty object', '{}\n', [{ code: 'missing_required_parameter' }, {}, {}, {}]],
    [
      'one line too many',
      ['a', 'b', 'c', 'd'].map((id) => line(id)).join('\n'),
      [{ code: 'too_many_tasks', line: 4, param: null }],
    ],
    ['one custom_id twice', `${line('a')}\n\n${line('a')}`, [{ code: 'duplicate_custom_id', line: 3, param: 'custom_id' }]],
    [
      'several models',
      `${line('a', body({ model: 'openai/a' }))}\n${line('b', body({ model: 'openai/b' }))}`,
      [{ code: 'model_mismatch', line: 2, param: 'body.model' }],
    ],
    [
      'a line that is too long',
      `${line('a')}\n${line('b', body({ user: longest }))}`,
      [{ code: 'invalid_request', line: 2, param: null }],
    ],
    [
      'bytes that are no UTF-8 in a later line',
      Buffer.concat([Buffer.from(`${line('a')}\n`), Buffer.from([0x22, 0xc3, 0x22])]),
      [{ code: 'invalid_json_line', line: 2, param: null }],
    ],
    ['another method', line('a', { method: 'GET' }), [{ code: 'invalid_request', line: 1, param: 'method' }]],
    [
      'messages that are none',
      line('a', body({ messages: 'Hi' })),
      [{ code: 'invalid_request', line: 1, param: 'body.messages' }],
    ],
    ['a custom_id that is none', line('a', { custom_id: 7 }), [{ code: 'invalid_request', line: 1, param: 'custom_id' }]],
    [
      'several things in one line, in their order',
      line('a', { url: '/v1/embeddings', body: { stream: true, messages: 1 } }),
      [
        { code: 'invalid_url', param: 'url' },
        { code: 'streaming_unsupported', param: 'body.stream' },
        { code: 'invalid_request', param: 'body.model' },
        { code: 'invalid_request', param: 'body.messages' },
      ],
    ],
  ])('%s', async (_, content, errors) => {
    const sent = rig.mock.requests.length;
    const batch = await rig.run(content);
    expect(batch.status).toBe('failed');
    expect(batch.errors?.data).toMatchObject(errors);
    expect(batch.errors?.data).toHaveLength(errors.length);
    for (const { message } of batch.errors?.data ?? []) expect(message).toMatch(/\w{4,}/);
    expect(rig.mock.requests).toHaveLength(sent);
  });

  it.each<[string, number]>([
    ['first', 0],
    ['last', 1],
  ])('a line of 10 MB, as the %s one', async (_, place) => {
    const plain = await startBatchClient();
    const lines = [line('b')];
    lines.splice(place, 0, line('a', body({ user: 'x'.repeat(10_000_000) })));
    const batch = await plain.run(lines.join('\n'));
    expect(batch.errors?.data).toEqual([
      {
        code: 'invalid_request',
        message: 'This line is larger than the 8388608 bytes that a line may have.',
        line: place + 1,
        param: null,
      },
    ]);
    await plain.close();
  });

  it('a file that is one line without an end, of which no more is held than a line may have', async () => {
    const id = await rig.upload('x'.repeat(3_000_000));
    const batch = await rig.llm.batches.create({ input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h' });
    expect((await rig.ended(batch.id)).errors?.data).toMatchObject([{ code: 'invalid_request', line: 1, param: null }]);
  });

  it.each([
    ['\n', ''],
    ['\r\n', ''],
    ['\n', '\n'],
  ])('none: lines of exactly the limit that end in %j, with blank ones between them', async (end, last) => {
    const exact = line('a', body({ user: 'x'.repeat(1_000_000) }));
    const cut = exact.length - 1_000_000;
    const whole = line('a', body({ user: 'x'.repeat(1_000_000 - cut) }));
    expect(whole).toHaveLength(1_000_000);
    const batch = await rig.run(`${whole}${end}${end} \t${end}${line('b', body({}))}${end}${last}`);
    expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 2, completed: 2 } });
  });

  it('none: two batches of one file, which is deleted while they run', async () => {
    const id = await rig.upload(`${line('a')}\n${line('b')}`);
    const order = { input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h' } as const;
    const made = await Promise.all([rig.llm.batches.create(order), rig.llm.batches.create(order)]);
    while ((await rig.llm.batches.retrieve(made[1].id)).status === 'validating') await new Promise(setImmediate);
    await rig.llm.files.delete(id);
    for (const { id: batchId } of made) expect(await rig.ended(batchId)).toMatchObject({ request_counts: { completed: 2 } });
  });

  it('blank lines only', async () => {
    const id = await uploadUnchecked('\n \r\n\t\n');
    const batch = await rig.llm.batches.create({ input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h' });
    expect((await rig.ended(batch.id)).errors?.data).toEqual([
      { code: 'empty_batch', message: 'The input file has no requests.', line: null, param: null },
    ]);
  });

  it('a file without a byte', async () => {
    const id = await uploadUnchecked('');
    const batch = await rig.llm.batches.create({ input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h' });
    expect((await rig.ended(batch.id)).errors?.data).toEqual([
      { code: 'empty_file', message: 'The input file is empty.', line: null, param: null },
    ]);
  });

  it('a file that vanished before it was read', async () => {
    const id = await rig.upload(line('a'));
    const created = rig.llm.batches.create({ input_file_id: id, endpoint: '/v1/chat/completions', completion_window: '24h' });
    await rig.llm.files.delete(id);
    const batch = await created;
    expect((await rig.ended(batch.id)).errors?.data).toMatchObject([{ code: 'invalid_request', param: 'file_id', line: null }]);
  });

  it('tells at most 1000 errors', async () => {
    const many = await startBatchClient();
    const batch = await many.run(Array.from({ length: 1500 }, () => '{}').join('\n'));
    expect(batch.errors?.data).toHaveLength(1000);
    await many.close();
  });

  /** A file of another purpose is not looked into. */
  async function uploadUnchecked(content: string): Promise<string> {
    return (await rig.llm.files.create({ file: new File([content], 'a.jsonl'), purpose: 'user_data' })).id;
  }
});

describe('an order that is refused', () => {
  it.each<[string, object, string, string]>([
    ['no endpoint', { endpoint: undefined }, 'endpoint', 'missing_required_parameter'],
    ['a file id that is no text', { input_file_id: 7 }, 'input_file_id', 'invalid_type'],
    ['metadata that is a list', { metadata: ['a'] }, 'metadata', 'invalid_type'],
    [
      'too many pairs',
      { metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])) },
      'metadata',
      'object_above_max_properties',
    ],
    ['a name of metadata that is too long', { metadata: { ['k'.repeat(5000)]: 7 } }, 'metadata.kkkkkkkk', 'invalid_type'],
    ['a key that is too long', { idempotency_key: 'k'.repeat(513) }, 'idempotency_key', 'string_above_max_length'],
    ['a file id that is too long', { input_file_id: 'f'.repeat(513) }, 'input_file_id', 'string_above_max_length'],
    ['a value that is too long', { metadata: { note: 'x'.repeat(513) } }, 'metadata.note', 'string_above_max_length'],
    [
      'results that expire at once',
      { output_expires_after: { anchor: 'created_at', seconds: 1 } },
      'output_expires_after.seconds',
      'invalid_value',
    ],
    ['an endpoint without an operation here', { endpoint: '/v1/images/generations' }, 'endpoint', 'invalid_value'],
  ])('%s', async (_, changes, param, code) => {
    const order = { input_file_id: 'file-1', endpoint: '/v1/chat/completions', completion_window: '24h', ...changes };
    const error = await rejectionOf(rig.llm.batches.create(order as never));
    expect(error).toMatchObject({
      kind: 'bad_request',
      status: 400,
      type: 'invalid_request_error',
      param: expect.stringContaining(param),
      code,
    });
    expect((error as Error).message.length).toBeLessThan(300);
  });
});

describe('a store that does not serve', () => {
  const attached = (path: string): ReturnType<typeof createClient> => createClient({ batches: batchEngine({ path }) });

  it('two engines on one file: the second is told', async () => {
    const path = join(folder, 'shared.db');
    const first = attached(path);
    await first.batches.list();
    const second = attached(path);
    const error = await rejectionOf(Promise.resolve(second.batches.list()));
    expect(error).toMatchObject({ kind: 'configuration', code: 'store_in_use', param: 'batchEngine.path' });
    await second.close();
    await first.close();
    const third = attached(path);
    expect((await third.batches.list()).data).toEqual([]);
    await third.close();
  });

  it('a folder that is not there; a file that is none of ours', async () => {
    const nowhere = attached(join(folder, 'missing', 'a.db'));
    expect(await rejectionOf(nowhere.files.retrieve('x'))).toMatchObject({ kind: 'configuration', code: 'store_unreachable' });
    const foreign = join(folder, 'foreign.db');
    (await import('node:fs')).writeFileSync(foreign, 'this is no database, however long it may be '.repeat(50));
    const other = attached(foreign);
    expect(await rejectionOf(other.files.retrieve('x'))).toMatchObject({ kind: 'configuration', code: 'store_damaged' });
    await Promise.all([nowhere.close(), other.close()]);
  });

  it('a full disk: the upload is refused and leaves nothing; what was stored stays', async () => {
    const path = join(folder, 'full.db');
    const llm = attached(path);
    const kept = await llm.files.create({ file: new File([line('a')], 'a.jsonl'), purpose: 'batch' });
    await llm.close();
    const database = new DatabaseSync(path);
    const { page_count } = database.prepare('PRAGMA page_count').get() as { page_count: number };
    database.close();
    const full = createClient({ batches: batchEngine({ store: limited(path, page_count + 40) }) });
    const content = `${line('a')}\n${'x'.repeat(600_000)}`;
    const error = await rejectionOf(full.files.create({ file: new File([content], 'b.jsonl'), purpose: 'batch' }));
    expect(error).toMatchObject({ kind: 'out_of_memory', status: 507, code: 'disk_full' });
    expect((await full.files.list()).data.map(({ id }) => id)).toEqual([kept.id]);
    await full.close();
  });

  it('an engine without a client, and one with two', async () => {
    const engine = batchEngine({ path: ':memory:' });
    expect(await rejectionOf(engine.batches.list({}))).toMatchObject({ kind: 'configuration', code: 'no_client' });
    const llm = createClient({ batches: engine });
    expect(() => createClient({ batches: engine })).toThrow(/has a client already/);
    await llm.close();
  });

  it('a client without an engine', async () => {
    const llm = createClient();
    expect(await rejectionOf(llm.batches.retrieve('x'))).toMatchObject({ kind: 'configuration', code: 'no_engine' });
    expect(await rejectionOf(Promise.resolve(llm.files.list()))).toMatchObject({ kind: 'configuration', code: 'no_engine' });
    await llm.close();
  });

  it.each([
    [{ concurrency: 0 }, /batchEngine\.concurrency: expected a whole number ≥ 1, got 0/],
    [{ path: '' }, /batchEngine\.path: expected the path of a file/],
    [{ resultFormat: 'csv' }, /batchEngine\.resultFormat: expected "openai" or "llama-stack"/],
    [{ conncurrency: 3 }, /did you mean "concurrency"/],
  ])('wrong options %j', (options, message) => {
    expect(() => batchEngine(options as never)).toThrow(message);
  });
});

/** A store whose disk has room for so many pages only. */
function limited(path: string, pages: number): BatchStore {
  return sqliteStore(path, { maxPages: pages });
}
