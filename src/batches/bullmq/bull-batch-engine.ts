import type { RedisOptions } from 'ioredis';
import * as z from 'zod/mini';
import type { BatchEngine } from '../../contract/batches.ts';
import { checkOptions } from '../../contract/check-options.ts';
import type { CommonEngineOptions } from '../assemble.ts';
import { assembleEngine, atLeastOne, commonShape } from '../assemble.ts';
import { redisBatchStore } from '../redis/redis-batch-store.ts';
import type { RedisAddress } from '../redis/redis-link.ts';
import { optionsOf } from '../redis/redis-link.ts';
import { QueueWorker } from './queue-worker.ts';

/** Where the queue is, and what this process does for it. */
export interface BullBatchEngineOptions extends CommonEngineOptions {
  /** Redis, as a URL or as ioredis' options. */
  readonly connection: RedisAddress;
  /** Of all keys and queues: engines with the same prefix work on the same batches. Default `holdfast-batches`. */
  readonly prefix?: string | undefined;
  /** `false`: this process orders batches and reads results, others run the lines. Default `true`. */
  readonly works?: boolean | undefined;
  /** Milliseconds after which the lines of a process that died are given to another. Default 30 000. */
  readonly lockMs?: number | undefined;
}

const PREFIX = 'letters, digits, "-" and "_"';
const ADDRESS = 'a URL such as "redis://host:6379", or options of ioredis';

const schema = z.strictObject({
  connection: z.custom<RedisAddress>(isAddress, ADDRESS),
  prefix: z._default(z.string(PREFIX).check(z.regex(/^[\w-]+$/, PREFIX)), 'holdfast-batches'),
  works: z._default(z.boolean(), true),
  lockMs: z._default(atLeastOne, 30_000),
  ...commonShape,
});

/**
 * The batch engine over BullMQ and Redis, for more than one process or machine: every process makes one with the same connection
 * and prefix, and gives it to its client. Lines are shared out in parts; the part of a process that died goes to another.
 * Needs the packages `bullmq` and `ioredis`.
 *
 * @throws ConfigurationError when an option is wrong.
 * @example
 * const llm = createClient({ batches: bullBatchEngine({ connection: 'redis://127.0.0.1:6379' }) });
 */
export function bullBatchEngine(options: BullBatchEngineOptions): BatchEngine {
  const { connection, prefix, works, lockMs, ...settings } = checkOptions(schema, options, 'bullBatchEngine');
  const address: RedisOptions = optionsOf(connection);
  const store = redisBatchStore(address, prefix);
  return assembleEngine(
    store,
    settings,
    (host, now) => new QueueWorker(store, host, { ...settings, connection: address, prefix, works, lockMs, now }),
  );
}

function isAddress(value: unknown): boolean {
  if (typeof value === 'string') return /^rediss?:\/\/./.test(value);
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
