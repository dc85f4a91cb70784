import type { ListPage, PageQuery } from '../../contract/batches.ts';
import type { Database, Row } from './database.ts';

interface Listing {
  readonly table: 'files' | 'batches';
  readonly columns: string;
  readonly where?: string;
  readonly values?: readonly string[];
}

/** One page of a table, by time of creation. */
export function pageOf<T extends { readonly id: string }>(
  database: Database,
  { table, columns, where = '1', values = [] }: Listing,
  { after, limit = 20, order = 'desc' }: PageQuery,
  read: (row: Row) => T,
): ListPage<T> {
  const from = after === undefined ? undefined : database.get(`SELECT seq FROM ${table} WHERE id = ?`, after)?.seq;
  const beyond = from === undefined ? '' : `AND seq ${order === 'desc' ? '<' : '>'} ${Number(from)}`;
  const rows = database.all(
    `SELECT ${columns} FROM ${table} WHERE ${where} ${beyond} ORDER BY seq ${order === 'desc' ? 'DESC' : 'ASC'} LIMIT ?`,
    ...values,
    limit + 1,
  );
  const data = rows.slice(0, limit).map(read);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: rows.length > limit,
  };
}
