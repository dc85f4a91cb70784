import type { LLMError } from '../errors/catalogue.ts';
import type { PartialOutput } from '../errors/partial.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import type { WireHeaders } from './headers.ts';
import type { Usage } from './usage.ts';

/** How a result ended: a success, the error that broke it, or `abandoned` by its reader (abort, `break`). */
export type Settlement = 'success' | 'abandoned' | LLMError;

/** The sender's end of a stream. */
export interface StreamSource {
  readonly status: number;
  readonly headers: WireHeaders;
  /** Called when enough is queued, and when the reader has caught up. */
  pause(): void;
  resume(): void;
  /** The reader has left: close the socket. */
  cancel(): void;
  /** Somebody reads the chunks: the bytes need not be kept. */
  read?(): void;
  /** What the stream has delivered so far. */
  written?(): PartialOutput;
  /** The bytes as they came, instead of chunks; before anything was read. */
  raw?(): ReadableStream<Uint8Array>;
}

/** Sees chunks pass. */
export interface ChunkObserver<C> {
  add(chunk: C): void;
}

/** Takes the place of a stream's reader. */
export interface ChunkReceiver<C> {
  /** Chunks as they come; the receiver pauses the source when it has enough. `bytes`: how long they were. */
  push(batch: C[], bytes: number): void;
  settled(settlement: Settlement): void;
}

const HIGH_WATER = 1024;
const HEAVY_BYTES = 1024 * 1024;
const DONE = { value: undefined, done: true } as const;

interface Waiter<C> {
  resolve(result: IteratorResult<C, undefined>): void;
  reject(error: unknown): void;
}

/**
 * A stream whose first content is in hand. Chunks arrive in batches, one per read of the socket;
 * the reader takes them one by one. Can be read once.
 */
export class ChunkStream<C> implements AsyncIterable<C> {
  readonly source: StreamSource;
  /** Token counts, once the provider has sent them. */
  usage: Usage | undefined;
  /** Its reader takes the bytes as they come: no chunks pass any more. */
  rawRead = false;
  #queue: C[];
  #position = 0;
  /** Bytes that the queue was made of. */
  #bytes = 0;
  #waiters: Waiter<C>[] = [];
  #settlement: Settlement | undefined;
  #failure: LLMError | undefined;
  #listeners: ((settlement: Settlement) => void)[] = [];
  #observers: ChunkObserver<C>[] | undefined;
  #receiver: ChunkReceiver<C> | undefined;
  #paused = false;
  #consumed = false;
  readonly #highWater: number;

  /** @param highWater The source is paused when more chunks than this are queued, or more than a mebibyte. */
  constructor(source: StreamSource, first: C[], highWater: number = HIGH_WATER) {
    this.source = source;
    this.#queue = first;
    this.#highWater = highWater;
  }

