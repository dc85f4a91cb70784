import type { BatchStore } from '../store.ts';
import { SqliteBatches } from './batches.ts';
import { Database } from './database.ts';
import { dropDrafts, SqliteFiles } from './files.ts';
import { SqliteLines } from './lines.ts';

/**
 * Files, batches and lines in one SQLite file, by Node's own `node:sqlite`. What was answered is on the disk: it survives the end
 * of the process at any moment. `':memory:'` keeps all of it in memory.
 */
export function sqliteStore(path: string): BatchStore {
  const database = new Database(path);
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
