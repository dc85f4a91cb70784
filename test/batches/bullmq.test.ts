import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bullBatchEngine } from '../../src/batches/bullmq/index.ts';
import type { LLMClient } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import type { MockServer } from '../../src/testing/index.ts';
import { fault, reply, startMockServer } from '../../src/testing/index.ts';
import { contentOf } from '../support/batch-client.ts';
import { lineOf } from '../support/batch-server.ts';
import { until } from '../support/chained.ts';
import { rejectionOf } from '../support/layered.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';

const endpoint = '/v1/chat/completions';

describe.skipIf(redisMissing() !== undefined)('an engine over BullMQ', () => {
  let redis: RedisServer;
  let mock: MockServer;
  let prefixes = 0;
  const open: { close(): Promise<void> }[] = [];
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    mock = await startMockServer();
  });
  afterEach(async () => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
    for (const llm of open.splice(0)) await llm.close();
  });
  afterAll(async () => {
    await mock.close();
    await redis.close();
  });

  const prefix = (): string => `test-${++prefixes}`;

  function client(name: string, options: object = {}): LLMClient {
    const engine = bullBatchEngine({ connection: redis.url, prefix: name, concurrency: 4, lockMs: 1000, ...options });
    const settings = ['openai', 'anthropic'].map((id) => [id, { apiKey: 'k', baseURL: mock.baseURL(id) }]);
    const llm = createClient({ use: [], providers: Object.fromEntries(settings), batches: engine });
    open.push(llm);
    return llm;
  }

  async function worker(name: string): Promise<ChildProcess> {
    const program = join(import.meta.dirname, '../support/queue-process.ts');
    const child = spawn(process.execPath, [program, redis.url, mock.baseURL('openai'), name], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    running.push(child);
    await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
    return child;
  }

  const jsonl = (count: number): string =>
    Array.from({ length: count }, (_, i) => {
      const messages = [{ role: 'user', content: `line ${i}.` }];
      return JSON.stringify(lineOf(`l${i}`, { body: { model: 'openai/gpt-5-mini', messages } }));
    }).join('\n');

  async function begin(llm: LLMClient, text: string): Promise<string> {
    const { id } = await llm.files.create({ file: new File([text], 'in.jsonl'), purpose: 'batch' });
    return (await llm.batches.create({ input_file_id: id, endpoint, completion_window: '24h', metadata: { a: 'b' } })).id;
  }

  async function ended(llm: LLMClient, id: string): ReturnType<LLMClient['batches']['retrieve']> {
    for await (const _ of llm.batches.results(id));
    return llm.batches.retrieve(id);
  }

  it('runs a batch with the same results as the engine of one process', async () => {
    const llm = client(prefix());
    mock.enqueue('openai', fault.contextWindow());
    const id = await begin(llm, jsonl(70));
    const results = new Set<string>();
    for await (const { custom_id } of llm.batches.results(id)) results.add(custom_id);
    expect(results.size).toBe(70);
    const batch = await llm.batches.retrieve(id);
    expect(batch).toMatchObject({
      status: 'completed',
      metadata: { a: 'b' },
      model: 'openai/gpt-5-mini',
      request_counts: { total: 70, completed: 69, failed: 1 },
      usage: { input_tokens: 69 * 12, output_tokens: 69 * 5 },
    });
    const output = (await contentOf(llm, batch.output_file_id)).trim().split('\n');
    expect(output).toHaveLength(69);
    expect(JSON.parse(await contentOf(llm, batch.error_file_id))).toMatchObject({ response: { status_code: 400 } });
    expect(await llm.files.delete(batch.output_file_id ?? '')).toMatchObject({ deleted: true });
    expect(await rejectionOf(llm.files.content(batch.output_file_id ?? ''))).toMatchObject({ kind: 'not_found' });
  });

  it('tells what is wrong with a file, and keeps keys and pages', async () => {
    const llm = client(prefix());
    const failed = await ended(llm, await begin(llm, `${jsonl(1)}\n{bad`));
    expect(failed).toMatchObject({ status: 'failed', errors: { data: [{ code: 'invalid_json_line', line: 2 }] } });
    const { id: input_file_id } = await llm.files.create({ file: new File([jsonl(1)], 'a.jsonl'), purpose: 'batch' });
    const order = { input_file_id, endpoint, completion_window: '24h', idempotency_key: 'k' } as const;
    const first = await llm.batches.create(order);
    expect((await llm.batches.create(order)).id).toBe(first.id);
    expect(await rejectionOf(llm.batches.create({ ...order, metadata: { b: 'c' } }))).toMatchObject({ kind: 'conflict' });
    const ids: string[] = [];
    for await (const { id } of llm.batches.list({ limit: 1 })) ids.push(id);
    expect(ids).toEqual([first.id, failed.id]);
    expect((await llm.files.list({ purpose: 'batch' })).data).toHaveLength(2);
  });

  it('a process that only orders has its lines run by others; one that is killed loses nothing', {
    timeout: 60_000,
  }, async () => {
    const name = prefix();
    const desk = client(name, { works: false });
    const count = 300;
    const slow = async (): Promise<ReturnType<typeof reply>> => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      return reply('ok');
    };
    mock.enqueue('openai', ...Array.from({ length: count * 2 }, () => slow));
    const from = mock.requests.length;
    const [first] = await Promise.all([worker(name), worker(name)]);
    const id = await begin(desk, jsonl(count));
    await until(() => mock.requests.length - from > 100);
    const stored = new Set<string>();
    first?.kill('SIGKILL');
    await once(first as ChildProcess, 'exit');
    const killedAt = mock.requests.length;
    for await (const { custom_id } of desk.batches.results(id)) stored.add(custom_id);
    expect(await desk.batches.retrieve(id)).toMatchObject({
      status: 'completed',
      request_counts: { total: count, completed: count, failed: 0 },
    });
    expect(stored.size).toBe(count);
    const sent = mock.requests.slice(from).map(({ body }) => /line (\d+)\./.exec(JSON.stringify(body))?.[1]);
    expect(new Set(sent).size).toBe(count);
    // run twice: at most what the dead process had under way
    expect(sent.length - count).toBeLessThanOrEqual(4);
    expect(new Set(mock.requests.slice(from).map(({ headers }) => headers['x-worker'])).size).toBe(2);
    expect(mock.requests.length).toBeGreaterThan(killedAt);
    mock.enqueue('openai');
  });

  it('is cancelled from any process; finished lines stay', async () => {
    const name = prefix();
    const llm = client(name, { concurrency: 1 });
    const stalled = Array.from({ length: 5 }, () => fault.stall(0));
    await drain();
    mock.enqueue('openai', reply('done'), ...stalled);
    const from = mock.requests.length;
    const id = await begin(llm, jsonl(3));
    await until(() => mock.requests.length - from >= 2);
    const other = client(name, { works: false });
    expect(await other.batches.cancel(id)).toMatchObject({ status: 'cancelling' });
    expect(await ended(other, id)).toMatchObject({ status: 'cancelled', request_counts: { total: 3, completed: 1, failed: 2 } });
    await drain();
  });

  it('lets running lines go when its client is closed; another process runs them', async () => {
    const name = prefix();
    const first = client(name);
    await drain();
    mock.enqueue('openai', fault.stall(0), fault.stall(0));
    const from = mock.requests.length;
    const id = await begin(first, jsonl(2));
    await until(() => mock.requests.length - from >= 2);
    await first.close();
    const second = client(name);
    expect(await ended(second, id)).toMatchObject({ status: 'completed', request_counts: { total: 2, completed: 2 } });
  });

  it('a Redis that is not there is told by the first call', { timeout: 20_000 }, async () => {
    const llm = client(prefix(), { connection: 'redis://127.0.0.1:1' });
    const error = await rejectionOf(Promise.resolve(llm.batches.list()));
    expect(error).toMatchObject({
      kind: 'configuration',
      code: 'store_unreachable',
      reason: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each([
    [{ connection: 'http://x' }, /bullBatchEngine\.connection: expected a URL such as "redis:/],
    [{ connection: 'redis://x', prefix: 'a b' }, /bullBatchEngine\.prefix: expected letters/],
    [{ connection: 'redis://x', lockMs: 0 }, /bullBatchEngine\.lockMs: expected a whole number ≥ 1/],
  ])('wrong options %j', (options, message) => {
    expect(() => bullBatchEngine(options as never)).toThrow(message);
  });

  /** Takes what is left of the script. */
  async function drain(): Promise<void> {
    const llm = createClient({ use: [], providers: { openai: { apiKey: 'k', baseURL: mock.baseURL('openai') } } });
    for (let plain = 0; plain < 2; ) {
      const messages = [{ role: 'user' as const, content: 'drain' }];
      const answer = await llm.chat.completions.create({ model: 'openai/m', messages }, { timeout: 200 }).catch(() => undefined);
      if (answer?.choices[0]?.message.content === 'Hello from the mock server.') plain++;
    }
    await llm.close();
  }
});
