import type { Call, OperationName } from './call.ts';

/**
 * A copy of a call with something changed, for what stands in between and changes nothing that a layer reads. What follows other calls,
 * as the latest deadline of those that share one, goes on following them; in `{ ...call }` it would stay as it is now.
 */
export function changedCall<K extends OperationName, C extends object>(call: Call<K>, changes: C): Call<K> & C {
  const descriptors = { ...Object.getOwnPropertyDescriptors(call), ...Object.getOwnPropertyDescriptors(changes) };
  return Object.defineProperties({}, descriptors as PropertyDescriptorMap) as Call<K> & C;
}
