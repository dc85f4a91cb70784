import type { Batch, BatchEndpoint, BatchHost, BatchLineAnswer, BatchResultLine } from '../contract/batches.ts';
import { answeredLine, tokensOf, unrunLine } from './result-lines.ts';
import type { BatchStore, LineTokens, StoredLine } from './store.ts';
import { parsed } from './validation.ts';

/** Lines that are read from the store at once. */
const PAGE = 100;

/** One batch at work: hands out its lines one by one, and knows when all of them have ended. */
export class RunningBatch {
  readonly id: string;
  readonly endpoint: BatchEndpoint;
  readonly input: string;
  readonly #store: BatchStore;
  readonly #host: BatchHost;
  readonly #finished: () => void;
  readonly #stop = new AbortController();
  #ahead: StoredLine[] = [];
  #after = 0;
  #exhausted = false;
  #running = 0;
  /** Of its lines at once. */
  concurrency: number = Number.POSITIVE_INFINITY;
  /** Its window is over. */
  expired = false;

  /** @param finished called after each line whose result is stored. */
  constructor(batch: Batch, store: BatchStore, host: BatchHost, finished: () => void) {
    this.id = batch.id;
    this.endpoint = batch.endpoint as BatchEndpoint;
    this.input = batch.input_file_id;
    this.#store = store;
    this.#host = host;
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
      this.#ahead = await this.#store.lines.pending(this.id, this.#after, PAGE);
      this.#after = this.#ahead.at(-1)?.number ?? this.#after;
      if (this.#ahead.length === 0) this.#exhausted = true;
    }
    const line = this.#ahead.shift();
    if (line !== undefined) this.#running++;
    return line;
  }

  /** Runs a line that {@link next} gave, and stores what became of it. Rejects only when the store fails. */
  async run(line: StoredLine): Promise<void> {
    try {
      const answered = await this.#answer(line);
      if (answered !== undefined) {
        await this.#finish(line.number, answeredLine(line.customId, answered), tokensOf(answered));
      }
      this.#finished();
    } finally {
      this.#running--;
    }
  }

  /** Gives every line without a result the error of one that was never run. */
  async abandon(code: 'batch_expired' | 'batch_cancelled'): Promise<void> {
    for (let after = 0; ; ) {
      const lines = await this.#store.lines.pending(this.id, after, PAGE);
      const last = lines.at(-1);
      if (last === undefined) return;
      after = last.number;
      await Promise.all(lines.map(({ number, customId }) => this.#finish(number, unrunLine(customId, code))));
    }
  }

  #finish(number: number, line: BatchResultLine, tokens?: LineTokens): Promise<void> {
    const ok = line.response !== null && line.response.status_code < 400;
    return this.#store.lines.finish(this.id, { number, ok, line }, tokens);
  }

  /** `undefined` when the batch was stopped meanwhile. */
  async #answer({ customId, start, length }: StoredLine): Promise<BatchLineAnswer | undefined> {
    const { signal } = this.#stop;
    const body = await this.#body(start, length);
    try {
      return await this.#host.run({ endpoint: this.endpoint, body, batchId: this.id, customId, signal });
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
  }

  async #body(start: number, length: number): Promise<Readonly<Record<string, unknown>>> {
    const pieces: Uint8Array[] = [];
    for await (const piece of (await this.#store.files.read(this.input, start, length)) ?? []) pieces.push(piece);
    const text = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
    return (parsed(text) as { body: Record<string, unknown> }).body;
  }
}
