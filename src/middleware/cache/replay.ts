import { ChunkStream } from '../../contract/stream.ts';
import type { Usage } from '../../contract/usage.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { nextTurn } from '../../time/turn.ts';

const BATCH = 64;

/** A kept answer as a stream. */
export interface Played<C> {
  readonly chunks: Iterator<C, undefined>;
  readonly usage: Usage | undefined;
  /** The error for a reader who cannot be given the rest. */
  broken(cause: unknown): LLMError;
}

/**
 * A stream of kept chunks at the speed of its reader: the next few are read when the last few were taken, and others get their turn
 * in between. What `chunks` throws before the first is there is thrown here.
 */
export function replay<C>({ chunks, usage, broken }: Played<C>): ChunkStream<C> {
  let wanted = true;
  let over = false;
  let feeding = false;

  const feed = (): void => {
    const batch = take(chunks);
    stream.push(batch);
    if (batch.length === BATCH) return;
    over = true;
    stream.usage = usage;
    stream.end();
  };
  const feedOn = async (): Promise<void> => {
    if (feeding) return;
    feeding = true;
    await nextTurn();
    try {
      for (; wanted && !over; await nextTurn()) feed();
    } catch (error) {
      over = true;
      stream.fail(broken(error));
    }
    feeding = false;
  };
  const source = {
    status: 200,
    headers: {},
    pause: () => {
      wanted = false;
    },
    resume: () => {
      wanted = true;
      void feedOn();
    },
    cancel: () => {
      over = true;
    },
  };
  const stream = new ChunkStream<C>(source, [], 0);
  feed();
  return stream;
}

function take<C>(chunks: Iterator<C, undefined>): C[] {
  const batch: C[] = [];
  while (batch.length < BATCH) {
    const { value, done } = chunks.next();
    if (done === true) break;
    batch.push(value as C);
  }
  return batch;
}
