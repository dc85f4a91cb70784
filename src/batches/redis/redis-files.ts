import type { FileObject } from 'openai/resources/files';
import type { ListPage, PageQuery } from '../../contract/batches.ts';
import type { FileDraft, StoredFiles } from '../store.ts';
import { pageOf } from './pages.ts';
import type { RedisLink } from './redis-link.ts';

const PIECE_BYTES = 256 * 1024;
/** A draft whose writer died goes by itself. */
const DRAFT_SECONDS = 86_400;

/** Files as pieces of equal size. */
export class RedisFiles implements StoredFiles {
  readonly #link: RedisLink;

  constructor(link: RedisLink) {
    this.#link = link;
  }

  async draft(): Promise<FileDraft> {
    return new Draft(this.#link, (file, content) => this.#add(file, { content }));
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
    const content = await this.#link.redis.hget(this.#link.key('file', id), 'content');
    return content === null ? undefined : pieces(this.#link, content, start, length);
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

  async #add(file: FileObject, more: Readonly<Record<string, string>>): Promise<void> {
    const key = this.#link.key('file', file.id);
    if ((await this.#link.redis.exists(key)) === 1) return;
    const seq = await this.#link.redis.incr(this.#link.key('seq'));
    const steps = this.#link.redis
      .multi()
      .hset(key, { object: JSON.stringify(file), ...more })
      .zadd(this.#link.key('files'), seq, file.id);
    if (file.expires_at !== undefined) steps.zadd(this.#link.key('expiring'), file.expires_at, file.id);
    await steps.exec();
  }

  async #delete(id: string): Promise<void> {
    const { redis } = this.#link;
    const key = this.#link.key('file', id);
    const { content, results_of: batchId, results_ok: ok } = await redis.hgetall(key);
    if (content !== undefined) {
      const count = Number(content.split('.')[1]);
      for (let n = 0; n < count; n++) await redis.del(this.#link.key('piece', content, n));
    }
    if (batchId !== undefined) {
      const numbers = await redis.zrange(this.#link.key('done', batchId, ok ?? ''), '0', '-1');
      for (let at = 0; at < numbers.length; at += 1000) {
        await redis.hdel(this.#link.key('results', batchId), ...numbers.slice(at, at + 1000));
      }
    }
    await redis.multi().del(key).srem(this.#link.key('hidden'), id).exec();
  }
}

class Draft implements FileDraft {
  readonly #link: RedisLink;
  readonly #keep: (file: FileObject, content: string) => Promise<void>;
  readonly #name = crypto.randomUUID();
  readonly #held = new Uint8Array(PIECE_BYTES);
  #filled = 0;
  #count = 0;
  bytes = 0;

  constructor(link: RedisLink, keep: (file: FileObject, content: string) => Promise<void>) {
    this.#link = link;
    this.#keep = keep;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.byteLength) {
      const part = bytes.subarray(at, at + PIECE_BYTES - this.#filled);
      this.#held.set(part, this.#filled);
      this.#filled += part.byteLength;
      at += part.byteLength;
      if (this.#filled === PIECE_BYTES) await this.#flush();
    }
    this.bytes += bytes.byteLength;
  }

  /** The name of the content tells how many pieces there are. */
  async keep(file: FileObject): Promise<void> {
    await this.#flush();
    const content = `${this.#name}.${this.#count}`;
    for (let n = 0; n < this.#count; n++) {
      const piece = this.#link.key('piece', content, n);
      await this.#link.redis
        .multi()
        .rename(this.#link.key('draft', this.#name, n), piece)
        .persist(piece)
        .exec();
    }
    await this.#keep(file, content);
  }

  async discard(): Promise<void> {
    for (let n = 0; n < this.#count; n++) await this.#link.redis.del(this.#link.key('draft', this.#name, n));
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return;
    const piece = Buffer.from(this.#held.subarray(0, this.#filled));
    await this.#link.redis.set(this.#link.key('draft', this.#name, this.#count++), piece, 'EX', DRAFT_SECONDS);
    this.#filled = 0;
  }
}

async function* pieces(link: RedisLink, content: string, start: number, length: number): AsyncGenerator<Uint8Array, undefined> {
  let left = length;
  let skip = start % PIECE_BYTES;
  for (let n = Math.floor(start / PIECE_BYTES); left > 0; n++) {
    const whole = left >= PIECE_BYTES;
    const key = link.key('piece', content, n);
    const bytes = whole ? await link.redis.getBuffer(key) : await link.redis.getrangeBuffer(key, skip, skip + left - 1);
    if (bytes === null || bytes.byteLength === 0) return undefined;
    const part = whole ? bytes.subarray(skip) : bytes;
    skip = 0;
    left -= part.byteLength;
    yield part;
  }
  return undefined;
}
