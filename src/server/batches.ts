import type { BatchDesk, BatchOrder } from '../contract/batches.ts';
import { json } from './answers.ts';
import { pageQuery } from './files.ts';

/** The desk checks the order: what is wrong with it is the same over HTTP and in process. */
export async function createBatch(batches: BatchDesk, body: Readonly<Record<string, unknown>>): Promise<Response> {
  return json(await batches.create(body as unknown as BatchOrder));
}

export async function listBatches(batches: BatchDesk, url: URL): Promise<Response> {
  return json(await batches.list(pageQuery(url, 20, 100)));
}
