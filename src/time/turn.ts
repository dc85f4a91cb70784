/** Lets everything else that is waiting have its turn: timers, sockets, other calls. No wait of a clock: it ends by itself. */
export function nextTurn(): Promise<void> {
  if (typeof setImmediate === 'function') return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => setTimeout(resolve, 0));
}
