import type { Clock, Timer } from '../time/clock.ts';

/** A clock whose waits end with its client. */
export interface ClientClock extends Clock {
  /** What any timer still waits for happens now, and from now on at once: the waiting call then finds its client closed. */
  close(): void;
}

export function clientClock(clock: Clock): ClientClock {
  const waiting = new Map<object, () => void>();
  let closed = false;
  return {
    now: () => clock.now(),
    random: () => clock.random(),
    timer(callback, ms): Timer {
      const wait = {};
      const fire = (): void => {
        if (waiting.delete(wait)) callback();
      };
      if (closed) {
        waiting.set(wait, callback);
        queueMicrotask(fire);
        return { cancel: () => void waiting.delete(wait), hold: () => {} };
      }
      const timer = clock.timer(fire, ms);
      waiting.set(wait, () => {
        timer.cancel();
        fire();
      });
      return {
        cancel() {
          waiting.delete(wait);
          timer.cancel();
        },
        hold: (alive) => timer.hold(alive),
      };
    },
    close() {
      closed = true;
      for (const end of [...waiting.values()]) end();
    },
  };
}
