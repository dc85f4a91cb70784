import type { FileObject } from 'openai/resources/files';
import type { ListPage, PageQuery } from '../../contract/batches.ts';
import { PIECE_BYTES, PieceCutter } from '../pieces.ts';
import type { FileDraft, StoredFiles } from '../store.ts';
import { pageOf } from './pages.ts';
import type { RedisLink } from './redis-link.ts';

/** A draft whose writer died goes by itself. */
const DRAFT_SECONDS = 86_400;

/** Files as pieces. */
export class RedisFiles implements StoredFiles {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  async draft(id: string): Promise<FileDraft> {
    return new Draft(this.#link, id, (file, pieces) => this.#add(file, { pieces: String(pieces.length) }, pieces));
  }

  async addResults(file: FileObject, batchId: string, ok: boolean): Promise<void> {
    await this.#add(file, { results_of: batchId, results_ok: ok ? '1' : '0' });
  }

  async get(id: string): Promise<FileObject | undefined> {
    const [object, hidden] = await this.#link.redis.hmget(this.#link.key('file', id), 'object', 'hidden');
    return object === null || object === undefined || hidden === '1' ? undefined : (JSON.parse(object) as FileObject);
  }

  async list(query: PageQuery & { readonly purpose?: string | undefined }): Promise<ListPage<FileObject>> {
    return pageOf(this.#link, this.#link.key('files'), query, async (id) => {
      const file = await this.get(id);
      return query.purpose === undefined || file?.purpose === query.purpose ? file : undefined;
    });
  }

  async read(
    id: string,
    start: number = 0,
    length: number = Number.POSITIVE_INFINITY,
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const known = await this.#link.redis.exists(this.#link.key('file', id));
    return known === 0 ? undefined : pieces(this.#link, id, start, length);
  }

  async resultsOf(id: string): Promise<{ batchId: string; ok: boolean } | undefined> {
    const [batchId, ok] = await this.#link.redis.hmget(this.#link.key('file', id), 'results_of', 'results_ok');
    return batchId === null || batchId === undefined ? undefined : { batchId, ok: ok === '1' };
  }

  async remove(id: string): Promise<boolean> {
    if ((await this.get(id)) === undefined) return false;
    await this.#link.redis
      .multi()
      .hset(this.#link.key('file', id), 'hidden', '1')
      .zrem(this.#link.key('files'), id)
      .zrem(this.#link.key('expiring'), id)
      .sadd(this.#link.key('hidden'), id)
      .exec();
    await this.sweep();
    return true;
  }

  async expire(now: number): Promise<void> {
    for (const id of await this.#link.redis.zrangebyscore(this.#link.key('expiring'), '-inf', String(now))) await this.remove(id);
  }

  /** Deletes what hidden files hold, but for what an unfinished batch still reads. */
  async sweep(): Promise<void> {
    const { redis } = this.#link;
    const hidden = await redis.smembers(this.#link.key('hidden'));
    if (hidden.length === 0) return;
    const open = await redis.smembers(this.#link.key('unfinished'));
    const inputs = new Set(await Promise.all(open.map((id) => redis.hget(this.#link.key('batch', id), 'input'))));
    for (const id of hidden) {
      if (!inputs.has(id)) await this.#delete(id);
    }
  }

  /** @param pieces whose keys stay from now on. */
  async #add(file: FileObject, more: Readonly<Record<string, string>>, pieces: readonly string[] = []): Promise<void> {
    const key = this.#link.key('file', file.id);
    if ((await this.#link.redis.exists(key)) === 1) return;
    const seq = await this.#link.redis.incr(this.#link.key('seq'));
    const steps = this.#link.redis
      .multi()
      .hset(key, { object: JSON.stringify(file), ...more })
      .zadd(this.#link.key('files'), seq, file.id);
    for (const piece of pieces) steps.persist(piece);
    if (file.expires_at !== undefined) steps.zadd(this.#link.key('expiring'), file.expires_at, file.id);
    await steps.exec();
  }

  async #delete(id: string): Promise<void> {
    const { redis } = this.#link;
    const key = this.#link.key('file', id);
    const { pieces, results_of: batchId, results_ok: ok } = await redis.hgetall(key);
    for (let n = 0; n < Number(pieces ?? 0); n++) await redis.del(this.#link.key('piece', id, n));
    if (batchId !== undefined) {
      const done = this.#link.key('done', batchId, ok ?? '');
      const results = this.#link.key('results', batchId);
      const numbers = await redis.zrange(done, '0', '-1');
      for (let at = 0; at < numbers.length; at += 1000) await redis.hdel(results, ...numbers.slice(at, at + 1000));
      await redis.del(done);
      if ((await redis.exists(results)) === 0) await redis.del(this.#link.key('order', batchId));
    }
    await redis.multi().del(key).srem(this.#link.key('hidden'), id).exec();
  }
}

class Draft implements FileDraft {
  readonly #link: RedisLink;
  readonly #keep: (file: FileObject, pieces: readonly string[]) => Promise<void>;
  readonly #cutter: PieceCutter;
  readonly #pieces: string[] = [];

  constructor(link: RedisLink, id: string, keep: (file: FileObject, pieces: readonly string[]) => Promise<void>) {
    this.#link = link;
    this.#keep = keep;
    this.#cutter = new PieceCutter(async (piece) => {
      const key = link.key('piece', id, this.#pieces.length);
      this.#pieces.push(key);
      await link.redis.set(key, Buffer.from(piece), 'EX', DRAFT_SECONDS);
    });
  }

  get bytes(): number {
    return this.#cutter.bytes;
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#cutter.write(bytes);
  }

  async keep(file: FileObject): Promise<void> {
    await this.#cutter.end();
    await this.#keep(file, this.#pieces);
  }

  async discard(): Promise<void> {
    for (const piece of this.#pieces) await this.#link.redis.del(piece);
  }
}

async function* pieces(link: RedisLink, id: string, start: number, length: number): AsyncGenerator<Uint8Array, undefined> {
  let left = length;
  let skip = start % PIECE_BYTES;
  for (let n = Math.floor(start / PIECE_BYTES); left > 0; n++) {
    const whole = left >= PIECE_BYTES;
    const key = link.key('piece', id, n);
    const bytes = whole ? await link.redis.getBuffer(key) : await link.redis.getrangeBuffer(key, skip, skip + left - 1);
    if (bytes === null || bytes.byteLength === 0) return undefined;
    const part = whole ? bytes.subarray(skip) : bytes;
    skip = 0;
    left -= part.byteLength;
    yield part;
  }
  return undefined;
}
