import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { OutOfMemoryError } from '../../errors/provider-errors.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { SCHEMA } from './schema.ts';

type Value = null | number | bigint | string | Uint8Array;
export type Row = Readonly<Record<string, Value>>;

/** Read and write for the owner. */
const OWN = 0o600;

const BUSY = 5;
const FULL = 13;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
const CANNOT_OPEN = 14;

/** One SQLite file, held by this process alone; what it says has gone wrong is a typed error. */
export class Database {
  readonly #path: string;
  readonly #maxPages: number | undefined;
  readonly #statements = new Map<string, StatementSync>();
  #database: DatabaseSync | undefined;
  #waiting: { readonly step: () => void; readonly done: () => void; readonly failed: (error: unknown) => void }[] = [];

  constructor(path: string, maxPages?: number) {
    this.#path = path;
    this.#maxPages = maxPages;
  }

  async open(): Promise<void> {
    const { DatabaseSync } = await import('node:sqlite');
    await this.#reserve();
    this.#guarded(() => {
      const database = new DatabaseSync(this.#path);
      this.#database = database;
      // held from the first writing to the end of the process, so that a second engine is refused
      database.exec(
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA busy_timeout = 0; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;',
      );
      if (this.#maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${Math.trunc(this.#maxPages)}`);
      database.exec(`BEGIN EXCLUSIVE; ${SCHEMA} COMMIT;`);
    });
  }

  /** A new file, and what SQLite puts beside it, is for this user alone: it holds prompts. Whether it can be made, SQLite says. */
  async #reserve(): Promise<void> {
    if (this.#path === ':memory:' || this.#path === '') return;
    const { open } = await import('node:fs/promises');
    const file = await open(this.#path, 'ax', OWN).catch(() => undefined);
    await file?.close();
  }

  close(): void {
    this.#commit();
    this.#statements.clear();
    this.#database?.close();
    this.#database = undefined;
  }

  run(sql: string, ...values: Value[]): number {
    return this.#guarded(() => Number(this.#statement(sql).run(...values).changes));
  }

  get(sql: string, ...values: Value[]): Row | undefined {
    return this.#guarded(() => this.#statement(sql).get(...values) as Row | undefined);
  }

  all(sql: string, ...values: Value[]): Row[] {
    return this.#guarded(() => this.#statement(sql).all(...values) as Row[]);
  }

  /** All of `steps` or none. */
  transaction<T>(steps: () => T): T {
    return this.#guarded(() => {
      const database = this.#opened();
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = steps();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** Runs `step` in one transaction with the others of this turn: one sync of the disk for many results. Resolves when it is safe. */
  together(step: () => void): Promise<void> {
    return new Promise((done, failed) => {
      this.#waiting.push({ step, done, failed });
      if (this.#waiting.length === 1) setImmediate(() => this.#commit());
    });
  }

  #commit(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length === 0) return;
    try {
      this.transaction(() => {
        for (const { step } of waiting) step();
      });
      for (const { done } of waiting) done();
    } catch (error) {
      for (const { failed } of waiting) failed(error);
    }
  }

  #opened(): DatabaseSync {
    if (this.#database === undefined) {
      throw new ConfigurationError({ message: 'the store of the batch engine is closed', code: 'store_closed' });
    }
    return this.#database;
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#opened().prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #guarded<T>(steps: () => T): T {
    try {
      return steps();
    } catch (error) {
      throw explained(error, this.#path);
    }
  }
}

function explained(error: unknown, path: string): unknown {
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== 'number') return error;
  const wrong = (message: string, name: string): ConfigurationError =>
    new ConfigurationError({ message: `batchEngine.path: ${message}`, code: name, param: 'batchEngine.path', cause: error });
  switch (code & 0xff) {
    case BUSY:
      return wrong(`"${path}" is used by another engine; give each engine a file of its own`, 'store_in_use');
    case CORRUPT:
    case NOT_A_DATABASE:
      return wrong(`"${path}" is no store of a batch engine, or it is damaged`, 'store_damaged');
    case CANNOT_OPEN:
      return wrong(`"${path}" can not be opened; its folder must exist and be writable`, 'store_unreachable');
    case FULL:
      return new OutOfMemoryError({
        message: 'the disk of the batch store is full',
        status: 507,
        code: 'disk_full',
        cause: error,
      });
    default:
      return error;
  }
}
