import type { MaybePromise } from './store.ts';

/** A part that most programs do not need, loaded when it is first asked for: a promise only until it is there. A load that failed is tried again. */
export function lazily<T extends object>(load: () => Promise<T>): () => MaybePromise<T> {
  let part: MaybePromise<T> | undefined;
  return () => {
    part ??= load().then(
      (loaded) => {
        part = loaded;
        return loaded;
      },
      (error: unknown) => {
        part = undefined;
        throw error;
      },
    );
    return part;
  };
}
