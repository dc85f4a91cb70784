import type { ConnectionOptions, Job, Queue, Worker } from 'bullmq';
import type { RedisOptions } from 'ioredis';
import type { Batch, BatchHost } from '../../contract/batches.ts';
import type { Timer } from '../../time/clock.ts';
import { sleep } from '../../time/clock.ts';
import { BatchSteps, ENDED } from '../batch-steps.ts';
import { missingPackage } from '../redis/redis-link.ts';
import type { BatchStore } from '../store.ts';
import type { BatchWorker, WorkerOptions } from '../worker.ts';
import { LineRun } from './line-run.ts';

export interface QueueWorkerOptions extends WorkerOptions {
  readonly connection: RedisOptions;
  readonly prefix: string;
  /** Milliseconds after which the jobs of a process that died are given to another. */
  readonly lockMs: number;
  /** `false`: this process orders batches and does none of their work. */
  readonly works: boolean;
}

/** Lines from one number to another. */
interface PartData {
  readonly batch: string;
  readonly from: number;
  readonly to: number;
}

interface BatchData {
  readonly batch: string;
  readonly step?: 'lines' | 'end';
}

/** A part has so many lines at most; a batch is cut into so many parts at least, so that all processes get some. */
const LARGEST_PART = 25;
const FEWEST_PARTS = 64;
const PAGE = 500;
const LOOK_MS = 200;
const TRIES = 5;
/** How long the end waits for a Redis that does not answer. */
const PATIENCE_MS = 5000;

/**
 * Takes batches from `validating` to their end in any of several processes: a job for each batch, and under it one for each part of
 * its lines. The jobs of a process that died go to another, which runs the lines that have no result.
 */
export class QueueWorker implements BatchWorker {
  readonly #store: BatchStore;
  readonly #host: BatchHost;
  readonly #options: QueueWorkerOptions;
  readonly #steps: BatchSteps;
  readonly #closing = new AbortController();
  #batches: Queue<BatchData> | undefined;
  #parts: Queue<PartData> | undefined;
  #workers: Worker[] = [];
  #timer: Timer | undefined;
  #impatient = false;

  constructor(store: BatchStore, host: BatchHost, options: QueueWorkerOptions) {
    this.#store = store;
    this.#host = host;
    this.#options = options;
    this.#steps = new BatchSteps(store, host, options);
  }

