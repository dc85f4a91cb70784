import type { Call, OperationName } from '../../contract/call.ts';
import { changedCall } from '../../contract/changed-call.ts';
import type { Store } from '../../contract/store.ts';

const HELD = Symbol('held');

interface Held {
  readonly store: Store;
  readonly key: string;
  readonly outside: Held | undefined;
}

type Holding<K extends OperationName> = Call<K> & { readonly [HELD]?: Held };

/** The call beneath a limiter, with the place of a store that it holds there. */
export const holding = <K extends OperationName>(call: Call<K>, store: Store, key: string): Call<K> =>
  changedCall(call, { [HELD]: { store, key, outside: (call as Holding<K>)[HELD] } });

/** Whether a limiter around this one holds a place of the same kind for the call: to wait for another one could take for ever. */
export function isHeldOutside(call: Call, store: Store, key: string): boolean {
  for (let held = (call as Holding<OperationName>)[HELD]; held !== undefined; held = held.outside) {
    if (held.store === store && held.key === key) return true;
  }
  return false;
}