  /** For the sender: more chunks, made of so many bytes. The array must not be used afterwards. */
  push(batch: C[], bytes = 0): void {
    if (this.#settlement !== undefined || batch.length === 0) return;
    if (this.#observers !== undefined) for (const observer of this.#observers) for (const chunk of batch) observer.add(chunk);
    if (this.#receiver !== undefined) return this.#receiver.push(batch, bytes);
    let taken = 0;
    while (this.#waiters.length > 0 && taken < batch.length) {
      this.#waiters.shift()?.resolve({ value: batch[taken++] as C, done: false });
    }
    if (taken === batch.length) return;
    if (this.#position === this.#queue.length) {
      this.#queue = batch;
      this.#position = taken;
      this.#bytes = bytes;
    } else {
      for (; taken < batch.length; taken++) this.#queue.push(batch[taken] as C);
      this.#bytes += bytes;
    }
    if (!this.#paused && (this.#queue.length - this.#position > this.#highWater || this.#bytes > HEAVY_BYTES)) {
      this.#paused = true;
      this.source.pause();
    }
  }

  /** For the sender: the good end. */
  end(): void {
    this.#settle('success');
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(DONE);
  }

  /** For the sender: the bad end. The reader gets what is queued first, then the error. */
  fail(error: LLMError): void {
    if (this.#settlement !== undefined) return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#failure = error;
    this.#settle(error);
    waiter?.reject(error);
    for (const other of this.#waiters.splice(0)) other.resolve(DONE);
  }

  /** For the reader: no more, please. Closes the socket; a loop that is waiting ends silently, as in `openai`. */
  cancel(): void {
    if (this.#settlement === undefined) {
      try {
        this.source.cancel(); // what it is made of ends first
      } finally {
        this.#settle('abandoned');
      }
    }
    this.#queue = [];
    this.#position = 0;
    this.#failure = undefined;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(DONE);
  }

  /** Somebody has begun to read it. */
  get consumed(): boolean {
    return this.#consumed;
  }

  /** Calls `listener` once, when the stream has ended; at once if it has already. */
  onSettled(listener: (settlement: Settlement) => void): void {
    if (this.#settlement === undefined) this.#listeners.push(listener);
    else listener(this.#settlement);
  }

  /** For layers, before the stream is handed on: shows every chunk before its reader gets it, those that have come at once. */
  observe(observer: ChunkObserver<C>): void {
    this.#observers ??= [];
    this.#observers.push(observer);
    for (let at = this.#position; at < this.#queue.length; at++) observer.add(this.#queue[at] as C);
  }

  /** For a layer that makes another stream of it: hands over what has come and what comes, without a promise for each chunk. */
  forward(receiver: ChunkReceiver<C>): void {
    if (this.#consumed) throw consumedBefore();
    this.#consumed = true;
    this.#receiver = receiver;
    const queued = this.#queue.slice(this.#position);
    this.#queue = [];
    this.#position = 0;
    if (queued.length > 0) receiver.push(queued, this.#bytes);
    if (this.#paused) this.source.resume();
    this.onSettled((settlement) => receiver.settled(settlement));
  }

  /** The provider's own bytes instead of chunks. Counts as the one reading: where there are none, the stream is left. */
  raw(): ReadableStream<Uint8Array> | undefined {
    if (this.#consumed) throw consumedBefore();
    this.#consumed = true;
    this.rawRead = true;
    const bytes = this.source.raw?.();
    if (bytes === undefined) this.cancel();
    return bytes;
  }

  [Symbol.asyncIterator](): AsyncIterator<C, undefined, undefined> {
    if (this.#consumed) {
      throw consumedBefore();
    }
    this.#consumed = true;
    this.source.read?.();
    return {
      next: () => this.#next(),
      return: () => {
        this.cancel();
        return Promise.resolve(DONE);
      },
    };
  }

  #next(): Promise<IteratorResult<C, undefined>> {
    if (this.#position < this.#queue.length) {
      const value = this.#queue[this.#position] as C;
      this.#queue[this.#position++] = undefined as C;
      if (this.#paused && this.#position === this.#queue.length) {
        this.#paused = false;
        this.source.resume();
      }
      return Promise.resolve({ value, done: false });
    }
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      return Promise.reject(failure);
    }
    if (this.#settlement !== undefined) return Promise.resolve(DONE);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #settle(settlement: Settlement): void {
    if (this.#settlement !== undefined) return;
    this.#settlement = settlement;
    for (const listener of this.#listeners.splice(0)) listener(settlement);
  }
}

const consumedBefore = (): ConfigurationError =>
  new ConfigurationError({
    message: 'Cannot iterate over a consumed stream, use `.tee()` to split the stream.',
    code: 'stream_consumed',
  });

/**
 * Calls `listener` when a result has really ended: at once for a whole reply, at the end of the bytes for a stream.
 * Breakers and metrics learn the outcome here.
 */
export function whenSettled(result: unknown, listener: (settlement: Settlement) => void): void {
  if (result instanceof ChunkStream) result.onSettled(listener);
  else listener('success');
}
