import * as z from 'zod/mini';
import type { BatchEngine, BatchHost } from '../contract/batches.ts';
import { callback, checkOptions } from '../contract/check-options.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { StoreDesk } from './desk.ts';
import { StoreShelf } from './file-shelf.ts';
import type { ResultFormat } from './result-lines.ts';
import { sqliteStore } from './sqlite/sqlite-store.ts';
import type { BatchStore } from './store.ts';
import { LocalWorker } from './worker.ts';

/** Where batches are kept, and how they run. */
export interface BatchEngineOptions {
  /** The SQLite file, made when it is missing; `':memory:'` for tests. Default `holdfast-batches.db` in the working directory. */
  readonly path?: string | undefined;
  /** A store of your own, instead of the file. */
  readonly store?: BatchStore | undefined;
  /** Lines that run at once, over all batches. Default 64. */
  readonly concurrency?: number | undefined;
  /** Lines of a batch. Default 50 000, OpenAI's limit. */
  readonly maxLines?: number | undefined;
  /** Bytes of a line. Default 8 MiB. */
  readonly maxLineBytes?: number | undefined;
  /** Bytes of an upload. Default 200 MiB, OpenAI's limit for batches. */
  readonly maxFileBytes?: number | undefined;
  /** Whether the lines of a batch may name several models. Default `false`, as at OpenAI. */
  readonly mixedModels?: boolean | undefined;
  /** How result files are written. Default `openai`. */
  readonly resultFormat?: ResultFormat | undefined;
}

const COUNT = 'a whole number ≥ 1';
const count = z.int(COUNT).check(z.gte(1, COUNT));
const PATH = 'the path of a file';

const schema = z.strictObject({
  path: z.optional(z.string(PATH).check(z.minLength(1, PATH))),
  store: z.optional(z.custom<BatchStore>((value) => callbackOf(value, 'open'), 'a store of batches')),
  concurrency: z._default(count, 64),
  maxLines: z._default(count, 50_000),
  maxLineBytes: z._default(count, 8 * 1024 * 1024),
  maxFileBytes: z._default(count, 200 * 1024 * 1024),
  mixedModels: z._default(z.boolean(), false),
  resultFormat: z._default(z.enum(['openai', 'llama-stack']), 'openai'),
});

/**
 * Runs batches for any provider through the client that it is given to: every line gets the client's layers, typed errors and
 * fallbacks. What is stored survives the end of the process; the next engine on the same file goes on where this one stopped.
 *
 * @throws ConfigurationError when an option is wrong. A file that another engine has, or that is none of ours, rejects the first call.
 * @example
 * const llm = createClient({ batches: batchEngine({ path: 'batches.db' }) });
 */
export function batchEngine(options: BatchEngineOptions = {}): BatchEngine {
  const { path, store: given, maxFileBytes, ...rest } = checkOptions(schema, options, 'batchEngine');
  const store = given ?? sqliteStore(path ?? 'holdfast-batches.db');
  let host: BatchHost | undefined;
  const clock = (): BatchHost['clock'] => {
    if (host !== undefined) return host.clock;
    const message = 'the batch engine has no client yet; give it to one with createClient({ batches })';
    throw new ConfigurationError({ message, code: 'no_client' });
  };
  const now = (): number => Math.floor(clock().now() / 1000);
  const desk = new StoreDesk(store, now);
  return {
    files: new StoreShelf(store, { maxFileBytes, resultFormat: rest.resultFormat, now, ready: () => desk.ready() }),
    batches: desk,
    start(given) {
      if (host !== undefined) {
        throw new ConfigurationError({
          message: 'the batch engine has a client already; make one engine for each',
          code: 'has_client',
        });
      }
      host = given;
      desk.start(new LocalWorker(store, given, { ...rest, now }));
    },
    close: () => desk.close(),
  };
}

function callbackOf(value: unknown, name: string): boolean {
  return typeof value === 'object' && value !== null && callback().safeParse(Reflect.get(value, name)).success;
}
