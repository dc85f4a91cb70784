import { Stream } from 'openai/core/streaming';
import type { ChunkStream } from '../contract/stream.ts';
import type { Route, Routed } from './route.ts';
import { addRoute } from './route.ts';

/**
 * openai's `Stream` with a {@link Route}: `for await`, `controller.abort()`, `tee()` and `toReadableStream()`.
 * An abort ends the loop silently; leaving the loop closes the connection; a failure throws a typed error.
 */
export class LLMStream<Item> extends Stream<Item> {
  /** How the stream came about; `usage` is there when it has ended. Not enumerable. */
  declare readonly route: Route;

  constructor(chunks: ChunkStream<Item>, route: Route, signal: AbortSignal | undefined) {
    const controller = new AbortController();
    super(() => reading(chunks, controller, signal), controller);
    addRoute(this, route);
    controller.signal.addEventListener('abort', () => chunks.cancel());
    chunks.onSettled((settlement) => {
      if (settlement === 'abandoned') controller.abort();
    });
  }

  override tee(): [Routed<Stream<Item>>, Routed<Stream<Item>>] {
    const branches = super.tee();
    for (const branch of branches) addRoute(branch, this.route);
    return branches as [Routed<Stream<Item>>, Routed<Stream<Item>>];
  }
}

/** The signal is asked too because a short answer may have settled, and let go of it, before the reader began. */
function reading<Item>(
  chunks: ChunkStream<Item>,
  controller: AbortController,
  signal: AbortSignal | undefined,
): AsyncIterator<Item, undefined> {
  const reader = chunks[Symbol.asyncIterator]();
  return {
    next: () => {
      if (signal?.aborted === true) controller.abort();
      return reader.next();
    },
    return: () => {
      controller.abort();
      return reader.next();
    },
  };
}
