import * as z from 'zod/mini';
import type { BatchEngine } from '../contract/batches.ts';
import { checkOptions } from '../contract/check-options.ts';
import type { CommonEngineOptions } from './assemble.ts';
import { assembleEngine, commonShape } from './assemble.ts';
import { sqliteStore } from './sqlite/sqlite-store.ts';
import type { BatchStore } from './store.ts';
import { LocalWorker } from './worker.ts';

/** Where batches are kept, and how they run. */
export interface BatchEngineOptions extends CommonEngineOptions {
  /** The SQLite file, made when it is missing; `':memory:'` for tests. Default `holdfast-batches.db` in the working directory. */
  readonly path?: string | undefined;
  /** A store of your own, instead of the file. */
  readonly store?: BatchStore | undefined;
}

const PATH = 'the path of a file';

const schema = z.strictObject({
  path: z.optional(z.string(PATH).check(z.minLength(1, PATH))),
  store: z.optional(z.custom<BatchStore>(isStore, 'a store of batches')),
  ...commonShape,
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
  const { path = 'holdfast-batches.db', store = sqliteStore(path), ...settings } = checkOptions(schema, options, 'batchEngine');
  return assembleEngine(store, settings, (host, now) => new LocalWorker(store, host, { ...settings, now }));
}

function isStore(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'open') === 'function';
}
