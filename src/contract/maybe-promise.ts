import type { MaybePromise } from './store.ts';

/** Goes on with a value: at once where it is there, with a promise where it is not. */
export function andThen<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
