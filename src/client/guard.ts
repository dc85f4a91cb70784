import type { DeadlineList, Watched } from '../time/deadline-list.ts';

/** What may end a call before its layers do. */
export interface Bounds {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds since the epoch. */
  readonly deadline: number;
}

/** What {@link guarded} rejects with; the caller knows from its signal, client and clock which bound it was. */
export const INTERRUPTED: unique symbol = Symbol('interrupted');

/**
 * Waits for `work`, but not beyond the caller's abort, the deadline or the client's end, even if a layer ignores them.
 * `late` gets a result that comes when nobody waits for it any more.
 */
export function guarded<T>(
  work: Promise<T>,
  { signal, deadline }: Bounds,
  deadlines: DeadlineList,
  late: (result: T) => void,
): Promise<T> {
  if (signal === undefined && deadline === Number.POSITIVE_INFINITY) return work;
  return new Promise<T>((resolve, reject) => {
    let over = false;
    const leave = (): boolean => {
      if (over) return false;
      over = true;
      deadlines.remove(watched);
      signal?.removeEventListener('abort', interrupt);
      return true;
    };
    const interrupt = (): void => {
      if (leave()) reject(INTERRUPTED);
    };
    const watched: Watched = { due: deadline, expire: interrupt, closed: interrupt, earlier: undefined, later: undefined };
    signal?.addEventListener('abort', interrupt);
    deadlines.add(watched);
    work.then(
      (result) => (leave() ? resolve(result) : late(result)),
      (error: unknown) => {
        if (leave()) reject(error);
      },
    );
  });
}
