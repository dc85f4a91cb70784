import type { Clock, Timer } from '../../src/time/clock.ts';

/** A clock that is moved by hand and settles nothing by itself: for tests that call state machines directly. */
export interface ManualClock extends Clock {
  /** Moves the time on; timers that fall due run in order. */
  tick(ms: number): void;
  random: () => number;
  readonly pending: number;
}

export function manualClock(start = 1_000_000): ManualClock {
  let now = start;
  const timers = new Set<{ readonly due: number; readonly callback: () => void }>();
  const nextDue = (limit: number) => [...timers].sort((a, b) => a.due - b.due).find(({ due }) => due <= limit);
  return {
    now: () => now,
    random: () => 0.5,
    timer(callback, ms): Timer {
      const timer = { due: now + ms, callback };
      timers.add(timer);
      return { cancel: () => timers.delete(timer), hold: () => {} };
    },
    tick(ms) {
      const target = now + ms;
      for (let timer = nextDue(target); timer !== undefined; timer = nextDue(target)) {
        timers.delete(timer);
        now = timer.due;
        timer.callback();
      }
      now = target;
    },
    get pending() {
      return timers.size;
    },
  };
}
