import type { Middleware, Next } from '../contract/middleware.ts';
import type { Store } from '../contract/store.ts';
import type { Clock } from '../time/clock.ts';

/**
 * The whole of composition: the first layer is outermost. Who throws at once, or returns a plain value, is heard as if it were
 * asynchronous; a layer can rely on `next` to return a promise.
 */
export const compose = (layers: readonly Middleware[], innermost: Next): Next =>
  layers.reduceRight<Next>(
    (next, layer) => (call) => promised(layer, call, next),
    (call) => promised(innermost, call, undefined),
  );

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

/** A client ends; so do the layers that no other uses. */
export const release = (layers: readonly Middleware[], clock: Clock, staying: Store | undefined): void => {
  for (const layer of layers) {
    if (change(layer, -1) > 0) layer.leave?.(clock);
    else layer.close?.(staying);
  }
};
