import type { BatchError } from 'openai/resources/batches';
import type { Batch, BatchEndpoint, BatchHost } from '../contract/batches.ts';
import { isLLMError } from '../errors/catalogue.ts';
import type { Timer } from '../time/clock.ts';
import { addResultFile } from './result-file.ts';
import type { ResultFormat } from './result-lines.ts';
import { RunningBatch } from './running-batch.ts';
import { Scheduler } from './scheduler.ts';
import type { BatchStore, StoredLine } from './store.ts';
import type { BatchLimits } from './validation.ts';
import { Validation } from './validation.ts';

export interface WorkerOptions extends BatchLimits {
  readonly concurrency: number;
  readonly resultFormat: ResultFormat;
  /** Seconds since the epoch. */
  readonly now: () => number;
}

const LINES_AT_ONCE = 500;
const THIRTY_DAYS = 2_592_000;

/** Takes batches from `validating` to their end. */
export class Worker {
  readonly #store: BatchStore;
  readonly #host: BatchHost;
  readonly #options: WorkerOptions;
  readonly #scheduler: Scheduler;
  readonly #running = new Map<string, RunningBatch>();
  readonly #working = new Set<Promise<void>>();
  readonly #timers = new Map<string, Timer>();
  readonly #listeners = new Map<string, Set<() => void>>();
  #closed = false;

  constructor(store: BatchStore, host: BatchHost, options: WorkerOptions) {
    this.#store = store;
    this.#host = host;
    this.#options = options;
    this.#scheduler = new Scheduler(options.concurrency);
  }

  /** Goes on with what an earlier process has left. */
  async resume(): Promise<void> {
    await this.#store.files.expire(this.#options.now());
    for (const batch of await this.#store.batches.unfinished()) this.take(batch);
  }

  take(batch: Batch, resultLifetime: number = THIRTY_DAYS): void {
    const work = this.#work(batch, resultLifetime).finally(() => {
      this.#working.delete(work);
      this.#running.delete(batch.id);
      this.#timers.get(batch.id)?.cancel();
      this.#timers.delete(batch.id);
      this.#tell(batch.id);
      this.#listeners.delete(batch.id);
    });
    this.#working.add(work);
  }

  /** For a batch that is `cancelling` now. */
  cancel(id: string): void {
    this.#running.get(id)?.stop();
    this.#scheduler.wake();
  }

  /** How many lines of a batch run at once. */
  limit(id: string, concurrency: number): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.concurrency = concurrency;
    this.#scheduler.wake();
  }

  /** Resolves at the next news of a batch, or when the signal aborts. */
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
      if (this.#closed || !this.#running.has(id)) queueMicrotask(tell);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const batch of this.#running.values()) batch.stop();
    this.#scheduler.wake();
    await Promise.allSettled(this.#working);
  }

  #tell(id: string): void {
    for (const listener of [...(this.#listeners.get(id) ?? [])]) listener();
  }

  /** Never rejects: what goes wrong inside ends the batch. */
  async #work(batch: Batch, resultLifetime: number): Promise<void> {
    const running = new RunningBatch(batch, this.#store, this.#host, () => this.#tell(batch.id));
    this.#running.set(batch.id, running);
    try {
      // the caller has its answer before the first line is read, and may cancel
      await null;
      this.#watchWindow(batch, running);
      if (batch.status === 'validating' && !(await this.#validate(batch, running))) return;
      if (batch.status !== 'cancelling') await this.#scheduler.run(running);
      if (!this.#closed) await this.#end(batch, running, resultLifetime);
    } catch (error) {
      if (!this.#closed) await this.#fail(batch.id, [failureOf(error)]).catch(() => {});
    }
  }

  #watchWindow(batch: Batch, running: RunningBatch): void {
    const seconds = (batch.expires_at ?? Number.POSITIVE_INFINITY) - this.#options.now();
    if (seconds === Number.POSITIVE_INFINITY) return;
    const timer = this.#host.clock.timer(
      () => {
        running.expired = true;
        running.stop();
        this.#scheduler.wake();
      },
      Math.max(0, seconds * 1000),
    );
    timer.hold(false);
    this.#timers.set(batch.id, timer);
  }

  /** Resolves with `true` when the lines can be run. */
  async #validate(batch: Batch, running: RunningBatch): Promise<boolean> {
    const content = await this.#store.files.read(batch.input_file_id);
    const visible = await this.#store.files.get(batch.input_file_id);
    if (content === undefined || visible === undefined) {
      const message = `Cannot find file ${batch.input_file_id.slice(0, 200)}, or this server has no access to it.`;
      await this.#fail(batch.id, [{ code: 'invalid_request', message, line: null, param: 'file_id' }]);
      return false;
    }
    await this.#store.lines.clear(batch.id);
    const { endpoint } = batch;
    const refuses = (model: string): string | undefined => this.#host.refuses(model);
    const validation = new Validation({ ...this.#options, endpoint: endpoint as BatchEndpoint, refuses });
    let lines: StoredLine[] = [];
    for await (const line of validation.lines(content)) {
      if (running.stopped) break;
      lines.push(line);
      if (lines.length < LINES_AT_ONCE || validation.errors.length > 0) continue;
      await this.#store.lines.add(batch.id, lines);
      lines = [];
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (running.stopped) return true;
    if (validation.errors.length > 0) {
      await this.#store.lines.clear(batch.id);
      await this.#fail(batch.id, validation.errors);
      return false;
    }
    await this.#store.lines.add(batch.id, lines);
    await this.#store.batches.change(batch.id, ['validating'], {
      status: 'in_progress',
      in_progress_at: this.#options.now(),
      request_counts: { total: validation.total, completed: 0, failed: 0 },
      ...(validation.model === undefined ? {} : { model: validation.model }),
    });
    this.#tell(batch.id);
    return true;
  }

  async #end({ id }: Batch, running: RunningBatch, resultLifetime: number): Promise<void> {
    const { batches } = this.#store;
    const cancelled = (await batches.get(id))?.status === 'cancelling';
    if (cancelled) await running.abandon('batch_cancelled');
    else {
      if (running.expired) await running.abandon('batch_expired');
      await batches.change(id, ['in_progress', 'validating'], { status: 'finalizing', finalizing_at: this.#options.now() });
    }
    const files = await this.#addResults(id, resultLifetime);
    const now = this.#options.now();
    const from = ['finalizing', 'cancelling'] as const;
    // a cancel that came while the files were written still counts
    if ((await batches.get(id))?.status === 'cancelling') {
      await batches.change(id, from, { ...files, status: 'cancelled', cancelled_at: now });
    } else if (running.expired) await batches.change(id, from, { ...files, status: 'expired', expired_at: now });
    else await batches.change(id, from, { ...files, status: 'completed', completed_at: now });
  }

  async #addResults(id: string, lifetime: number): Promise<Partial<Batch>> {
    const about = { format: this.#options.resultFormat, created_at: this.#options.now(), lifetime };
    const output = await addResultFile(this.#store, id, true, about);
    const errors = await addResultFile(this.#store, id, false, about);
    return { ...(output && { output_file_id: output.id }), ...(errors && { error_file_id: errors.id }) };
  }

  async #fail(id: string, errors: readonly BatchError[]): Promise<void> {
    await this.#store.batches.change(id, ['validating', 'in_progress', 'finalizing'], {
      status: 'failed',
      failed_at: this.#options.now(),
      errors: { object: 'list', data: [...errors] },
    });
  }
}

function failureOf(error: unknown): BatchError {
  const message = isLLMError(error) ? error.message : 'The batch could not be run.';
  return { code: 'internal_error', message, line: null, param: null };
}
