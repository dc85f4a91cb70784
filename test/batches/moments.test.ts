import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchStore } from '../../src/batches/index.ts';
import { batchEngine, sqliteStore } from '../../src/batches/index.ts';
import type { Batch, ClientOptions, LLMClient } from '../../src/index.ts';
import { createClient, OutOfMemoryError } from '../../src/index.ts';
import type { MockServer } from '../../src/testing/index.ts';
import { fakeClock, fault, reply, startMockServer } from '../../src/testing/index.ts';
import { contentOf } from '../support/batch-client.ts';
import { lineOf } from '../support/batch-server.ts';
import { until } from '../support/chained.ts';
import { rejectionOf } from '../support/layered.ts';
import { watchedStore } from '../support/watched-store.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-moments-'));
let mock: MockServer;
let files = 0;

beforeAll(async () => {
  mock = await startMockServer();
});
afterAll(async () => {
  await mock.close();
  rmSync(folder, { recursive: true, force: true });
});

const newPath = (): string => join(folder, `${++files}.db`);
const LINES = 4;
const order = { endpoint: '/v1/chat/completions', completion_window: '24h' } as const;
const text = Array.from({ length: LINES }, (_, i) => JSON.stringify(lineOf(`l${i}`))).join('\n');
const file = (content: string = text): File => new File([content], 'in.jsonl');

function clientOf(store: BatchStore, options: ClientOptions = {}): LLMClient {
  const providers = { anthropic: { apiKey: 'k', baseURL: mock.baseURL('anthropic') } };
  return createClient({ use: [], providers, batches: batchEngine({ store, concurrency: 2 }), ...options });
}

async function begin(llm: LLMClient, content?: string): Promise<string> {
  const { id: input_file_id } = await llm.files.create({ file: file(content), purpose: 'batch' });
  return (await llm.batches.create({ ...order, input_file_id })).id;
}

async function ended(llm: LLMClient, id: string): Promise<Batch> {
  for await (const _ of llm.batches.results(id));
  return llm.batches.retrieve(id);
}

/** The lines of both result files. */
async function inFiles(llm: LLMClient, { output_file_id, error_file_id }: Batch): Promise<[string[], string[]]> {
  const ids = async (id: string | undefined): Promise<string[]> =>
    (await contentOf(llm, id))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => (JSON.parse(line) as { custom_id: string }).custom_id);
  return [await ids(output_file_id), await ids(error_file_id)];
}

/** Does something before one call of the store after another, until a batch has come to its end without it. */
async function atEveryMoment(one: (moment: number) => Promise<boolean>): Promise<number> {
  for (let moment = 1; ; moment++) if (!(await one(moment))) return moment;
}

