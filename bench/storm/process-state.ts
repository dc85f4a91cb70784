/** What this process holds; it must run with `--expose-gc`. */
export async function heapMB(): Promise<number> {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error('this process must run with --expose-gc');
  for (let i = 0; i < 3; i++) {
    gc();
    await pause(20);
  }
  return process.memoryUsage().heapUsed / 1e6;
}

/** Timers that keep the process alive. */
export const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Milliseconds since the epoch, alike in all processes of the machine. */
export const now = (): number => performance.timeOrigin + performance.now();
