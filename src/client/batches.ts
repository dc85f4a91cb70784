import type { BatchListParams } from 'openai/resources/batches';
import type { Batch, BatchDesk, BatchEngine, BatchOrder, BatchResultLine } from '../contract/batches.ts';
import type { CallOptions } from '../contract/call.ts';
import type { BatchRequests, BatchRunOptions } from './batch-run.ts';
import { BatchRun } from './batch-run.ts';
import type { CallRunner } from './call-runner.ts';
import { PagePromise } from './list-page.ts';
import type { EngineOrNative, NativeBatches, NativeBatchOrder, NativeOptions, PollOptions } from './native-batches.ts';
import type { NativeRunOptions } from './native-run.ts';
import { noEngine } from './no-engine.ts';

/** Batches: of the client's engine, for any provider, or with `provider` of that provider's own API. openai's surface, and `run`. */
export class Batches {
  readonly #engine: BatchEngine | undefined;
  readonly #runner: CallRunner;

  /** @internal Made by the client. */
  constructor(engine: BatchEngine | undefined, runner: CallRunner) {
    this.#engine = engine;
    this.#runner = runner;
  }

  /**
   * Makes a batch of an uploaded file, at a provider also of requests. What is wrong in the file is told by the batch, whose status
   * then is `failed`; what is wrong in requests rejects with `BadRequestError`, every error in `details.errors`, before anything is sent.
   *
   * @example
   * const batch = await llm.batches.create({ provider: 'anthropic', endpoint: '/v1/chat/completions', model: 'claude-sonnet-4-5', requests });
   */
  async create(order: NativeBatchOrder, options?: CallOptions): Promise<Batch>;
  async create(order: BatchOrder): Promise<Batch>;
  async create(order: BatchOrder | NativeBatchOrder, options?: CallOptions): Promise<Batch> {
    if (isNative(order)) return (await this.#native()).create(order, options);
    return this.#desk().create(order);
  }

  async retrieve(id: string, options: EngineOrNative = {}): Promise<Batch> {
    return isNative(options) ? (await this.#native()).retrieve(id, options) : this.#desk().retrieve(id);
  }

  /** The first page, newest first; iterated, every batch. */
  list(query: (BatchListParams & { readonly provider?: string }) | null = {}, options?: CallOptions): PagePromise<Batch> {
    const { provider, ...rest } = query ?? {};
    return new PagePromise({ limit: 20, ...rest }, async (page) =>
      provider === undefined ? this.#desk().list(page) : (await this.#native()).list(page, { ...options, provider }),
    );
  }

  /** Finished lines stay. Rejects with `ConflictError` when the batch has ended otherwise. */
  async cancel(id: string, options: EngineOrNative = {}): Promise<Batch> {
    return isNative(options) ? (await this.#native()).cancel(id, options) : this.#desk().cancel(id);
  }

  /**
   * Of the engine: lines that have finished, then each as it finishes, until the batch has ended. Of a provider: every line when the
   * batch has ended, which is waited for; failures of lines in OpenAI's envelope, whoever the provider is.
   */
  results(
    id: string,
    options: (NativeOptions & PollOptions) | { readonly provider?: undefined; readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterable<BatchResultLine> {
    return isNative(options) ? this.#nativeResults(id, options) : this.#desk().results(id, options);
  }

  /**
   * Runs requests as a batch and gives their results as they finish; with `provider` at that provider's own API, whose results come
   * when all have finished. Leaving the loop, or the signal, cancels what has not run.
   *
   * @example
   * for await (const { custom_id, response } of llm.batches.run(requests, { endpoint: '/v1/chat/completions', model: 'openai/gpt-5-mini' })) {
   *   console.log(custom_id, response?.status_code);
   * }
   */
  run(requests: BatchRequests, options: NativeRunOptions): BatchRun;
  run(requests: BatchRequests, options: BatchRunOptions): BatchRun;
  run(requests: BatchRequests, options: BatchRunOptions | NativeRunOptions): BatchRun {
    if (isNative(options)) {
      const steps = import('./native-run.ts').then(({ NativeRunSteps }) => new NativeRunSteps(this.#runner, requests, options));
      return new BatchRun(steps);
    }
    const engine = this.#engine;
    if (engine === undefined) throw noEngine('batches');
    return new BatchRun(import('./run-steps.ts').then(({ RunSteps }) => new RunSteps(engine, requests, options)));
  }

  async *#nativeResults(id: string, options: NativeOptions & PollOptions): AsyncGenerator<BatchResultLine, undefined> {
    return yield* (await this.#native()).results(id, options);
  }

  #desk(): BatchDesk {
    if (this.#engine === undefined) throw noEngine('batches');
    return this.#engine.batches;
  }

  async #native(): Promise<NativeBatches> {
    const { NativeBatches } = await import('./native-batches.ts');
    return new NativeBatches(this.#runner);
  }
}

function isNative<T extends object>(given: T): given is T & { readonly provider: string } {
  return (given as { readonly provider?: unknown } | null)?.provider !== undefined;
}
