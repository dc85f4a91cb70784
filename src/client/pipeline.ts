import type { Call, OperationName } from '../contract/call.ts';
import { changedCall } from '../contract/changed-call.ts';
import type { CallEvent } from '../contract/events.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import type { Store } from '../contract/store.ts';
import type { Clock } from '../time/clock.ts';
import type { Ledger } from './ledger.ts';

/**
 * The whole of composition: the first layer is outermost. Who throws at once, or returns a plain value, is heard as if it were
 * asynchronous; a layer can rely on `next` to return a promise.
 */
export const compose = (layers: readonly Middleware[], innermost: Next): Next =>
  layers.reduceRight<Next>(
    (next, layer) => (call) => promised(layer, withSafeReport(call), next),
    (call) => promised(innermost, withSafeReport(call), undefined),
  );

const SAFE = Symbol('safe');

/** What a layer of the user's own has put in the place of `report` may throw; timers tell of things too. */
function withSafeReport<K extends OperationName>(call: Call<K>): Call<K> {
  const given: Call['report'] & { readonly [SAFE]?: true } = call.report;
  if (given === (call.trail as Partial<Ledger>).report || given[SAFE] === true) return call;
  const report = (event: CallEvent): void => {
    try {
      given(event);
    } catch {
      // as of a listener
    }
  };
  return changedCall(call, { report: Object.assign(report, { [SAFE]: true }) });
}

/** What a step gives, as a promise, without one more around it. */
export function promised<C, N, R>(step: (call: C, next: N) => R | Promise<R>, call: C, next: N): Promise<R> {
  try {
    const result = step(call, next);
    return result instanceof Promise ? result : Promise.resolve(result);
  } catch (error) {
    return Promise.reject(error);
  }
}

/** How many clients use a layer. */
const users = new WeakMap<Middleware, number>();

const change = (layer: Middleware, by: number): number => {
  const count = (users.get(layer) ?? 0) + by;
  users.set(layer, count);
  return count;
};

/** A client begins to use layers. */
export const engage = (layers: readonly Middleware[]): void => {
  for (const layer of layers) change(layer, 1);
};

/** A client ends; so does a layer that no other uses. */
export const release = (layer: Middleware, clock: Clock, staying: Store | undefined): void => {
  if (change(layer, -1) > 0) layer.leave?.(clock);
  else layer.close?.(staying);
};
