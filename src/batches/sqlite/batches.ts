import type { Batch, ListPage, PageQuery } from '../../contract/batches.ts';
import { ENDED } from '../batch-steps.ts';
import { withSums } from '../batch-sums.ts';
import type { BatchRecord, StoredBatches } from '../store.ts';
import type { Database, Row } from './database.ts';
import { sweep } from './files.ts';
import { pageOf } from './pages.ts';

const COLUMNS = 'id, object, completed, failed, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost_usd';

/** Batches as JSON, with their counts beside them. */
export class SqliteBatches implements StoredBatches {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async add({ batch, key, order }: BatchRecord): Promise<BatchRecord | undefined> {
    return this.#database.transaction(() => {
      if (key !== undefined) {
        const row = this.#database.get(`SELECT ${COLUMNS}, request FROM batches WHERE key = ?`, key);
        if (row !== undefined) return { batch: batchOf(row), key, order: String(row.request) };
      }
      this.#database.run(
        'INSERT INTO batches (id, key, request, object, status, input) VALUES (?, ?, ?, ?, ?, ?)',
        ...[batch.id, key ?? null, order, JSON.stringify(batch), batch.status, batch.input_file_id],
      );
      return undefined;
    });
  }

  async get(id: string): Promise<Batch | undefined> {
    const row = this.#database.get(`SELECT ${COLUMNS} FROM batches WHERE id = ?`, id);
    return row === undefined ? undefined : batchOf(row);
  }

  async change(id: string, from: readonly Batch['status'][], changes: Partial<Batch>): Promise<Batch | undefined> {
    return this.#database.transaction(() => {
      const row = this.#database.get(`SELECT ${COLUMNS} FROM batches WHERE id = ?`, id);
      const batch = row === undefined ? undefined : batchOf(row);
      if (batch === undefined || !from.includes(batch.status)) return undefined;
      const changed = { ...batch, ...changes };
      this.#database.run('UPDATE batches SET object = ?, status = ? WHERE id = ?', JSON.stringify(changed), changed.status, id);
      if (ENDED.has(changed.status)) {
        this.#database.run('DELETE FROM lines INDEXED BY pending WHERE batch = ? AND ok IS NULL', id);
        sweep(this.#database);
      }
      return changed;
    });
  }

  async list(query: PageQuery): Promise<ListPage<Batch>> {
    return pageOf(this.#database, { table: 'batches', columns: COLUMNS }, query, batchOf);
  }

  async unfinished(): Promise<Batch[]> {
    const open = "status IN ('validating', 'in_progress', 'finalizing', 'cancelling')";
    return this.#database.all(`SELECT ${COLUMNS} FROM batches WHERE ${open} ORDER BY seq`).map(batchOf);
  }
}

function batchOf(row: Row): Batch {
  return withSums(JSON.parse(String(row.object)) as Batch, {
    completed: Number(row.completed),
    failed: Number(row.failed),
    input: Number(row.input_tokens),
    cached: Number(row.cached_tokens),
    output: Number(row.output_tokens),
    reasoning: Number(row.reasoning_tokens),
    costUSD: row.cost_usd === null ? undefined : Number(row.cost_usd),
  });
}
