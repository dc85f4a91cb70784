import type { Batch } from '../contract/batches.ts';
import type { BatchSteps } from './batch-steps.ts';
import type { StoredLine, StoredLines } from './store.ts';

/** Lines that are read from the store at once. */
const PAGE = 100;

/** One batch at work in this process: hands out its lines one by one, and knows when all of them have ended. */
export class RunningBatch {
  readonly batch: Batch;
  /** Of its lines at once. */
  concurrency: number = Number.POSITIVE_INFINITY;
  /** Its window is over. */
  expired = false;
  readonly #lines: StoredLines;
  readonly #steps: BatchSteps;
  readonly #finished: () => void;
  readonly #stop = new AbortController();
  #ahead: StoredLine[] = [];
  #after = 0;
  #exhausted = false;
  #running = 0;

  /** @param finished called after each line whose result is stored. */
  constructor(batch: Batch, lines: StoredLines, steps: BatchSteps, finished: () => void) {
    this.batch = batch;
    this.#lines = lines;
    this.#steps = steps;
    this.#finished = finished;
  }

  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** No further line begins; those that run are let go and have no result. */
  stop(): void {
    this.#stop.abort();
  }

  /** Nothing of it runs, and nothing is left to run. */
  get idle(): boolean {
    return this.#running === 0 && ((this.#exhausted && this.#ahead.length === 0) || this.stopped);
  }

  /** The next line; `undefined` when there is none, or none may begin now. */
  async next(): Promise<StoredLine | undefined> {
    if (this.stopped || this.#running >= this.concurrency) return undefined;
    if (this.#ahead.length === 0 && !this.#exhausted) {
      this.#ahead = await this.#lines.pending(this.batch.id, this.#after, PAGE);
      this.#after = this.#ahead.at(-1)?.number ?? this.#after;
      if (this.#ahead.length === 0) this.#exhausted = true;
    }
    const line = this.#ahead.shift();
    if (line !== undefined) this.#running++;
    return line;
  }

  /** Runs a line that {@link next} gave. Rejects only when the store fails. */
  async run(line: StoredLine): Promise<void> {
    try {
      await this.#steps.run(this.batch, line, this.#stop.signal);
      this.#finished();
    } finally {
      this.#running--;
    }
  }
}
