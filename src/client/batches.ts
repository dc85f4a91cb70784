import type { BatchListParams } from 'openai/resources/batches';
import type { Batch, BatchDesk, BatchEngine, BatchOrder, BatchResultLine } from '../contract/batches.ts';
import type { BatchRequests, BatchRunOptions } from './batch-run.ts';
import { BatchRun } from './batch-run.ts';
import { PagePromise } from './list-page.ts';
import { noEngine } from './no-engine.ts';

/** Batches of the client's engine, for any provider. openai's surface, and `run`. */
export class Batches {
  readonly #engine: BatchEngine | undefined;

  /** @internal Made by the client. */
  constructor(engine: BatchEngine | undefined) {
    this.#engine = engine;
  }

  /** Makes a batch of an uploaded file. What is wrong in the file is told by the batch, whose status then is `failed`. */
  async create(order: BatchOrder): Promise<Batch> {
    return this.#desk().create(order);
  }

  async retrieve(id: string): Promise<Batch> {
    return this.#desk().retrieve(id);
  }

  /** The first page, newest first; iterated, every batch. */
  list(query: BatchListParams | null = {}): PagePromise<Batch> {
    return new PagePromise({ limit: 20, ...query }, async (page) => this.#desk().list(page));
  }

  /** Finished lines stay. Rejects with `ConflictError` when the batch has ended otherwise. */
  async cancel(id: string): Promise<Batch> {
    return this.#desk().cancel(id);
  }

  /** Lines that have finished, then each as it finishes, until the batch has ended. */
  results(id: string, options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<BatchResultLine> {
    return this.#desk().results(id, options);
  }

  /**
   * Runs requests as a batch and gives their results as they finish. Leaving the loop, or the signal, cancels what has not run.
   *
   * @example
   * for await (const { custom_id, response } of llm.batches.run(requests, { endpoint: '/v1/chat/completions', model: 'openai/gpt-5-mini' })) {
   *   console.log(custom_id, response?.status_code);
   * }
   */
  run(requests: BatchRequests, options: BatchRunOptions): BatchRun {
    if (this.#engine === undefined) throw noEngine('batches');
    return new BatchRun(this.#engine, requests, options);
  }

  #desk(): BatchDesk {
    if (this.#engine === undefined) throw noEngine('batches');
    return this.#engine.batches;
  }
}
