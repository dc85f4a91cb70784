import type { Batch, BatchHost } from '../../contract/batches.ts';
import type { Timer } from '../../time/clock.ts';
import type { BatchSteps } from '../batch-steps.ts';
import type { BatchStore } from '../store.ts';

const LOOK_MS = 300;

/** Some lines of a batch, one after another, until the batch is cancelled, expires, or the process ends. */
export class LineRun {
  readonly #id: string;
  readonly #store: BatchStore;
  readonly #host: BatchHost;
  readonly #steps: BatchSteps;
  readonly #now: () => number;
  readonly #closing: AbortSignal;
  readonly #stop = new AbortController();
  #timer: Timer | undefined;
  #ended = false;

  constructor(id: string, store: BatchStore, host: BatchHost, steps: BatchSteps, now: () => number, closing: AbortSignal) {
    this.#id = id;
    this.#store = store;
    this.#host = host;
    this.#steps = steps;
    this.#now = now;
    this.#closing = closing;
  }

  /** Runs those from one number to another that have no result. */
  async lines(from: number, to: number): Promise<void> {
    const stop = (): void => this.#stop.abort();
    if (this.#closing.aborted) return;
    this.#closing.addEventListener('abort', stop);
    try {
      const batch = await this.#look();
      if (batch === undefined) return;
      this.#watch();
      for (const line of await this.#store.lines.pending(this.#id, from - 1, to - from + 1)) {
        if (line.number > to || this.#stop.signal.aborted) break;
        await this.#steps.run(batch, line, this.#stop.signal);
      }
    } finally {
      this.#ended = true;
      this.#timer?.cancel();
      this.#closing.removeEventListener('abort', stop);
    }
  }

  /** The batch while its lines shall run. */
  async #look(): Promise<Batch | undefined> {
    const batch = await this.#store.batches.get(this.#id);
    const runs = batch?.status === 'in_progress' && this.#now() < (batch.expires_at ?? Number.POSITIVE_INFINITY);
    return runs ? batch : undefined;
  }

  #watch(): void {
    this.#timer = this.#host.clock.timer(() => {
      this.#look().then(
        (batch) => {
          if (this.#ended) return;
          if (batch === undefined) this.#stop.abort();
          else this.#watch();
        },
        () => {
          if (!this.#ended) this.#watch();
        },
      );
    }, LOOK_MS);
  }
}
