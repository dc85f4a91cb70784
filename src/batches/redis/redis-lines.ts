import type { LineTokens, StoredLine, StoredLines, StoredResult } from '../store.ts';
import type { RedisLink } from './redis-link.ts';

/**
 * Stores a result unless the line has one. KEYS: pending, results, order, done, batch. ARGV: number, result, ok, input, cached,
 * output, reasoning, cost.
 */
const FINISH = `
if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('RPUSH', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[1], ARGV[1])
redis.call('HINCRBY', KEYS[5], ARGV[3] == '1' and 'completed' or 'failed', 1)
redis.call('HINCRBY', KEYS[5], 'input_tokens', ARGV[4])
redis.call('HINCRBY', KEYS[5], 'cached_tokens', ARGV[5])
redis.call('HINCRBY', KEYS[5], 'output_tokens', ARGV[6])
redis.call('HINCRBY', KEYS[5], 'reasoning_tokens', ARGV[7])
if ARGV[8] ~= '' then redis.call('HINCRBYFLOAT', KEYS[5], 'cost_usd', ARGV[8]) end
return 1`;

const NO_TOKENS: LineTokens = { input: 0, cached: 0, output: 0, reasoning: 0 };

/** The lines of batches with their results: places in `lines`, numbers in `pending`, then `results`, `order` and `done`. */
export class RedisLines implements StoredLines {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  async add(batchId: string, lines: readonly StoredLine[]): Promise<void> {
    if (lines.length === 0) return;
    const steps = this.#link.redis.multi();
    for (const { number, customId, start, length } of lines) {
      steps.hset(this.#link.key('lines', batchId), number, JSON.stringify([customId, start, length]));
      steps.zadd(this.#link.key('pending', batchId), number, number);
    }
    await steps.exec();
  }

  async clear(batchId: string): Promise<void> {
    await this.#link.redis.del(this.#link.key('lines', batchId), this.#link.key('pending', batchId));
  }

  async pending(batchId: string, after: number, limit: number): Promise<StoredLine[]> {
    const numbers = await this.#link.redis.zrangebyscore(
      this.#link.key('pending', batchId),
      `(${after}`,
      '+inf',
      'LIMIT',
      0,
      limit,
    );
    if (numbers.length === 0) return [];
    const rows = await this.#link.redis.hmget(this.#link.key('lines', batchId), ...numbers);
    return numbers.flatMap((number, i) => {
      const row = rows[i];
      if (row === null || row === undefined) return [];
      const [customId, start, length] = JSON.parse(row) as [string, number, number];
      return [{ number: Number(number), customId, start, length }];
    });
  }

  async finish(batchId: string, { number, ok, line }: StoredResult, tokens: LineTokens = NO_TOKENS): Promise<void> {
    const names = ['pending', 'results', 'order'].map((name) => this.#link.key(name, batchId));
    const keys = [...names, this.#link.key('done', batchId, ok ? 1 : 0), this.#link.key('batch', batchId)];
    const { input, cached, output, reasoning, costUSD } = tokens;
    const result = JSON.stringify({ ok, line });
    await this.#link.run(FINISH, keys, [number, result, ok ? 1 : 0, input, cached, output, reasoning, costUSD ?? '']);
  }

  async results(batchId: string, after: number, limit: number): Promise<(StoredResult & { place: number })[]> {
    const found: (StoredResult & { place: number })[] = [];
    for (let from = after; found.length === 0; from += limit) {
      const numbers = await this.#link.redis.lrange(this.#link.key('order', batchId), from, from + limit - 1);
      if (numbers.length === 0) break;
      const results = await this.#read(batchId, numbers);
      results.forEach((result, i) => {
        if (result !== undefined) found.push({ ...result, place: from + i + 1 });
      });
    }
    return found;
  }

  async inOrder(batchId: string, ok: boolean, after: number, limit: number): Promise<StoredResult[]> {
    const done = this.#link.key('done', batchId, ok ? 1 : 0);
    const numbers = await this.#link.redis.zrangebyscore(done, `(${after}`, '+inf', 'LIMIT', 0, limit);
    return (await this.#read(batchId, numbers)).filter((result) => result !== undefined);
  }

  async #read(batchId: string, numbers: readonly string[]): Promise<(StoredResult | undefined)[]> {
    if (numbers.length === 0) return [];
    const rows = await this.#link.redis.hmget(this.#link.key('results', batchId), ...numbers);
    return numbers.map((number, i) => {
      const row = rows[i];
      return row === null || row === undefined
        ? undefined
        : { number: Number(number), ...(JSON.parse(row) as Omit<StoredResult, 'number'>) };
    });
  }
}
