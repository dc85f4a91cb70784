import type { FileObject } from 'openai/resources/files';
import type { ListPage, PageQuery } from '../../contract/batches.ts';
import { PIECE_BYTES, PieceCutter } from '../pieces.ts';
import type { FileDraft, StoredFiles } from '../store.ts';
import type { Database, Row } from './database.ts';
import { pageOf } from './pages.ts';

/** Files as rows of pieces. */
export class SqliteFiles implements StoredFiles {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async draft(id: string): Promise<FileDraft> {
    return new Draft(this.#database, id);
  }

  async addResults(file: FileObject, batchId: string, ok: boolean): Promise<void> {
    this.#database.run(
      'INSERT INTO files (id, object, purpose, expires_at, results_of, results_ok) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
      ...[file.id, JSON.stringify(file), file.purpose, file.expires_at ?? null, batchId, Number(ok)],
    );
  }

  async get(id: string): Promise<FileObject | undefined> {
    return fileOf(this.#database.get('SELECT object FROM files WHERE id = ? AND hidden = 0', id));
  }

  async list(query: PageQuery & { readonly purpose?: string | undefined }): Promise<ListPage<FileObject>> {
    const { purpose } = query;
    const wanted = purpose === undefined ? { where: 'hidden = 0' } : { where: 'hidden = 0 AND purpose = ?', values: [purpose] };
    return pageOf(this.#database, { table: 'files', columns: 'object', ...wanted }, query, (row) => fileOf(row) as FileObject);
  }

  async read(
    id: string,
    start: number = 0,
    length: number = Number.POSITIVE_INFINITY,
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    if (this.#database.get('SELECT 1 FROM files WHERE id = ?', id) === undefined) return undefined;
    return pieces(this.#database, id, start, length);
  }

  async resultsOf(id: string): Promise<{ batchId: string; ok: boolean } | undefined> {
    const row = this.#database.get('SELECT results_of, results_ok FROM files WHERE id = ? AND results_of IS NOT NULL', id);
    return row === undefined ? undefined : { batchId: String(row.results_of), ok: row.results_ok === 1 };
  }

  async remove(id: string): Promise<boolean> {
    return this.#database.transaction(() => {
      if (this.#database.run('UPDATE files SET hidden = 1 WHERE id = ? AND hidden = 0', id) === 0) return false;
      sweep(this.#database);
      return true;
    });
  }

  async expire(now: number): Promise<void> {
    this.#database.transaction(() => {
      this.#database.run('UPDATE files SET hidden = 1 WHERE expires_at <= ? AND hidden = 0', now);
      sweep(this.#database);
    });
  }
}

/** Deletes what hidden files hold, but for what an unfinished batch still reads. */
export function sweep(database: Database): void {
  const unused = database.all(`SELECT id, results_of, results_ok FROM files WHERE hidden = 1 AND NOT EXISTS
    (SELECT 1 FROM batches WHERE input = files.id AND status IN ('validating', 'in_progress', 'finalizing', 'cancelling'))`);
  for (const { id = null, results_of: batch = null, results_ok: ok = null } of unused) {
    database.run('DELETE FROM pieces WHERE file = ?', id);
    if (batch !== null) database.run('DELETE FROM lines WHERE batch = ? AND ok = ?', batch, ok);
    database.run('DELETE FROM files WHERE id = ?', id);
  }
}

/** Drafts of an engine that died. */
export function dropDrafts(database: Database): void {
  database.run('DELETE FROM pieces WHERE file NOT IN (SELECT id FROM files)');
}

class Draft implements FileDraft {
  readonly #database: Database;
  readonly #id: string;
  readonly #cutter: PieceCutter;
  #count = 0;

  constructor(database: Database, id: string) {
    this.#database = database;
    this.#id = id;
    this.#cutter = new PieceCutter((piece) => {
      database.run('INSERT INTO pieces (file, n, bytes) VALUES (?, ?, ?)', id, this.#count++, piece);
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
    this.#database.run(
      'INSERT INTO files (id, object, purpose, expires_at) VALUES (?, ?, ?, ?)',
      ...[this.#id, JSON.stringify(file), file.purpose, file.expires_at ?? null],
    );
  }

  async discard(): Promise<void> {
    this.#database.run('DELETE FROM pieces WHERE file = ?', this.#id);
  }
}

async function* pieces(database: Database, id: string, start: number, length: number): AsyncGenerator<Uint8Array, undefined> {
  let left = length;
  let skip = start % PIECE_BYTES;
  for (let n = Math.floor(start / PIECE_BYTES); left > 0; n++) {
    const bytes = database.get('SELECT bytes FROM pieces WHERE file = ? AND n = ?', id, n)?.bytes;
    if (!(bytes instanceof Uint8Array)) return undefined;
    const part = bytes.subarray(skip, skip + left);
    skip = 0;
    left -= part.byteLength;
    yield part;
  }
  return undefined;
}

const fileOf = (row: Row | undefined): FileObject | undefined =>
  row === undefined ? undefined : (JSON.parse(String(row.object)) as FileObject);
