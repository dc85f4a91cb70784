import Opossum from 'opossum';
import type { CircuitRule } from '../contract/store.ts';
import type { Clock } from '../time/clock.ts';
import type { CalmWindow } from './calm-window.ts';
import { BUCKETS, bucketStartOf } from './calm-window.ts';

/**
 * opossum as a counting state machine: it is fed with outcomes, never with calls, so what is in flight counts for nothing.
 * It keeps no timer: its window is turned here, by the clock of the calls, and an engine that has tripped is thrown away.
 */
export interface Engine {
  /** Counts an outcome; `true` when it trips the engine. Takes effect before it returns. */
  record(outcome: 'success' | 'failure', clock: Clock): boolean;
  /** The calls in the window, when it was last turned. */
  counts(): { readonly calls: number; readonly failures: number };
  dispose(): void;
}

/** `half-open`: the first outcome decides. A window: closed, with the calls that it has seen, all of them well. */
export type EngineStart = CalmWindow | 'half-open';

const LONGEST_TIMER = 2 ** 31 - 1;

/** What the published types of opossum lack. */
interface OpossumCircuit {
  readonly opened: boolean;
  readonly stats: { readonly fires: number; readonly failures: number };
  readonly status: { readonly window: readonly OpossumBucket[]; rotateBucket(): void };
  fire(): Promise<void>;
  emit(event: 'fire' | 'success'): boolean;
  shutdown(): void;
}

interface OpossumBucket {
  fires: number;
  successes: number;
  failures: number;
  readonly latencyTimes: number[];
}

const Circuit = Opossum as unknown as new (action: () => never, options: object) => OpossumCircuit;

export function createEngine(
  name: string,
  start: EngineStart,
  { failureRate, minCalls, windowMs, enoughCalls }: CircuitRule,
  clock: Clock,
): Engine {
  const circuit = new Circuit(fail, {
    name,
    timeout: false,
    resetTimeout: LONGEST_TIMER,
    errorThresholdPercentage: failureRate * 100,
    volumeThreshold: minCalls,
    rollingCountTimeout: windowMs,
    rollingCountBuckets: BUCKETS,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    rotateBucketController: NO_ROTATION,
    ...(start === 'half-open' ? { state: { closed: false, halfOpen: true } } : {}),
  });
  const bucketMs = windowMs / BUCKETS;
  let bucketStart = bucketStartOf(clock.now(), bucketMs);
  if (start !== 'half-open') {
    start.turn(clock.now());
    circuit.status.window.forEach((each, i) => {
      each.fires = start.calls[i] ?? 0;
      each.successes = each.fires;
    });
  }
  let bucket = circuit.status.window[0];

  const turnWindow = (now: number): void => {
    const elapsed = Math.floor((now - bucketStart) / bucketMs);
    if (elapsed <= 0) return;
    bucketStart += elapsed * bucketMs;
    for (let turns = Math.min(elapsed, BUCKETS); turns > 0; turns--) circuit.status.rotateBucket();
    bucket = circuit.status.window[0];
  };

  const forgetWhatIsNotNeeded = (): void => {
    let calls = 1; // the failure that is about to be counted
    for (const each of circuit.status.window) {
      if (calls >= enoughCalls) {
        each.fires = 0;
        each.failures = 0;
      } else calls += each.fires;
    }
  };

  return {
    record(outcome, clock) {
      turnWindow(clock.now());
      if (outcome === 'failure') {
        forgetWhatIsNotNeeded();
        circuit.fire().catch(ignore);
      } else {
        // The events that opossum counts a success by, and closes when half-open; firing would do the same and make promises.
        circuit.emit('fire');
        circuit.emit('success');
      }
      // opossum keeps every latency of the window, even where it is told to need none
      if (bucket !== undefined) bucket.latencyTimes.length = 0;
      return circuit.opened;
    },
    counts() {
      const { fires, failures } = circuit.stats;
      return { calls: fires, failures };
    },
    dispose: () => circuit.shutdown(),
  };
}

/** opossum starts no interval when it is given something that could turn its window; this never does. */
const NO_ROTATION = { listenerCount: () => 1, on: ignore, removeListener: ignore };

/** opossum evaluates its window when what it runs throws; thrown, not rejected, so that it does so at once. */
function fail(): never {
  throw FAILURE;
}

const FAILURE = new Error('failure');

function ignore(): void {}
