import type { Clock } from './clock.ts';

/** How a computed delay is spread so that clients do not come back together. */
export type Jitter = 'full' | 'equal' | 'none' | 'proportional';

/** An exponential delay: `minDelay · 2^retry`, at most `maxDelay`, then spread. */
export interface Backoff {
  /** Milliseconds before the first retry. */
  readonly minDelay: number;
  /** Upper bound in milliseconds. */
  readonly maxDelay: number;
  readonly jitter: Jitter;
}

/**
 * Milliseconds to wait before retry number `retry` (0 for the first).
 * Full jitter costs the least total work (AWS Architecture Blog, "Exponential Backoff and Jitter").
 */
export function backoffDelay(retry: number, { minDelay, maxDelay, jitter }: Backoff, clock: Clock): number {
  const ceiling = Math.min(maxDelay, minDelay * 2 ** Math.min(retry, 30));
  const chance = clock.random();
  switch (jitter) {
    case 'full':
      return chance * ceiling;
    case 'equal':
      return ceiling / 2 + (chance * ceiling) / 2;
    case 'proportional':
      return ceiling * (1 - chance / 4);
    case 'none':
      return ceiling;
  }
}

/** A Retry-After is a floor: waits at least the hint, plus up to 10 % of it (at most 1 s) so that waiters spread. */
export function obeyRetryAfter(hintMs: number, clock: Clock): number {
  return hintMs + clock.random() * Math.min(hintMs / 10, 1000);
}
