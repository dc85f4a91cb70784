import type { WireAnswer } from '../contract/answer.ts';
import type { OperationName, ResultOf } from '../contract/call.ts';
import type { Route } from './route.ts';

/** A call that has succeeded: a whole reply, or a stream with its first content in hand. */
export interface Opened<K extends OperationName = OperationName> {
  readonly result: ResultOf<K>;
  readonly route: Route;
  /** Absent where a layer answered by itself. */
  readonly answer: WireAnswer | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Who waits for a call. One of the two is called, once. */
export interface Caller {
  opened(opened: Opened): void;
  failed(error: unknown): void;
}
