import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MockServer } from '../../src/testing/index.ts';
import { fault, startMockServer } from '../../src/testing/index.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';
import type { Orders } from '../support/sharing-process.ts';

const ROOT = join(import.meta.dirname, '../..');

/** A process that takes orders. */
class Worker {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  readonly ready: Promise<unknown>;
  #count = 0;

  constructor(redis: string, baseURL: string) {
    const { PATH = '', HOME = '' } = process.env;
    this.#child = fork(join(ROOT, 'test/support/sharing-process.ts'), [redis, baseURL], {
      cwd: ROOT,
      env: { PATH, HOME },
      execArgv: ['--import', './test/support/source-entries.ts'],
    });
    this.ready = new Promise((resolve, reject) => {
      this.#waiting.set(0, resolve);
      this.#child.once('exit', (code) => reject(new Error(`the process ended with ${code}`)));
    });
    this.#child.on('message', ({ id, answer }: { id: number; answer: unknown }) => this.#waiting.get(id)?.(answer));
  }

  do<N extends keyof Orders>(name: N, ...[value]: Parameters<Orders[N]>): ReturnType<Orders[N]> {
    const id = ++this.#count;
    this.#child.send({ id, name, value });
    return new Promise((resolve) => this.#waiting.set(id, resolve as (answer: unknown) => void)) as ReturnType<Orders[N]>;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

describe.skipIf(redisMissing() !== undefined)('two processes with one Redis', () => {
  let redis: RedisServer;
  let mock: MockServer;
  let [one, two] = [] as Worker[] as [Worker, Worker];
  beforeEach(async () => {
    [redis, mock] = await Promise.all([startRedis(), startMockServer()]);
    [one, two] = [0, 1].map(() => new Worker(redis.url, mock.baseURL('openai'))) as [Worker, Worker];
    await Promise.all([one.ready, two.ready]);
  });
  afterEach(async () => {
    one.kill();
    two.kill();
    await Promise.all([redis.close(), mock.close()]);
  });

  async function until<T>(wanted: T, ask: () => Promise<T>): Promise<void> {
    const end = performance.now() + 15_000;
    while ((await ask()) !== wanted) {
      if (performance.now() > end) throw new Error(`never ${wanted}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('count failures together, refuse together, and let one trial through', async () => {
    mock.enqueue('openai', ...Array.from({ length: 4 }, () => fault.unavailable()));
    for (const worker of [one, two, one, two]) expect(await worker.do('call')).toBe('service_unavailable');
    expect([await one.do('call'), await two.do('call')]).toEqual(['circuit_open', 'circuit_open']);
    expect(mock.requests).toHaveLength(4);
    await until('success', () => one.do('call'));
    expect(await two.do('call')).toBe('success');
    expect(mock.requests).toHaveLength(6);
  });

  it('draw on one budget and one account', async () => {
    expect([await one.do('tokens', 3), await two.do('tokens', 3), await two.do('tokens', 2)]).toEqual([true, false, true]);
    expect([await one.do('spend', 0.6), await two.do('spend', 0.6), await two.do('spend', 0.4)]).toEqual([true, false, true]);
  });

  it('one is killed while it holds a slot and a trial: the other gets both', async () => {
    mock.enqueue('openai', ...Array.from({ length: 4 }, () => fault.unavailable()), fault.stall());
    for (let calls = 0; calls < 4; calls++) await one.do('call');
    expect(await one.do('slot')).toBe(true);
    void one.do('call');
    await until(5, async () => {
      if (mock.requests.length < 5) void one.do('call');
      return mock.requests.length;
    });
    expect(await two.do('call')).toBe('circuit_open'); // while the trial runs
    await new Promise((resolve) => setTimeout(resolve, 2_500)); // longer than the lease, which the living renews
    expect([await two.do('call'), await two.do('slot')]).toEqual(['circuit_open', false]);
    one.kill();
    await until('success', () => two.do('call'));
    await until(true, () => two.do('slot'));
    expect(mock.requests).toHaveLength(6);
  });
});
