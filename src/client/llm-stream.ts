import { Stream } from 'openai/core/streaming';
import type { ChunkStream } from '../contract/stream.ts';
import type { Route, Routed } from './route.ts';
import { addRoute } from './route.ts';

/** The hand on a stream: made when somebody asks for `stream.controller`, which few do. */
class Hand<Item> {
  readonly chunks: ChunkStream<Item>;
  #controller: AbortController | undefined;
  #left = false;

  constructor(chunks: ChunkStream<Item>) {
    this.chunks = chunks;
  }

  get controller(): AbortController {
    if (this.#controller !== undefined) return this.#controller;
    const controller = new AbortController();
    this.#controller = controller;
    controller.signal.addEventListener('abort', () => this.chunks.cancel());
    if (this.#left) controller.abort();
    this.chunks.onSettled((settlement) => {
      if (settlement === 'abandoned') controller.abort();
    });
    return controller;
  }

  /** The reader has left, or the caller has aborted. */
  leave(): void {
    this.#left = true;
    if (this.#controller === undefined) this.chunks.cancel();
    else this.#controller.abort();
  }
}

/**
 * openai's `Stream` with a {@link Route}: `for await`, `controller.abort()`, `tee()` and `toReadableStream()`.
 * An abort ends the loop silently; leaving the loop closes the connection; a failure throws a typed error.
 */
export class LLMStream<Item> extends Stream<Item> {
  static {
    Object.defineProperty(LLMStream.prototype, 'controller', {
      get(this: LLMStream<unknown>): AbortController {
        return this.#hand.controller;
      },
      // openai's constructor assigns it
      set(): void {},
    });
  }

  /** How the stream came about; `usage` is there when it has ended. Not enumerable. */
  declare readonly route: Route;
  readonly #hand: Hand<Item>;

  constructor(chunks: ChunkStream<Item>, route: Route, signal: AbortSignal | undefined) {
    const hand = new Hand(chunks);
    super(() => reading(hand, signal), undefined as never);
    this.#hand = hand;
    addRoute(this, route);
  }

  override tee(): [Routed<Stream<Item>>, Routed<Stream<Item>>] {
    const branches = super.tee();
    for (const branch of branches) addRoute(branch, this.route);
    return branches as [Routed<Stream<Item>>, Routed<Stream<Item>>];
  }
}

/** The signal is asked too because a short answer may have settled, and let go of it, before the reader began. */
function reading<Item>(hand: Hand<Item>, signal: AbortSignal | undefined): AsyncIterator<Item, undefined> {
  const reader = hand.chunks[Symbol.asyncIterator]();
  return {
    next: () => {
      if (signal?.aborted === true) hand.leave();
      return reader.next();
    },
    return: () => {
      hand.leave();
      return reader.next();
    },
  };
}
