import type { Batch, BatchHost } from '../contract/batches.ts';
import type { Timer } from '../time/clock.ts';
import { sleep } from '../time/clock.ts';
import type { StepOptions } from './batch-steps.ts';
import { BatchSteps } from './batch-steps.ts';
import { RunningBatch } from './running-batch.ts';
import { Scheduler } from './scheduler.ts';
import type { BatchStore } from './store.ts';

/** Who does the work behind a desk: in this process, or in others. */
export interface BatchWorker {
  /** Begins, with what an earlier process has left. */
  resume(): Promise<void>;
  /** A new batch, whose status is `validating`. */
  take(batch: Batch): Promise<void>;
  /** A batch whose status is `cancelling` now. */
  cancel(id: string): void;
  /** How many lines of a batch run at once. */
  limit(id: string, concurrency: number): void;
  /** Resolves at the next news of a batch, or when the signal aborts. */
  changed(id: string, signal: AbortSignal | undefined): Promise<void>;
  /** Lets running lines go, at once; nothing begins any more. */
  stop(): void;
  /** Resolves when nothing runs any more. */
  close(): Promise<void>;
}

export interface WorkerOptions extends StepOptions {
  /** Lines at once, over all batches. */
  readonly concurrency: number;
}

const AGAIN_MS = 1000;

/** Takes batches from `validating` to their end, in this process. */
export class LocalWorker implements BatchWorker {
  readonly #store: BatchStore;
  readonly #host: BatchHost;
  readonly #options: WorkerOptions;
  readonly #steps: BatchSteps;
  readonly #scheduler: Scheduler;
  readonly #running = new Map<string, RunningBatch>();
  readonly #working = new Set<Promise<void>>();
  readonly #timers = new Map<string, Timer>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #closing = new AbortController();

  constructor(store: BatchStore, host: BatchHost, options: WorkerOptions) {
    this.#store = store;
    this.#host = host;
    this.#options = options;
    this.#steps = new BatchSteps(store, host, options);
    this.#scheduler = new Scheduler(options.concurrency);
  }

  async resume(): Promise<void> {
    await this.#store.files.expire(this.#options.now());
    for (const batch of await this.#store.batches.unfinished()) await this.take(batch);
  }

  async take(batch: Batch): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const work = this.#work(batch).finally(() => {
      this.#working.delete(work);
      this.#running.delete(batch.id);
      this.#timers.get(batch.id)?.cancel();
      this.#timers.delete(batch.id);
      this.#tell(batch.id);
      this.#listeners.delete(batch.id);
    });
    this.#working.add(work);
  }

  cancel(id: string): void {
    this.#running.get(id)?.stop();
    this.#scheduler.wake();
  }

  limit(id: string, concurrency: number): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.concurrency = concurrency;
    this.#scheduler.wake();
  }

  changed(id: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const listeners = this.#listeners.get(id) ?? new Set();
      this.#listeners.set(id, listeners);
      const tell = (): void => {
        listeners.delete(tell);
        signal?.removeEventListener('abort', tell);
        resolve();
      };
      listeners.add(tell);
      signal?.addEventListener('abort', tell);
      if (signal?.aborted === true || !this.#running.has(id)) setImmediate(tell);
    });
  }

  stop(): void {
    this.#closing.abort();
    for (const batch of this.#running.values()) batch.stop();
    this.#scheduler.wake();
    for (const id of this.#listeners.keys()) this.#tell(id);
  }

  async close(): Promise<void> {
    await Promise.all(this.#working);
  }

  #tell(id: string): void {
    for (const listener of [...(this.#listeners.get(id) ?? [])]) listener();
  }

  /** Never rejects: what goes wrong inside ends the batch. */
  async #work(batch: Batch): Promise<void> {
    const tell = (): void => this.#tell(batch.id);
    const running = new RunningBatch(batch, this.#store.lines, this.#steps, tell);
    this.#running.set(batch.id, running);
    try {
      // the caller has its answer before the first line is read, and may cancel
      await null;
      this.#watchWindow(running);
      let runs = batch.status === 'in_progress';
      if (batch.status === 'validating') {
        runs = await this.#steps.validate(batch, () => running.stopped);
        tell();
      }
      if (runs) await this.#scheduler.run(running);
      if (!this.#closing.signal.aborted) await this.#steps.end(batch.id, running.expired);
    } catch (error) {
      await this.#fail(batch.id, error);
    }
  }

  /** Until it is stored: a store that is out of room may have some later. */
  async #fail(id: string, error: unknown): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#steps.fail(id, error);
        return;
      } catch {
        await sleep(this.#host.clock, AGAIN_MS, signal).catch(() => {});
      }
    }
  }

  #watchWindow(running: RunningBatch): void {
    const { id, expires_at = Number.POSITIVE_INFINITY } = running.batch;
    const seconds = expires_at - this.#options.now();
    if (seconds === Number.POSITIVE_INFINITY) return;
    const end = (): void => {
      running.expired = true;
      running.stop();
      this.#scheduler.wake();
    };
    if (seconds <= 0) return end();
    const timer = this.#host.clock.timer(end, seconds * 1000);
    timer.hold(false);
    this.#timers.set(id, timer);
  }
}
