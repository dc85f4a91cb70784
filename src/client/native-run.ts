import { refusedLines } from '../contract/batch-line-check.ts';
import type { Batch, BatchResultLine } from '../contract/batches.ts';
import { AbortError } from '../errors/wire-errors.ts';
import type { BatchProgress } from './batch-progress.ts';
import { progressOf, tellProgress } from './batch-progress.ts';
import type { CallRunner } from './call-runner.ts';
import { NativeBatches, type NativeBatchOrder, type PollOptions } from './native-batches.ts';
import type { BatchRequests, BatchRunOptions, BatchRunSteps } from './run-steps.ts';

/** A run at a provider's own batch API. */
export interface NativeRunOptions
  extends Omit<NativeBatchOrder, 'input_file_id' | 'requests'>,
    Pick<BatchRunOptions, 'onProgress' | 'signal'>,
    PollOptions {}

/** The steps of a run at a provider: its batch made, its end waited for, its results read. */
export class NativeRunSteps implements BatchRunSteps {
  readonly #batches: NativeBatches;
  readonly #requests: BatchRequests;
  readonly #options: NativeRunOptions;
  #batch: Promise<Batch> | undefined;
  #seen: Batch | undefined;

  constructor(runner: CallRunner, requests: BatchRequests, options: NativeRunOptions) {
    this.#batches = new NativeBatches(runner);
    this.#requests = requests;
    this.#options = options;
  }

  batch(): Promise<Batch> {
    const { onProgress: _, minPoll: _min, maxPoll: _max, signal, ...order } = this.#options;
    this.#batch ??= this.#batches.create({ ...order, requests: this.#requests }, { signal });
    return this.#batch;
  }

  async progress(): Promise<BatchProgress> {
    const { id } = await this.batch();
    if (this.#seen !== undefined && isOver(this.#seen)) return progressOf(this.#seen);
    return progressOf(await this.#batches.retrieve(id, { provider: this.#options.provider }));
  }

  async *results(): AsyncGenerator<BatchResultLine, undefined> {
    const { provider, signal, onProgress, minPoll, maxPoll } = this.#options;
    const { id } = await this.batch();
    let ended = false;
    try {
      const batch = await this.#batches.ended(id, { provider, signal, minPoll, maxPoll }, (seen) => {
        this.#seen = seen;
        tellProgress(onProgress, seen);
      });
      ended = true;
      if (batch.status === 'failed') throw refusedLines(batch.errors?.data ?? [], { provider, batch: id });
      yield* this.#batches.resultsOf(batch, { provider, signal });
    } catch (error) {
      throw signal?.aborted === true
        ? new AbortError({ message: 'the batch run was aborted', provider, cause: signal.reason })
        : error;
    } finally {
      if (!ended) await this.#batches.cancel(id, { provider }).catch(() => {});
    }
    return undefined;
  }
}

const isOver = ({ status }: Batch): boolean =>
  status === 'completed' || status === 'failed' || status === 'expired' || status === 'cancelled';
