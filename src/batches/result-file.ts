import type { FileObject } from 'openai/resources/files';
import type { ResultFormat } from './result-lines.ts';
import { written } from './result-lines.ts';
import type { BatchStore } from './store.ts';
import { turn } from './turn.ts';

const PAGE = 200;

/** The bytes of a result file, made from the lines when somebody reads them. */
export async function* resultPieces(
  { lines }: BatchStore,
  batchId: string,
  ok: boolean,
  format: ResultFormat,
): AsyncGenerator<Uint8Array, undefined> {
  const encoder = new TextEncoder();
  for (let after = 0; ; ) {
    const results = await lines.inOrder(batchId, ok, after, PAGE);
    const last = results.at(-1);
    if (last === undefined) return undefined;
    after = last.number;
    yield encoder.encode(results.map((result) => written(result, format)).join(''));
    await turn();
  }
}

/**
 * Adds the file with the results that succeeded, or with the others; `undefined` when there are none. Its id follows from the
 * batch's, so that a file that was added before a crash is not added twice.
 */
export async function addResultFile(
  store: BatchStore,
  batchId: string,
  ok: boolean,
  { format, created_at, lifetime }: { readonly format: ResultFormat; readonly created_at: number; readonly lifetime: number },
): Promise<FileObject | undefined> {
  let bytes = 0;
  for await (const piece of resultPieces(store, batchId, ok, format)) bytes += piece.byteLength;
  if (bytes === 0) return undefined;
  const file: FileObject = {
    id: `file-${batchId.replace(/^batch_/, '')}${ok ? '0' : '1'}`,
    object: 'file',
    bytes,
    created_at,
    expires_at: created_at + lifetime,
    filename: `${batchId}_${ok ? 'output' : 'error'}.jsonl`,
    purpose: 'batch_output',
    status: 'processed',
  };
  await store.files.addResults(file, batchId, ok);
  return file;
}
