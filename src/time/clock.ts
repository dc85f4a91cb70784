/** A pending timer. */
export interface Timer {
  cancel(): void;
  /** Whether the process stays alive for it; `true` at first. */
  hold(alive: boolean): void;
}

/**
 * Time and chance as the library sees them: nothing reads `Date.now`, `setTimeout` or `Math.random` elsewhere.
 * `fakeClock()` of `holdfast/testing` implements it for tests.
 */
export interface Clock {
  /** Milliseconds since the epoch; never runs backwards. */
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** Calls `callback` once, `ms` from now. */
  timer(callback: () => void, ms: number): Timer;
}

const LONGEST_TIMER = 2 ** 31 - 1;
const origin = Date.now() - performance.now();

export const systemClock: Clock = {
  now: () => origin + performance.now(),
  random: Math.random,
  timer(callback, ms) {
    const handle = setTimeout(callback, Math.min(ms, LONGEST_TIMER)) as ReturnType<typeof setTimeout> | number;
    return {
      cancel: () => clearTimeout(handle),
      hold(alive) {
        if (typeof handle === 'object') alive ? handle.ref() : handle.unref();
      },
    };
  },
};

/** Waits `ms`, or until `signal` aborts: the promise then rejects with the signal's reason. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const finish = (): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    };
    const timer = clock.timer(finish, ms);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
