import type { AdaptiveRule } from './adaptive-limit.ts';

/** What holds for the calls of every key; a limit that is left out is none. Times are milliseconds. */
export interface LaneRules {
  readonly requestsPerMinute?: number | undefined;
  readonly tokensPerMinute?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly adaptive?: AdaptiveRule | undefined;
  /** How long the provider's own limits are waited for; left out, they are not looked at. */
  readonly paceMaxWait?: number | undefined;
  /** After which a place at once is free again though nobody has given it back. */
  readonly lease: number;
  /** How many calls may wait, and how long each. */
  readonly queueSize: number;
  readonly queueTimeout: number;
}