  async resume(): Promise<void> {
    const { Queue, Worker } = await import('bullmq').catch((cause: unknown) => missingPackage('bullmq', cause));
    const { prefix, concurrency, lockMs, works } = this.#options;
    const { retryStrategy = reconnectsAfter } = this.#options.connection;
    const connection = {
      ...this.#options.connection,
      retryStrategy: (times: number) => (this.#impatient ? null : retryStrategy?.(times)),
    } as ConnectionOptions & object;
    const shared = { connection, prefix: `{${prefix}}` };
    const defaults = {
      attempts: TRIES,
      backoff: { type: 'exponential', delay: 200 },
      removeOnComplete: true,
      removeOnFail: true,
    };
    this.#batches = new Queue('batches', { ...shared, defaultJobOptions: defaults });
    this.#parts = new Queue('parts', { ...shared, defaultJobOptions: defaults });
    for (const queue of [this.#batches, this.#parts]) queue.on('error', ignore);
    await this.#store.files.expire(this.#options.now());
    if (!works) return;
    const settings = {
      ...shared,
      connection: { ...connection, maxRetriesPerRequest: null } as ConnectionOptions,
      lockDuration: lockMs,
      stalledInterval: Math.ceil(lockMs / 2),
      maxStalledCount: 1_000_000,
    };
    this.#workers = [
      new Worker<BatchData>('batches', (job, token) => this.#batch(job, token ?? ''), { ...settings, concurrency: 4 }),
      new Worker<PartData>('parts', (job, token) => this.#part(job, token ?? ''), { ...settings, concurrency }),
    ];
    for (const worker of this.#workers) worker.on('error', ignore);
    await this.#takeUnfinished();
    this.#watch();
  }

  /** A batch that is queued is not queued twice. */
  async take({ id }: Batch): Promise<void> {
    await this.#batches?.add('batch', { batch: id }, { jobId: id });
  }

  /** Who runs its lines looks at the batch now and then. */
  cancel(): void {}

  /** How many lines run at once is each process's own setting. */
  limit(): void {}

  async changed(_id: string, signal: AbortSignal | undefined): Promise<void> {
    if (this.#closing.signal.aborted) return;
    await sleep(this.#host.clock, LOOK_MS, signal).catch(ignore);
  }

  stop(): void {
    this.#closing.abort();
    this.#timer?.cancel();
  }

  async close(): Promise<void> {
    const open = [...this.#workers, this.#batches, this.#parts].filter((one) => one !== undefined);
    const waited = new AbortController();
    const impatient = sleep(this.#host.clock, PATIENCE_MS, waited.signal).then(() => {
      this.#impatient = true;
      for (const one of open) one.disconnect().catch(ignore);
    }, ignore);
    await Promise.race([impatient, Promise.allSettled(open.map((one) => one.close()))]);
    waited.abort();
  }

  /** Orders whose process died before they were queued, and batches whose job was lost. */
  async #takeUnfinished(): Promise<void> {
    for (const batch of await this.#store.batches.unfinished()) await this.take(batch);
  }

  #watch(): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = this.#host.clock.timer(() => {
      this.#takeUnfinished()
        .catch(ignore)
        .finally(() => this.#watch());
    }, this.#options.lockMs);
    this.#timer.hold(false);
  }

  async #batch(job: Job<BatchData>, token: string): Promise<void> {
    const { batch: id } = job.data;
    const batch = await this.#store.batches.get(id);
    if (batch === undefined || ENDED.has(batch.status)) return;
    let { step } = job.data;
    try {
      if (step === undefined) {
        const runs = batch.status === 'in_progress' || (batch.status === 'validating' && (await this.#validate(batch)));
        if (this.#closing.signal.aborted) await this.#putBack(job, token);
        step = runs ? 'lines' : 'end';
        await job.updateData({ batch: id, step });
      }
      if (step === 'lines') {
        await this.#cut(id, job);
        await job.updateData({ batch: id, step: 'end' });
        if (await job.moveToWaitingChildren(token)) {
          const { WaitingChildrenError } = await import('bullmq');
          throw new WaitingChildrenError();
        }
      }
      await this.#end(id, job);
    } catch (error) {
      if (LATER.has((error as Error).name) || job.attemptsMade + 1 < TRIES) throw error;
      await this.#steps.fail(id, error);
    }
  }

  #validate(batch: Batch): Promise<boolean> {
    return this.#steps.validate(batch, () => this.#closing.signal.aborted);
  }

  async #end(id: string, job: Job<BatchData>): Promise<void> {
    const batch = await this.#store.batches.get(id);
    if (batch === undefined) return;
    const expired = this.#options.now() >= (batch.expires_at ?? Number.POSITIVE_INFINITY);
    const left = batch.status === 'in_progress' && !expired ? await this.#store.lines.pending(id, 0, 1) : [];
    if (left.length > 0) {
      await job.updateData({ batch: id, step: 'lines' });
      throw new Error('some lines could not be run');
    }
    await this.#steps.end(id, expired);
  }

  /** Ids of parts follow from their lines: a part that is there already is not added twice. */
  async #cut(id: string, job: Job<BatchData>): Promise<void> {
    const total = (await this.#store.batches.get(id))?.request_counts?.total ?? 0;
    const size = Math.max(1, Math.min(LARGEST_PART, Math.ceil(total / FEWEST_PARTS)));
    const parent = { id: String(job.id), queue: job.queueQualifiedName };
    for (let after = 0; ; ) {
      const lines = await this.#store.lines.pending(id, after, PAGE);
      const last = lines.at(-1);
      if (last === undefined) return;
      after = last.number;
      const parts: { name: string; data: PartData; opts: object }[] = [];
      for (let at = 0; at < lines.length; at += size) {
        const from = lines[at]?.number ?? 0;
        const to = lines[Math.min(at + size, lines.length) - 1]?.number ?? 0;
        parts.push({
          name: 'part',
          data: { batch: id, from, to },
          opts: { jobId: `${id}-${from}`, parent, ignoreDependencyOnFailure: true },
        });
      }
      await this.#parts?.addBulk(parts);
    }
  }

  async #part(job: Job<PartData>, token: string): Promise<void> {
    const { batch: id, from, to } = job.data;
    const run = new LineRun(id, this.#store, this.#host, this.#steps, this.#options.now, this.#closing.signal);
    await run.lines(from, to);
    if (this.#closing.signal.aborted) await this.#putBack(job, token);
  }

  /** This process ends: the job goes back, for another one. */
  async #putBack(job: Job, token: string): Promise<never> {
    const { DelayedError } = await import('bullmq');
    await job.moveToDelayed(this.#host.clock.now(), token);
    throw new DelayedError();
  }
}

/** Errors that only say that the job is not done yet. */
const LATER: ReadonlySet<string> = new Set(['WaitingChildrenError', 'DelayedError']);

/** ioredis' own rule, in milliseconds. */
const reconnectsAfter = (times: number): number => Math.min(times * 50, 2000);

function ignore(): void {}
