import type { Batch, BatchDesk, BatchOrder, BatchResultLine, ListPage, PageQuery } from '../contract/batches.ts';
import { batchIdOf } from '../contract/batches.ts';
import { ConflictError, NotFoundError } from '../errors/provider-errors.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { ENDED } from './batch-steps.ts';
import { checkId } from './checked-id.ts';
import { canonicalOrder, checkOrder } from './order.ts';
import type { BatchStore } from './store.ts';
import { turn } from './turn.ts';
import type { BatchWorker } from './worker.ts';

const WINDOW_S = 86_400;
const PAGE = 200;
const CANCELLABLE: readonly Batch['status'][] = ['validating', 'in_progress', 'finalizing'];

/** Takes orders for batches and tells of them; the worker behind it does them. */
export class StoreDesk implements BatchDesk {
  readonly #store: BatchStore;
  readonly #now: () => number;
  #worker: BatchWorker | undefined;
  #open: Promise<void> | undefined;
  #closed = false;

  /** @param now seconds since the epoch. */
  constructor(store: BatchStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  start(worker: BatchWorker): void {
    this.#worker = worker;
    this.#open = this.#store.open().then(() => worker.resume());
    // told by the first call that needs the store
    this.#open.catch(() => {});
  }

  async ready(): Promise<void> {
    if (this.#open === undefined) {
      const message = 'the batch engine has no client yet; give it to one with createClient({ batches })';
      throw new ConfigurationError({ message, code: 'no_client' });
    }
    if (this.#closed) {
      throw new ConfigurationError({ message: 'the store of the batch engine is closed', code: 'store_closed' });
    }
    await this.#open;
  }

  async create(given: BatchOrder): Promise<Batch> {
    const order = checkOrder(given);
    await this.ready();
    const created_at = this.#now();
    const { idempotency_key: key } = order;
    const batch: Batch = {
      id: key === undefined ? `batch_${crypto.randomUUID().replaceAll('-', '')}` : await batchIdOf(key),
      object: 'batch',
      endpoint: order.endpoint,
      input_file_id: order.input_file_id,
      completion_window: order.completion_window,
      status: 'validating',
      created_at,
      expires_at: created_at + WINDOW_S,
      request_counts: { total: 0, completed: 0, failed: 0 },
      metadata: order.metadata ?? null,
      ...(order.output_expires_after && { output_expires_after: order.output_expires_after }),
    };
    const request = canonicalOrder(order);
    const taken = await this.#store.batches.add({ batch, order: request, ...(key === undefined ? {} : { key }) });
    if (taken === undefined) {
      await this.#worker?.take(batch);
      return batch;
    }
    if (taken.order === request) return taken.batch;
    const message =
      'Idempotency conflict: the key was used before with different parameters. Use another key, or the same parameters.';
    throw new ConflictError({
      message,
      status: 409,
      type: 'invalid_request_error',
      code: 'idempotency_conflict',
      param: 'idempotency_key',
    });
  }

  async retrieve(id: string): Promise<Batch> {
    checkId(id, 'a batch');
    await this.ready();
    return (await this.#store.batches.get(id)) ?? missing(id);
  }

  async list(query: PageQuery): Promise<ListPage<Batch>> {
    await this.ready();
    return this.#store.batches.list(query);
  }

  async cancel(id: string): Promise<Batch> {
    checkId(id, 'a batch');
    await this.ready();
    const changes = { status: 'cancelling', cancelling_at: this.#now() } as const;
    const cancelling = await this.#store.batches.change(id, CANCELLABLE, changes);
    if (cancelling !== undefined) {
      this.#worker?.cancel(id);
      return cancelling;
    }
    const batch = await this.retrieve(id);
    if (batch.status === 'cancelling' || batch.status === 'cancelled') return batch;
    const message = `Cannot cancel a batch with status '${batch.status}'.`;
    throw new ConflictError({ message, status: 409, type: 'invalid_request_error', code: null, param: null });
  }

  limit(id: string, { concurrency }: { readonly concurrency?: number | undefined }): void {
    if (concurrency !== undefined) this.#worker?.limit(id, concurrency);
  }

  async *results(
    id: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<BatchResultLine, undefined> {
    let place = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { status } = await this.retrieve(id);
      const changed = this.#worker?.changed(id, signal);
      for (;;) {
        const results = await this.#store.lines.results(id, place, PAGE);
        for (const result of results) {
          place = result.place;
          yield result.line;
        }
        if (results.length === 0) break;
        await turn();
      }
      if (ENDED.has(status)) return undefined;
      await changed;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#worker?.stop();
    await this.#open?.catch(() => {});
    await this.#worker?.close();
    if (this.#open !== undefined) await this.#store.close();
  }
}

function missing(id: string): never {
  const message = `No batch found with id '${id.slice(0, 200)}'.`;
  throw new NotFoundError({ message, status: 404, type: 'invalid_request_error', code: null, param: null });
}
