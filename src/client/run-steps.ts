import { refusedLines } from '../contract/batch-line-check.ts';
import type { Batch, BatchEndpoint, BatchEngine, BatchResultLine } from '../contract/batches.ts';
import { BATCH_ENDPOINTS, batchIdOf } from '../contract/batches.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { AbortError } from '../errors/wire-errors.ts';
import type { BatchProgress } from './batch-progress.ts';
import { progressOf, tellProgress } from './batch-progress.ts';
import { wrongInput } from './call-input.ts';

/** One request of a run. */
export interface BatchRequest {
  /** By which its result is found. Default: `request-1`, `request-2` …, by position. */
  readonly custom_id?: string | undefined;
  /** openai's parameters for the endpoint. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface BatchRunOptions {
  readonly endpoint: BatchEndpoint;
  /** Model of the requests that name none. */
  readonly model?: string | undefined;
  /** Requests of this run at once, within the engine's own limit. Default: the engine's. */
  readonly concurrency?: number | undefined;
  /**
   * A name of the run. A run of the same name goes on with what is stored under it: results that are there are given again, only
   * the rest is run, and the requests are not read a second time.
   */
  readonly id?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Called after each request that has finished, and at the end. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined;
  /** Cancels what has not run; the loop then throws `AbortError`. */
  readonly signal?: AbortSignal | undefined;
}

/** Requests of any number. */
export type BatchRequests = Iterable<BatchRequest> | AsyncIterable<BatchRequest>;

/** What a run is made of, whoever runs it. */
export interface BatchRunSteps {
  batch(): Promise<Batch>;
  progress(): Promise<BatchProgress>;
  results(): AsyncGenerator<BatchResultLine, undefined>;
}

/** The steps of a run: its batch made or found again, its results, its totals. */
export class RunSteps implements BatchRunSteps {
  readonly #engine: BatchEngine;
  readonly #requests: BatchRequests;
  readonly #options: BatchRunOptions;
  #batch: Promise<Batch> | undefined;

  constructor(engine: BatchEngine, requests: BatchRequests, options: BatchRunOptions) {
    this.#engine = engine;
    this.#requests = requests;
    this.#options = checked(options);
  }

  batch(): Promise<Batch> {
    this.#batch ??= this.#begin().catch((error: unknown) => {
      throw this.#explained(error);
    });
    return this.#batch;
  }

  async progress(): Promise<BatchProgress> {
    const { id } = await this.batch();
    return progressOf(await this.#engine.batches.retrieve(id));
  }

  async *results(): AsyncGenerator<BatchResultLine, undefined> {
    const { signal, onProgress } = this.#options;
    const { id } = await this.batch();
    let ended = false;
    try {
      for await (const line of this.#engine.batches.results(id, { signal })) {
        yield line;
        if (onProgress !== undefined) tellProgress(onProgress, await this.#engine.batches.retrieve(id));
      }
      ended = true;
    } catch (error) {
      throw this.#explained(error);
    } finally {
      if (!ended) await this.#engine.batches.cancel(id).catch(() => {});
    }
    const batch = await this.#engine.batches.retrieve(id);
    tellProgress(onProgress, batch);
    if (batch.status === 'failed') throw refusedLines(batch.errors?.data ?? [], { batch: id });
    return undefined;
  }

  async #begin(): Promise<Batch> {
    const { endpoint, id, metadata, concurrency, signal } = this.#options;
    signal?.throwIfAborted();
    const { files, batches } = this.#engine;
    const key = id === undefined ? undefined : `run:${id}`;
    const options = concurrency === undefined ? {} : { concurrency };
    if (key !== undefined) {
      const known = await batches.retrieve(await batchIdOf(key)).catch(absent);
      if (known !== undefined) {
        batches.limit(known.id, options);
        return known;
      }
    }
    const { id: input_file_id } = await files.create({
      filename: 'run.jsonl',
      content: this.#lines(),
      details: () => ({ purpose: 'batch' }),
    });
    const order = { input_file_id, endpoint, completion_window: '24h' as const, metadata: { ...metadata } };
    const batch = await batches.create(key === undefined ? order : { ...order, idempotency_key: key }).catch(async (error) => {
      if (key === undefined || !isLLMError(error, 'conflict')) throw error;
      // another process has begun the run of this name meanwhile
      await files.delete(input_file_id);
      return batches.retrieve(await batchIdOf(key));
    });
    batches.limit(batch.id, options);
    return batch;
  }

  #explained(error: unknown): unknown {
    const { signal } = this.#options;
    return signal?.aborted === true ? new AbortError({ message: 'the batch run was aborted', cause: signal.reason }) : error;
  }

  async *#lines(): AsyncGenerator<Uint8Array, undefined> {
    const { endpoint, model, signal } = this.#options;
    const encoder = new TextEncoder();
    let position = 0;
    for await (const request of this.#requests) {
      signal?.throwIfAborted();
      position++;
      if (typeof request !== 'object' || request === null || typeof request.body !== 'object' || request.body === null) {
        throw wrongInput(`requests[${position - 1}]`, 'an object with "body"', request);
      }
      const custom_id = request.custom_id ?? `request-${position}`;
      const body = model === undefined || request.body.model !== undefined ? request.body : { ...request.body, model };
      yield encoder.encode(`${JSON.stringify({ custom_id, method: 'POST', url: endpoint, body })}\n`);
    }
    if (position === 0) throw wrongInput('requests', 'at least one request');
    return undefined;
  }
}

function checked(options: BatchRunOptions): BatchRunOptions {
  if (typeof options !== 'object' || options === null) throw wrongInput('options', 'an object with "endpoint"', options);
  const { endpoint, concurrency } = options;
  if (!(BATCH_ENDPOINTS as readonly string[]).includes(endpoint)) {
    throw wrongInput('options.endpoint', BATCH_ENDPOINTS.map((one) => `"${one}"`).join(' or '));
  }
  if (concurrency !== undefined && !(Number.isInteger(concurrency) && concurrency >= 1)) {
    throw wrongInput('options.concurrency', 'a whole number ≥ 1', concurrency);
  }
  return options;
}

function absent(error: unknown): undefined {
  if (isLLMError(error, 'not_found')) return undefined;
  throw error;
}
