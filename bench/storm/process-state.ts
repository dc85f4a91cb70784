/** What is in use after collecting garbage; the process must run with `--expose-gc`. */
export function heapMB(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('this process must run with --expose-gc');
  gc();
  return process.memoryUsage().heapUsed / 1e6;
}

/** The same when what was about to be freed has been: finalizers run between two collections. */
export async function settledHeapMB(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    heapMB();
    await pause(20);
  }
  return heapMB();
}

/** Timers that keep the process alive. */
export const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Milliseconds since the epoch, alike in all processes of the machine. */
export const now = (): number => performance.timeOrigin + performance.now();