describe('at every moment of a batch', { timeout: 60_000 }, () => {
  it('a cancel: what was done is kept and counted, the rest is told as never run', async () => {
    const moments = await atEveryMoment(async (moment) => {
      let id: string | undefined;
      let asked: Promise<unknown> | undefined;
      let calls = 0;
      const store = watchedStore(sqliteStore(':memory:'), () => {
        if (id === undefined || ++calls !== moment) return;
        asked = llm.batches.cancel(id).catch((error: unknown) => error);
      });
      const llm: LLMClient = clientOf(store);
      id = await begin(llm);
      const batch = await ended(llm, id);
      await asked;
      const { total = 0, completed = 0, failed = 0 } = batch.request_counts ?? {};
      expect(completed + failed).toBe(total);
      expect([0, LINES]).toContain(total);
      const [good, bad] = await inFiles(llm, batch);
      expect([good.length, bad.length]).toEqual([completed, failed]);
      expect(['completed', 'cancelled']).toContain(batch.status);
      await llm.close();
      return calls >= moment && batch.status === 'cancelled';
    });
    expect(moments).toBeGreaterThan(8);
  });

  it('the end of the client: nothing is lost, nothing is told as failed, and the end comes', async () => {
    let moments = 0;
    for (let moment = 1, reached = true; reached; moment++) {
      const path = newPath();
      let id: string | undefined;
      let closing: Promise<void> | undefined;
      let calls = 0;
      const store = watchedStore(sqliteStore(path), () => {
        if (id !== undefined && ++calls === moment) closing = llm.close();
      });
      const llm: LLMClient = clientOf(store);
      id = await begin(llm);
      const told = await ended(llm, id).catch((error: unknown) => error);
      reached = closing !== undefined;
      await (closing ?? llm.close());
      if (reached)
        expect((told as Batch).status === 'completed' || (told as { code: string }).code === 'store_closed').toBe(true);
      const next = clientOf(sqliteStore(path));
      const batch = await ended(next, id);
      expect(batch).toMatchObject({ status: 'completed', request_counts: { total: LINES, completed: LINES, failed: 0 } });
      expect(await inFiles(next, batch)).toEqual([['l0', 'l1', 'l2', 'l3'], []]);
      await next.close();
      moments = moment;
    }
    expect(moments).toBeGreaterThan(8);
  });

  it('a process that dies: every line is run, and none again whose result was stored', async () => {
    let moments = 0;
    for (let moment = 1, died = true; died; moment++) {
      const path = newPath();
      const base = sqliteStore(path);
      let id: string | undefined;
      let calls = 0;
      let dead: () => void = () => {};
      const death = new Promise<void>((resolve) => {
        dead = resolve;
      });
      const store = watchedStore(base, (_, name) => {
        // who watches is not the process
        if (id === undefined || name === 'get' || ++calls < moment) return;
        dead();
        return new Promise<never>(() => {});
      });
      const from = mock.requests.length;
      const llm = clientOf(store);
      id = await begin(llm);
      const finished = (async () => {
        for (;;) {
          const batch = await llm.batches.retrieve(id as string);
          if (batch.status === 'completed') return;
          await new Promise(setImmediate);
        }
      })();
      await Promise.race([death, finished]);
      died = calls >= moment;
      const { completed = 0 } = (await base.batches.get(id))?.request_counts ?? {};
      await base.close();
      finished.catch(() => {});
      const next = clientOf(sqliteStore(path));
      const batch = await ended(next, id);
      expect(batch).toMatchObject({ status: 'completed', request_counts: { total: LINES, completed: LINES, failed: 0 } });
      expect(await inFiles(next, batch)).toEqual([['l0', 'l1', 'l2', 'l3'], []]);
      expect(mock.requests.length - from).toBeLessThanOrEqual(LINES + 2);
      expect(completed).toBeLessThanOrEqual(LINES);
      await next.close();
      moments = moment;
    }
    expect(moments).toBeGreaterThan(5);
  });

  it('a process that dies after a cancel: the batch is cancelled', async () => {
    let moments = 0;
    for (let moment = 1, died = true; died; moment++) {
      const path = newPath();
      const base = sqliteStore(path);
      let cancelled = false;
      let calls = 0;
      let dead: () => void = () => {};
      const death = new Promise<void>((resolve) => {
        dead = resolve;
      });
      const store = watchedStore(base, (_, name) => {
        if (!cancelled || name === 'get' || ++calls < moment) return;
        dead();
        return new Promise<never>(() => {});
      });
      const from = mock.requests.length;
      mock.enqueue('anthropic', reply('ok'), fault.stall(0), fault.stall(0));
      const llm = clientOf(store);
      const id = await begin(llm);
      await until(() => mock.requests.length - from === 3);
      await llm.batches.cancel(id);
      cancelled = true;
      const finished = (async () => {
        while ((await llm.batches.retrieve(id)).status !== 'cancelled') await new Promise(setImmediate);
      })();
      finished.catch(() => {});
      await Promise.race([death, finished]);
      died = calls >= moment;
      await base.close();
      const next = clientOf(sqliteStore(path));
      const batch = await ended(next, id);
      expect(batch).toMatchObject({ status: 'cancelled', request_counts: { total: LINES, completed: 1, failed: 3 } });
      expect(await inFiles(next, batch)).toEqual([['l0'], ['l1', 'l2', 'l3']]);
      expect(mock.requests.length - from).toBe(3);
      await next.close();
      moments = moment;
    }
    expect(moments).toBeGreaterThan(3);
  });
});

describe('a window that ended while no engine had the file', () => {
  it('of a batch that ran: nothing is sent any more', async () => {
    const path = newPath();
    const clock = fakeClock();
    const from = mock.requests.length;
    mock.enqueue('anthropic', reply('ok'), fault.stall(0), fault.stall(0));
    const first = clientOf(sqliteStore(path), { clock });
    const id = await begin(first);
    await until(() => mock.requests.length - from === 3);
    await first.close();
    await clock.advance(90_000_000);
    const second = clientOf(sqliteStore(path), { clock });
    const batch = await ended(second, id);
    expect(batch).toMatchObject({ status: 'expired', request_counts: { total: LINES, completed: 1, failed: 3 } });
    expect(await inFiles(second, batch)).toEqual([['l0'], ['l1', 'l2', 'l3']]);
    expect(mock.requests.length - from).toBe(3);
    await second.close();
  });

  it('of a batch that was not yet read: it expires without a line', async () => {
    const path = newPath();
    const clock = fakeClock();
    let id: string | undefined;
    const held = watchedStore(sqliteStore(path), (_, name) => {
      if (id !== undefined && name === 'read') void first.close();
    });
    const first: LLMClient = clientOf(held, { clock });
    id = (await first.files.create({ file: file(), purpose: 'batch' })).id;
    const { id: batchId } = await first.batches.create({ ...order, input_file_id: id });
    await first.close();
    await clock.advance(90_000_000);
    const second = clientOf(sqliteStore(path), { clock });
    expect(await ended(second, batchId)).toMatchObject({
      status: 'expired',
      request_counts: { total: 0, completed: 0, failed: 0 },
    });
    await second.close();
  });
});

