import type { BatchResultLine } from '../../contract/batches.ts';
import type { LineTokens, StoredLine, StoredLines, StoredResult } from '../store.ts';
import type { Database, Row } from './database.ts';

const NO_TOKENS: LineTokens = { input: 0, cached: 0, output: 0, reasoning: 0 };

/** The lines of batches with their results. */
export class SqliteLines implements StoredLines {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async add(batchId: string, lines: readonly StoredLine[]): Promise<void> {
    this.#database.transaction(() => {
      for (const { number, customId, start, length } of lines) {
        this.#database.run(
          'INSERT INTO lines (batch, number, custom_id, start, length) VALUES (?, ?, ?, ?, ?)',
          ...[batchId, number, customId, start, length],
        );
      }
    });
  }

  async clear(batchId: string): Promise<void> {
    this.#database.run('DELETE FROM lines WHERE batch = ?', batchId);
  }

  async pending(batchId: string, after: number, limit: number): Promise<StoredLine[]> {
    return this.#database
      .all(
        `SELECT number, custom_id, start, length FROM lines INDEXED BY pending
         WHERE batch = ? AND ok IS NULL AND number > ? ORDER BY number LIMIT ?`,
        ...[batchId, after, limit],
      )
      .map((row) => ({
        number: Number(row.number),
        customId: String(row.custom_id),
        start: Number(row.start),
        length: Number(row.length),
      }));
  }

  async finish(batchId: string, { number, ok, line }: StoredResult, tokens: LineTokens = NO_TOKENS): Promise<void> {
    await this.#database.together(() => {
      const next = '(SELECT COALESCE(MAX(place), 0) + 1 FROM lines WHERE batch = ? AND place IS NOT NULL)';
      const changed = this.#database.run(
        `UPDATE lines SET ok = ?, result = ?, place = ${next} WHERE batch = ? AND number = ? AND ok IS NULL`,
        ...[Number(ok), JSON.stringify(line), batchId, batchId, number],
      );
      if (changed === 0) return;
      this.#database.run(
        `UPDATE batches SET completed = completed + ?, failed = failed + ?, input_tokens = input_tokens + ?,
         cached_tokens = cached_tokens + ?, output_tokens = output_tokens + ?, reasoning_tokens = reasoning_tokens + ?,
         cost_usd = CASE WHEN ?7 IS NULL THEN cost_usd ELSE COALESCE(cost_usd, 0) + ?7 END WHERE id = ?8`,
        ...[
          Number(ok),
          Number(!ok),
          tokens.input,
          tokens.cached,
          tokens.output,
          tokens.reasoning,
          tokens.costUSD ?? null,
          batchId,
        ],
      );
    });
  }

  async results(batchId: string, after: number, limit: number): Promise<(StoredResult & { place: number })[]> {
    return this.#database
      .all(
        'SELECT number, ok, result, place FROM lines WHERE batch = ? AND place > ? ORDER BY place LIMIT ?',
        ...[batchId, after, limit],
      )
      .map((row) => ({ ...resultOf(row), place: Number(row.place) }));
  }

  async inOrder(batchId: string, ok: boolean, after: number, limit: number): Promise<StoredResult[]> {
    return this.#database
      .all(
        'SELECT number, ok, result FROM lines INDEXED BY done WHERE batch = ? AND ok = ? AND number > ? ORDER BY number LIMIT ?',
        ...[batchId, Number(ok), after, limit],
      )
      .map(resultOf);
  }
}

const resultOf = (row: Row): StoredResult => ({
  number: Number(row.number),
  ok: row.ok === 1,
  line: JSON.parse(String(row.result)) as BatchResultLine,
});
