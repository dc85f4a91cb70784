import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bullBatchEngine } from '../../src/batches/bullmq/index.ts';
import { redisBatchStore } from '../../src/batches/redis/redis-batch-store.ts';
import type { Batch, LLMClient } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import type { MockServer } from '../../src/testing/index.ts';
import { fakeClock, fault, reply, startMockServer } from '../../src/testing/index.ts';
import { lineOf } from '../support/batch-server.ts';
import { until } from '../support/chained.ts';
import { rejectionOf } from '../support/layered.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';

const order = { endpoint: '/v1/chat/completions', completion_window: '24h' } as const;

describe.skipIf(redisMissing() !== undefined)('an engine over BullMQ whose surroundings fail', { timeout: 60_000 }, () => {
  let redis: RedisServer;
  let look: Redis;
  let mock: MockServer;
  let prefixes = 0;
  let open: LLMClient[] = [];

  beforeAll(async () => {
    redis = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
    look = new Redis(redis.url, { maxRetriesPerRequest: null });
    look.on('error', () => {});
  });
  afterEach(async () => {
    for (const llm of open) await llm.close();
    open = [];
    await mock.close();
  });
  afterAll(async () => {
    look.disconnect();
    await redis.close();
  });

  async function prefix(): Promise<string> {
    mock = await startMockServer();
    return `outage-${++prefixes}`;
  }

  function client(name: string, options: object = {}): LLMClient {
    const engine = bullBatchEngine({ connection: redis.url, prefix: name, concurrency: 4, lockMs: 500, ...options });
    const providers = { anthropic: { apiKey: 'k', baseURL: mock.baseURL('anthropic') } };
    const llm = createClient({ use: [], providers, batches: engine });
    open.push(llm);
    return llm;
  }

  const jsonl = (count: number, filling = ''): string =>
    Array.from({ length: count }, (_, i) => JSON.stringify(lineOf(`l${i}`)) + filling).join('\n');

  async function begin(llm: LLMClient, text: string): Promise<string> {
    const { id: input_file_id } = await llm.files.create({ file: new File([text], 'in.jsonl'), purpose: 'batch' });
    return (await llm.batches.create({ ...order, input_file_id })).id;
  }

  async function ended(llm: LLMClient, id: string): Promise<Batch> {
    for await (const _ of llm.batches.results(id));
    return llm.batches.retrieve(id);
  }

  async function eventually(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it('a process that ends while it reads a file puts the batch back, for another one', async () => {
    const name = await prefix();
    const desk = client(name, { works: false });
    const id = await begin(desk, jsonl(40, ' '.repeat(500_000)));
    const first = client(name);
    await first.batches.list();
    await eventually(async () => (await look.llen(`{${name}}:batches:active`)) === 1);
    await first.close();
    expect((await desk.batches.retrieve(id)).status).toBe('validating');
    const second = client(name);
    expect(await ended(second, id)).toMatchObject({ status: 'completed', request_counts: { total: 40, completed: 40 } });
  });

  it('a batch that no job leads to is found by those that work', async () => {
    const name = await prefix();
    const llm = client(name);
    const { id: input_file_id } = await llm.files.create({ file: new File([jsonl(2)], 'in.jsonl'), purpose: 'batch' });
    await llm.batches.list();
    // its process died between the two
    const store = redisBatchStore(redis.url, name);
    await store.open();
    const created_at = Math.floor(Date.now() / 1000);
    const batch = { id: 'batch_lost', object: 'batch', ...order, input_file_id, created_at, status: 'validating' } as const;
    await store.batches.add({ batch: { ...batch, expires_at: created_at + 86_400 }, order: '' });
    await store.close();
    expect(await ended(llm, 'batch_lost')).toMatchObject({ status: 'completed', request_counts: { total: 2, completed: 2 } });
  });

  it('nothing is left of files that were deleted, nor of uploads that were refused', async () => {
    const name = await prefix();
    const llm = client(name);
    mock.enqueue('anthropic', fault.contextWindow());
    const id = await begin(llm, jsonl(5));
    const { input_file_id, output_file_id = '', error_file_id = '' } = await ended(llm, id);
    for (const file of [input_file_id, output_file_id, error_file_id]) await llm.files.delete(file);
    const refused = new File(['x'.repeat(600_000)], 'in.jsonl');
    expect(await rejectionOf(llm.files.create({ file: refused, purpose: 'batch' }))).toMatchObject({ kind: 'bad_request' });
    await llm.close();
    const keys = (await look.keys(`{${name}}*`)).map((key) => key.replace(`{${name}}:`, ''));
    const own = keys.filter((key) => !/^(batches|parts):(meta|events|stalled-check|id|marker)$/.test(key));
    expect(own.sort()).toEqual([`batch:${id}`, 'batches', 'seq'].sort());
  });

  it('the window ends while lines run: what was done is kept, and every process lets the rest be', async () => {
    const name = await prefix();
    const clock = fakeClock();
    const engine = bullBatchEngine({ connection: redis.url, prefix: name, concurrency: 1, lockMs: 500 });
    const providers = { anthropic: { apiKey: 'k', baseURL: mock.baseURL('anthropic') } };
    const llm = createClient({ use: [], providers, batches: engine, clock });
    open.push(llm);
    mock.enqueue('anthropic', reply('ok'), fault.stall(0));
    const id = await begin(llm, jsonl(3));
    await until(() => mock.requests.length === 2);
    await clock.advance(86_400_000);
    await eventually(async () => {
      await clock.advance(500);
      return (await llm.batches.retrieve(id)).status === 'expired';
    });
    expect(await llm.batches.retrieve(id)).toMatchObject({ request_counts: { total: 3, completed: 1, failed: 2 } });
    expect(mock.requests).toHaveLength(2);
    // its end waits for nothing more
    await llm.close();
  });

  it('a Redis that is gone for a while: the batch goes on when it is back', async () => {
    const name = await prefix();
    const llm = client(name);
    const slow = async (): Promise<ReturnType<typeof reply>> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return reply('ok');
    };
    mock.enqueue('anthropic', ...Array.from({ length: 400 }, () => slow));
    const id = await begin(llm, jsonl(100));
    await until(() => mock.requests.length > 20);
    await redis.kill();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await redis.restart();
    await eventually(async () => (await look.hget(`{${name}}:batch:${id}`, 'status')) === 'completed');
    const batch = await llm.batches.retrieve(id);
    expect(batch).toMatchObject({ status: 'completed', request_counts: { total: 100, completed: 100, failed: 0 } });
  });

  it.each(['gone', 'frozen'])('a client whose Redis is %s can be closed all the same', async (how) => {
    const name = await prefix();
    const llm = client(name);
    mock.enqueue('anthropic', fault.stall(0), fault.stall(0));
    await begin(llm, jsonl(2));
    await until(() => mock.requests.length === 2);
    if (how === 'gone') await redis.kill();
    else redis.freeze();
    try {
      await llm.close();
    } finally {
      if (how === 'gone') await redis.restart();
      else redis.thaw();
    }
    expect(await rejectionOf(Promise.resolve(llm.batches.list()))).toMatchObject({ code: 'store_closed' });
  });
});
