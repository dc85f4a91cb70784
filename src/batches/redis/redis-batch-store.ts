import type { BatchStore } from '../store.ts';
import { RedisBatches } from './redis-batches.ts';
import { RedisFiles } from './redis-files.ts';
import { RedisLines } from './redis-lines.ts';
import type { RedisAddress } from './redis-link.ts';
import { RedisLink } from './redis-link.ts';

/** Files, batches and lines in Redis, for engines in several processes. What survives a restart of Redis is its persistence's business. */
export function redisBatchStore(address: RedisAddress, prefix: string = 'holdfast-batches'): BatchStore {
  const link = new RedisLink(address, prefix);
  const files = new RedisFiles(link);
  return {
    files,
    batches: new RedisBatches(link, files),
    lines: new RedisLines(link),
    open: () => link.open(),
    close: () => link.close(),
  };
}
