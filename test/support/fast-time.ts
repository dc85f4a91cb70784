export interface FastTime {
  /**
   * Whether `fetch` hurries too. Its timers keep the pace they were first set at, so this is for a whole test file, from
   * before its first request.
   */
  readonly fetchToo?: boolean;
}

/**
 * Lets the time of this process, timers and clocks, run so many times faster, until the function that it returns is called.
 * For comparing clients whose waits cannot be set: what they decide by the clock they decide as they would, only sooner.
 */
export function startFastTime(speed: number, { fetchToo = false }: FastTime = {}): () => void {
  const { setTimeout } = globalThis;
  const { now: dateNow } = Date;
  const { now: processNow } = performance;
  const now = processNow.bind(performance);
  const start = now();
  const date = dateNow();
  const passed = (): number => (now() - start) * speed;
  const byFetch = (): boolean => /\/undici\//.test(new Error('asked by').stack ?? '');
  const faster = (callback: () => void, ms = 0, ...rest: []) =>
    setTimeout(callback, fetchToo || !byFetch() ? ms / speed : ms, ...rest);
  Object.assign(globalThis, { setTimeout: Object.assign(faster, setTimeout) });
  Date.now = () => Math.floor(date + passed());
  performance.now = () => start + passed();
  return () => {
    Object.assign(globalThis, { setTimeout });
    Date.now = dateNow;
    performance.now = processNow;
  };
}

export async function inFastTime<T>(speed: number, work: () => Promise<T>): Promise<T> {
  const stop = startFastTime(speed);
  try {
    return await work();
  } finally {
    stop();
  }
}
