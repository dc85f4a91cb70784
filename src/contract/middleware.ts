import type { Clock } from '../time/clock.ts';
import type { Call, OperationName, ResultOf } from './call.ts';
import type { Store } from './store.ts';

/** The rest of the pipeline. May be called any number of times, with the same call or a changed copy. */
export type Next = <K extends OperationName>(call: Call<K>) => Promise<ResultOf<K>>;

/**
 * A layer around every call. First listed is outermost.
 *
 * @example
 * const log: Middleware = async (call, next) => {
 *   console.log(call.target.provider);
 *   return next(call);
 * };
 */
export interface Middleware {
  <K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>>;
  /**
   * Frees what the layer holds; called by `close()` of the last client that uses it, with the store that the client was given, if
   * any: its state stays.
   */
  close?(staying?: Store): void;
  /** Ends what waits in the layer for a client, whose calls have this clock; called by its `close()` while others use the layer. */
  leave?(clock: Clock): void;
}
