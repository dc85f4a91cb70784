import type { BatchStore } from '../store.ts';
import { SqliteBatches } from './batches.ts';
import { Database } from './database.ts';
import { dropDrafts, SqliteFiles } from './files.ts';
import { SqliteLines } from './lines.ts';

/**
 * Files, batches and lines in one SQLite file, by Node's own `node:sqlite`. What was answered is on the disk: it survives the end
 * of the process at any moment. `':memory:'` keeps all of it in memory.
 *
 * @param options `maxPages`: pages of 4 KiB that the file may have; beyond them it is as full as its disk. Default: what the disk has.
 */
export function sqliteStore(path: string, { maxPages }: { readonly maxPages?: number | undefined } = {}): BatchStore {
  const database = new Database(path, maxPages);
  return {
    files: new SqliteFiles(database),
    batches: new SqliteBatches(database),
    lines: new SqliteLines(database),
    async open() {
      await database.open();
      dropDrafts(database);
    },
    async close() {
      database.close();
    },
  };
}
