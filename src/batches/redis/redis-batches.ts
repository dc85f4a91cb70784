import type { Batch, ListPage, PageQuery } from '../../contract/batches.ts';
import { ENDED } from '../batch-steps.ts';
import { withSums } from '../batch-sums.ts';
import type { BatchRecord, StoredBatches } from '../store.ts';
import { pageOf } from './pages.ts';
import type { RedisFiles } from './redis-files.ts';
import type { RedisLink } from './redis-link.ts';

/** Adds a batch unless it is there. KEYS: batch, batches, unfinished, seq. ARGV: id, object, status, input, request. */
const ADD = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'object', ARGV[2], 'status', ARGV[3], 'input', ARGV[4], 'request', ARGV[5], 'version', 0)
redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[4]), ARGV[1])
redis.call('SADD', KEYS[3], ARGV[1])
return 1`;

/** Writes a batch that nobody else has written since. KEYS: batch, unfinished, lines, pending. ARGV: version, object, status, id, ended. */
const WRITE = `
if redis.call('HGET', KEYS[1], 'version') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'object', ARGV[2], 'status', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'version', 1)
if ARGV[5] == '1' then
  redis.call('SREM', KEYS[2], ARGV[4])
  redis.call('DEL', KEYS[3], KEYS[4])
end
return 1`;

/** Batches as JSON, with their counts beside them. */
export class RedisBatches implements StoredBatches {
  readonly #link: RedisLink;
  readonly #files: RedisFiles;

  constructor(link: RedisLink, files: RedisFiles) {
    this.#link = link;
    this.#files = files;
  }

  async add({ batch, key, order }: BatchRecord): Promise<BatchRecord | undefined> {
    const keys = [this.#link.key('batch', batch.id), ...['batches', 'unfinished', 'seq'].map((name) => this.#link.key(name))];
    const values = [batch.id, JSON.stringify(batch), batch.status, batch.input_file_id, order];
    if ((await this.#link.run(ADD, keys, values)) === 1) return undefined;
    // the id follows from the key: a batch that is there has the same one
    const known = await this.#read(batch.id);
    if (known === undefined) return undefined;
    return { batch: known.batch, order: known.request, ...(key === undefined ? {} : { key }) };
  }

  async get(id: string): Promise<Batch | undefined> {
    return (await this.#read(id))?.batch;
  }

  async change(id: string, from: readonly Batch['status'][], changes: Partial<Batch>): Promise<Batch | undefined> {
    for (;;) {
      const known = await this.#read(id);
      if (known === undefined || !from.includes(known.batch.status)) return undefined;
      const changed = { ...known.batch, ...changes };
      const ended = ENDED.has(changed.status);
      const mine = (name: string): string => this.#link.key(name, id);
      const keys = [mine('batch'), this.#link.key('unfinished'), mine('lines'), mine('pending')];
      const values = [known.version, JSON.stringify(changed), changed.status, id, ended ? '1' : '0'];
      if ((await this.#link.run(WRITE, keys, values)) !== 1) continue;
      if (ended) await this.#files.sweep();
      return changed;
    }
  }

  async list(query: PageQuery): Promise<ListPage<Batch>> {
    return pageOf(this.#link, this.#link.key('batches'), query, (id) => this.get(id));
  }

  async unfinished(): Promise<Batch[]> {
    const ids = await this.#link.redis.smembers(this.#link.key('unfinished'));
    const batches = await Promise.all(ids.map((id) => this.get(id)));
    return batches.filter((batch) => batch !== undefined).sort((a, b) => a.created_at - b.created_at);
  }

  async #read(id: string): Promise<{ batch: Batch; version: string; request: string } | undefined> {
    const row = await this.#link.redis.hgetall(this.#link.key('batch', id));
    if (row.object === undefined) return undefined;
    return { batch: batchOf(row), version: row.version ?? '', request: row.request ?? '' };
  }
}

function batchOf(row: Readonly<Record<string, string>>): Batch {
  const sum = (name: string): number => Number(row[name] ?? 0);
  return withSums(JSON.parse(row.object ?? '{}') as Batch, {
    completed: sum('completed'),
    failed: sum('failed'),
    input: sum('input_tokens'),
    cached: sum('cached_tokens'),
    output: sum('output_tokens'),
    reasoning: sum('reasoning_tokens'),
    costUSD: row.cost_usd === undefined ? undefined : Number(row.cost_usd),
  });
}
