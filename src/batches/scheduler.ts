import type { RunningBatch } from './running-batch.ts';

/** Runs the lines of several batches, so many at once over all of them, batch by turn. */
export class Scheduler {
  readonly #concurrency: number;
  readonly #batches: RunningBatch[] = [];
  readonly #idle = new Map<RunningBatch, { done: () => void; failed: (error: unknown) => void }>();
  #running = 0;
  #turn = 0;
  #filling = false;
  /** Something has changed since the last look. */
  #asked = false;

  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** Resolves when all lines of the batch have ended, or it was stopped and its running lines have let go. */
  run(batch: RunningBatch): Promise<void> {
    return new Promise((done, failed) => {
      this.#idle.set(batch, { done, failed });
      this.#batches.push(batch);
      this.wake();
    });
  }

  /** Looks anew for what can begin and what has ended: after a batch was stopped. */
  wake(): void {
    this.#asked = true;
    if (this.#filling) return;
    this.#filling = true;
    this.#fill().finally(() => {
      this.#filling = false;
      if (this.#asked) this.wake();
    });
  }

  async #fill(): Promise<void> {
    while (this.#asked) {
      this.#asked = false;
      await this.#begin();
      this.#settle();
    }
  }

  async #begin(): Promise<void> {
    let without = 0;
    while (this.#running < this.#concurrency && without < this.#batches.length) {
      const batch = this.#batches[this.#turn++ % this.#batches.length] as RunningBatch;
      try {
        const line = await batch.next();
        if (line === undefined) {
          without++;
          continue;
        }
        without = 0;
        this.#running++;
        batch.run(line).then(this.#ended, (error: unknown) => {
          this.#fail(batch, error);
          this.#ended();
        });
      } catch (error) {
        this.#fail(batch, error);
      }
    }
  }

  readonly #ended = (): void => {
    this.#running--;
    this.wake();
  };

  #fail(batch: RunningBatch, error: unknown): void {
    batch.stop();
    const waiting = this.#idle.get(batch);
    if (waiting === undefined) return;
    this.#remove(batch);
    waiting.failed(error);
  }

  #settle(): void {
    for (const batch of [...this.#batches]) {
      if (!batch.idle) continue;
      const waiting = this.#idle.get(batch);
      this.#remove(batch);
      waiting?.done();
    }
  }

  #remove(batch: RunningBatch): void {
    this.#idle.delete(batch);
    const at = this.#batches.indexOf(batch);
    if (at >= 0) this.#batches.splice(at, 1);
  }
}
