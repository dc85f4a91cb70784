import type { Fault } from 'holdfast/testing';
import { startMockServer } from 'holdfast/testing';
import type { ComparedClient, StreamEnd } from './compared-clients.ts';
import { COMPARED } from './compared-clients.ts';
import { readPage } from './doc-blocks.ts';

/** The README's words on other libraries, and their table: the heads, and the cells by the first one of their row. */
export const SECTION: string = readPage('README.md').split('\n## Compared\n')[1]?.split('\n## ')[0] ?? '';
const [heads = [], , ...table] = [...SECTION.matchAll(/^\|(.+)\|$/gm)].map(([, row = '']) =>
  row.split('|').map((cell) => cell.trim()),
);
export const HEADS: readonly string[] = heads;
export const ROWS: ReadonlyMap<string, readonly string[]> = new Map(table.map(([name = '', ...cells]) => [name, cells]));

/** The numbers and the words in backticks of a cell. */
export function claimed(row: string, client: string): string[] {
  const cell = ROWS.get(row)?.[heads.indexOf(client) - 1];
  if (cell === undefined) throw new Error(`the README has no row "${row}" for ${client}`);
  return [...cell.matchAll(/`([^`]+)`|\b\d+\b/g)].map(([number, word]) => word ?? number);
}

export interface Seen {
  readonly requests: number;
  /** Between the first request and the last. */
  readonly overMs: number;
  /** Until the client was done. */
  readonly tookMs: number;
  readonly error?: unknown;
  readonly end?: StreamEnd;
}

export type Act = (client: ComparedClient) => Promise<StreamEnd | string>;
export const call: Act = (client) => client.call();
export const stream: Act = (client) => client.stream();

/** What becomes of one client when the server fails like this. `run` does the work that is watched. */
export async function watch(
  client: string,
  faults: readonly Fault[],
  act: Act,
  run: (work: () => Promise<Seen>) => Promise<Seen>,
): Promise<Seen> {
  const mock = await startMockServer();
  const make = COMPARED[client];
  if (make === undefined) throw new Error(`no client is called ${client}`);
  const subject = make(mock.baseURL('openai'));
  try {
    await loaded(make(mock.baseURL('openai')));
    mock.enqueue('openai', ...faults);
    return await run(async () => {
      const start = Date.now();
      const outcome = await act(subject).then(
        (end) => (typeof end === 'string' ? {} : { end }),
        (error: unknown) => ({ error }),
      );
      const times = mock.requests.slice(1).map(({ at }) => at);
      const overMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
      return { requests: times.length, overMs, tookMs: Date.now() - start, ...outcome };
    });
  } finally {
    await subject.close?.();
    await mock.close();
  }
}

/** Loads what is loaded at a first call, by a client of which nothing is asked later. */
async function loaded(client: ComparedClient): Promise<void> {
  await client.call();
  await client.close?.();
}

/** The class of an error, and the name it goes by if that is another one. */
export function namesOf(error: unknown): string[] {
  if (!(error instanceof Error)) throw new Error(`not an error: ${String(error)}`);
  const { name: type } = error.constructor;
  return ['Error', type, `AI_${type}`].includes(error.name) ? [type] : [type, error.name];
}

const field = (error: unknown, name: string): unknown => (error instanceof Error ? Reflect.get(error, name) : undefined);

/** Which of these properties an error has. */
export const has = (error: unknown, ...names: string[]): string[] => names.filter((name) => field(error, name) !== undefined);

export function statusOf(error: unknown): string[] {
  const status = field(error, 'status') ?? field(error, 'statusCode');
  return status === undefined ? [] : [String(status)];
}
