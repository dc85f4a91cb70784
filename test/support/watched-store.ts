import type { BatchStore } from '../../src/batches/index.ts';

/** Comes before each call of a store, numbered from 1; a promise holds the call up. */
export type BeforeCall = (count: number, name: string) => void | Promise<void>;

/** A store whose every call is told of before it happens. */
export function watchedStore(store: BatchStore, before: BeforeCall): BatchStore {
  let count = 0;
  const watched = <P extends object>(part: P): P =>
    new Proxy(part, {
      get(target, name) {
        const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
        return async (...args: unknown[]) => {
          await before(++count, String(name));
          return method.apply(target, args);
        };
      },
    });
  const { files, batches, lines } = store;
  return { ...store, files: watched(files), batches: watched(batches), lines: watched(lines) };
}
