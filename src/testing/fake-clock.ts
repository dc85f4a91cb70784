import type { Clock, Timer } from '../time/clock.ts';

/** A clock that stands still until it is told to go. */
export interface FakeClock extends Clock {
  /**
   * Moves the time on. Timers that fall due run in order, each at its own moment; before the first, between two and after the
   * last, promises and I/O on this machine get the time to settle.
   */
  advance(ms: number): Promise<void>;
  /** How many timers are waiting. */
  readonly pending: number;
  /** What the clock's chance gives; 0.5 unless replaced: `clock.random = () => 0`. */
  random: () => number;
}

interface Alarm {
  readonly due: number;
  readonly callback: () => void;
}

const SETTLE_TURNS = 12;
const TURNS_A_HASH = 3;
const HASHED = new Uint8Array(16 * 1024);
const LONGEST_SETTLE_MS = 2000;

/** What is on its way by itself: files that a module is loaded from, names looked up, connections made, bytes written. */
const UNDER_WAY = /^(FSReq|GetAddrInfo|TCPConnect|PipeConnect|Write|Shutdown|TLS)/;

/**
 * A clock for tests: given to `createClient({ clock })` it drives every wait of the library.
 *
 * @param start Milliseconds since the epoch, or a date. Default 1 January 2026, UTC.
 * @example
 * const clock = fakeClock();
 * const answer = llm.chat.completions.create(request);
 * await clock.advance(20_000);
 */
export function fakeClock(start: number | Date = Date.UTC(2026, 0, 1)): FakeClock {
  let now = Number(start);
  let queue: Promise<void> = Promise.resolve();
  // Insertion order decides between alarms of the same moment.
  const alarms = new Set<Alarm>();

  const earliest = (): Alarm | undefined => {
    let first: Alarm | undefined;
    for (const alarm of alarms) if (first === undefined || alarm.due < first.due) first = alarm;
    return first;
  };

  const advance = async (ms: number): Promise<void> => {
    const target = now + ms;
    await settle();
    for (let next = earliest(); next !== undefined && next.due <= target; next = earliest()) {
      now = Math.max(now, next.due);
      alarms.delete(next);
      next.callback();
      await settle();
    }
    now = Math.max(now, target);
    await settle();
  };

  return {
    now: () => now,
    random: () => 0.5,
    timer(callback, ms): Timer {
      const alarm: Alarm = { due: now + Math.max(0, ms), callback };
      alarms.add(alarm);
      return { cancel: () => alarms.delete(alarm), hold: () => {} };
    },
    advance(ms) {
      const turn = queue.then(() => advance(ms));
      queue = turn.catch(() => {});
      return turn;
    },
    get pending() {
      return alarms.size;
    },
  };
}

/**
 * Lets promises run, modules load and loopback sockets deliver what they hold: each turn of the event loop carries a message
 * one hop, and while something is visibly under way the turns are not counted. Hashes are not visible; they are made in turn,
 * so that one more, awaited, comes after those that were under way.
 */
async function settle(): Promise<void> {
  const giveUpAt = performance.now() + LONGEST_SETTLE_MS;
  for (let turn = 0; turn < SETTLE_TURNS; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (turn % TURNS_A_HASH === 0) await crypto.subtle.digest('SHA-256', HASHED);
    if (process.getActiveResourcesInfo().some((resource) => UNDER_WAY.test(resource)) && performance.now() < giveUpAt) turn = 0;
  }
}
