import { ChunkStream } from '../contract/stream.ts';

/** A stream that has come to its end: what it holds is all there is. */
export function endedStream<C>(chunks: C[] = []): ChunkStream<C> {
  const nothing = (): void => {};
  const stream = new ChunkStream<C>({ status: 200, headers: {}, pause: nothing, resume: nothing, cancel: nothing }, chunks);
  stream.end();
  return stream;
}
