import type { Batch, ListPage } from '../contract/batches.ts';

/** Seconds since the epoch, from what services write: seconds, milliseconds, ISO 8601. `undefined` for what is no time. */
export function secondsOf(value: unknown): number | undefined {
  if (typeof value === 'string' && value !== '')
    return secondsOf(/^\d+(?:\.\d+)?$/.test(value) ? Number(value) : Date.parse(value));
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) return undefined;
  return Math.floor(value > LAST_SECOND ? value / 1000 : value);
}

/** The year 5138 in seconds, 1973 in milliseconds. */
const LAST_SECOND = 100_000_000_000;

/** The fields that have a value. Types of openai's have no `null` where a field may be absent. */
export function present<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)) as never;
}

/** A batch of a provider with an API of its own: what it says, in openai's shape. */
export interface NativeBatchFacts {
  readonly id: string;
  readonly endpoint: string;
  readonly status: Batch['status'];
  readonly native_status: string;
  readonly created_at: number;
  readonly native_counts?: Readonly<Record<string, number>> | undefined;
  readonly counts?: { readonly total: number; readonly completed: number; readonly failed: number } | undefined;
  readonly input_file_id?: string | undefined;
  readonly completion_window?: string | undefined;
  readonly metadata?: Batch['metadata'] | undefined;
  readonly model?: string | undefined;
  readonly errors?: readonly { readonly code?: string; readonly message: string }[] | undefined;
  readonly output_file_id?: string | undefined;
  readonly error_file_id?: string | undefined;
  readonly in_progress_at?: number | undefined;
  readonly expires_at?: number | undefined;
  readonly cancelling_at?: number | undefined;
  /** When it reached its status, where that is a final one. */
  readonly ended_at?: number | undefined;
  readonly partial?: boolean | undefined;
}

export function nativeBatch(facts: NativeBatchFacts): Batch {
  const { status, counts, errors = [], ended_at, input_file_id = '', completion_window = '24h', ...rest } = facts;
  const { partial, native_counts, ...told } = rest;
  const data = errors.map(({ code = 'invalid_request', message }) => ({ code, message, line: null, param: null }));
  return {
    object: 'batch',
    input_file_id,
    completion_window,
    status,
    ...present({ ...told, native_counts, request_counts: counts }),
    ...(data.length === 0 ? {} : { errors: { object: 'list', data } }),
    ...(ended_at === undefined || STAMPS[status] === undefined ? {} : { [STAMPS[status]]: ended_at }),
    ...(partial === true ? { partial } : {}),
  } as unknown as Batch;
}

const STAMPS: { readonly [S in Batch['status']]?: string } = {
  completed: 'completed_at',
  failed: 'failed_at',
  expired: 'expired_at',
  cancelled: 'cancelled_at',
};

/** Numbers of an object, from numbers and from digits. */
export function numbersIn(counts: unknown): Record<string, number> {
  if (typeof counts !== 'object' || counts === null) return {};
  const numbers = Object.entries(counts).map(
    ([name, value]) => [name, typeof value === 'string' ? Number(value) : value] as const,
  );
  return Object.fromEntries(numbers.filter((pair): pair is [string, number] => Number.isFinite(pair[1])));
}

/** A list in openai's shape. */
export function pageOf<T extends { readonly id: string }>(data: T[], hasMore: boolean, next?: string): ListPage<T> {
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
    ...(next === undefined ? {} : { next }),
  };
}

/** `?limit=20&after=…`, of what has a value. */
export function queryOf(fields: Readonly<Record<string, string | number | undefined>>): string {
  const query = new URLSearchParams(
    Object.entries(fields).flatMap(([k, v]) => (v === undefined ? [] : [[k, String(v)]])),
  ).toString();
  return query === '' ? '' : `?${query}`;
}

/** The window of an order in hours: `24h`, `7d`. `undefined` for what is no window. */
export function hoursOf(window: string): number | undefined {
  const [, count, unit] = /^(\d+)([hd])$/.exec(window) ?? [];
  return count === undefined ? undefined : Number(count) * (unit === 'd' ? 24 : 1);
}