describe('files whose time is over', () => {
  it('are gone for whoever asks, also without a list, and no batch reads them', async () => {
    const clock = fakeClock();
    const llm = clientOf(sqliteStore(':memory:'), { clock });
    const { id } = await llm.files.create({
      file: file(),
      purpose: 'batch',
      expires_after: { anchor: 'created_at', seconds: 3600 },
    });
    const batch = await llm.batches.create({
      ...order,
      input_file_id: id,
      output_expires_after: { anchor: 'created_at', seconds: 7200 },
    });
    const { output_file_id = '' } = await ended(llm, batch.id);
    await clock.advance(3_600_000);
    expect(await rejectionOf(llm.files.retrieve(id))).toMatchObject({ kind: 'not_found' });
    const late = await llm.batches.create({ ...order, input_file_id: id });
    expect((await ended(llm, late.id)).errors?.data).toMatchObject([{ code: 'invalid_request', param: 'file_id' }]);
    expect((await llm.files.retrieve(output_file_id)).expires_at).toBe(
      (await llm.files.retrieve(output_file_id)).created_at + 7200,
    );
    await clock.advance(3_700_000);
    expect(await rejectionOf(llm.files.content(output_file_id))).toMatchObject({ kind: 'not_found' });
    await llm.close();
  });
});

describe('a store that is out of room for a while', () => {
  it('the batch fails as soon as that can be written; who waits for it is told, and the process is not kept busy', async () => {
    const clock = fakeClock();
    let full = false;
    let refused = 0;
    const full507 = new OutOfMemoryError({ message: 'the disk of the batch store is full', status: 507, code: 'disk_full' });
    const store = watchedStore(sqliteStore(':memory:'), (_, name) => {
      if (name === 'finish') full = true;
      if (!full || (name !== 'finish' && name !== 'change')) return;
      refused++;
      return Promise.reject(full507);
    });
    const llm = clientOf(store, { clock });
    const id = await begin(llm);
    const waiting = ended(llm, id);
    await until(() => refused > 1);
    expect((await llm.batches.retrieve(id)).status).toBe('in_progress');
    full = false;
    // from here on nothing is stored as finished, for the batch has stopped
    await clock.advance(1000);
    expect(await waiting).toMatchObject({
      status: 'failed',
      errors: { data: [{ code: 'internal_error', message: 'the disk of the batch store is full', line: null, param: null }] },
    });
    await llm.close();
  });
});

describe('waiting for results', () => {
  it('ends with its signal, whenever that aborts', async () => {
    mock.enqueue('anthropic', ...Array.from({ length: 2 }, () => fault.stall(0)));
    const from = mock.requests.length;
    let before: () => void = () => {};
    const store = watchedStore(sqliteStore(':memory:'), () => before());
    const llm = clientOf(store);
    const id = await begin(llm);
    await until(() => mock.requests.length - from === 2);
    for (const moment of [1, 2, 3]) {
      const stop = new AbortController();
      let calls = 0;
      before = () => {
        if (++calls === moment) stop.abort(new Error('enough'));
      };
      const results = llm.batches.results(id, { signal: stop.signal })[Symbol.asyncIterator]();
      const waited = rejectionOf(results.next());
      setTimeout(() => stop.abort(new Error('enough')), 50);
      expect(await waited).toMatchObject({ message: 'enough' });
    }
    before = () => {};
    await llm.close();
  });
});

describe('the store', () => {
  it('does not grow with what was deleted', async () => {
    const path = newPath();
    const store = sqliteStore(path);
    const llm = clientOf(store);
    const { statSync } = await import('node:fs');
    const sizes: number[] = [];
    for (let i = 0; i < 6; i++) {
      const large = `${text}\n${' '.repeat(2_000_000)}\n`;
      const { id: input_file_id } = await llm.files.create({ file: file(large), purpose: 'batch' });
      const { id } = await llm.batches.create({ ...order, input_file_id });
      const { output_file_id = '' } = await ended(llm, id);
      await llm.files.delete(input_file_id);
      await llm.files.delete(output_file_id);
      expect(await store.lines.results(id, 0, 10)).toEqual([]);
      sizes.push(statSync(path).size + statSync(`${path}-wal`).size);
    }
    expect(sizes.at(-1)).toBeLessThan((sizes[1] ?? 0) * 1.2);
    await llm.close();
  });
});
