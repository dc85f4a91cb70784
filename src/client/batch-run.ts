import type { Batch, BatchResultLine } from '../contract/batches.ts';
import type { BatchProgress } from './batch-progress.ts';
import type { BatchRunSteps } from './run-steps.ts';

export type { BatchProgress } from './batch-progress.ts';
export type { BatchRequest, BatchRequests, BatchRunOptions } from './run-steps.ts';

/** Requests under way as a batch: iterated it gives results as they finish, awaited through {@link BatchRun.done} its totals. */
export class BatchRun implements AsyncIterable<BatchResultLine> {
  readonly #steps: Promise<BatchRunSteps>;

  /** @internal Made by `llm.batches.run`. */
  constructor(steps: Promise<BatchRunSteps>) {
    this.#steps = steps;
    // told to whoever asks for the run
    this.#steps.catch(() => {});
  }

  /** The batch that the run became. Starts the run. */
  async batch(): Promise<Batch> {
    return (await this.#steps).batch();
  }

  /** Runs to the end without looking at results one by one; resolves with the totals. */
  async done(): Promise<BatchProgress> {
    for await (const _ of this);
    return this.progress();
  }

  async progress(): Promise<BatchProgress> {
    return (await this.#steps).progress();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<BatchResultLine, undefined> {
    return yield* (await this.#steps).results();
  }
}
