import type { Phase } from './phases.ts';

/** What one client goes through. */
export interface StormPlan {
  readonly seed: number;
  readonly phases: readonly Phase[];
  /** Calls that may be under way at once. */
  readonly concurrency: number;
  /** Calls that arrive in a second. */
  readonly rate: number;
  /** Milliseconds that the application gives a call. */
  readonly deadlineMs: number;
}

/** From the run to the server. */
export type ToServer =
  | { readonly type: 'storm'; readonly plan: StormPlan; readonly startAt: number }
  /** The bad day without an end. */
  | { readonly type: 'soak'; readonly seed: number }
  | { readonly type: 'connections' }
  | { readonly type: 'report' };

/** A request that reached a provider: the call, and milliseconds since the start of the storm. */
export type Seen = readonly [call: number, at: number];

export interface ServerReport {
  readonly first: readonly Seen[];
  readonly second: readonly Seen[];
}

/** From the server to the run. */
export type FromServer =
  | { readonly type: 'ready'; readonly first: string; readonly second: string }
  | { readonly type: 'connections'; readonly open: number }
  | ({ readonly type: 'report' } & ServerReport);

export type Outcome = 'answered' | 'failed' | 'turned-away' | 'unsettled';

/** One call as its caller saw it. Times are milliseconds since the start of the storm. */
export interface CallRecord {
  readonly call: number;
  readonly stream: boolean;
  /** When it was due; it began at once, or a little later on a busy machine. */
  readonly arrivedAt: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  readonly duplicated: number;
  readonly lost: number;
  /** An answer that was taken for whole although it ends too early. */
  readonly truncated: boolean;
  /** Why it failed, in a word. */
  readonly reason?: string;
}

/** What a breaker did. */
export interface BreakerChange {
  readonly at: number;
  readonly to: 'closed' | 'open' | 'half-open';
}

/** What is left in the client's process when all calls have ended and the client is closed. */
export interface Remains {
  readonly timers: number;
  /** Of the heap, each time after collecting garbage. */
  readonly heapGrowthMB: number;
}

export interface ClientReport {
  readonly settings: string;
  readonly calls: readonly CallRecord[];
  readonly breaker: readonly BreakerChange[];
  /** 99th percentile of how late calls were started, in ms: how busy the process was. */
  readonly lateP99: number;
  readonly left: Remains;
}

/** From the run to a client. */
export type ToClient = { readonly type: 'start'; readonly startAt: number } | { readonly type: 'measure' };

/** From a client to the run. */
export type FromClient = { readonly type: 'ready' } | { readonly type: 'ended' } | ({ readonly type: 'report' } & ClientReport);

/** From the soaked client to the run. */
export type FromSoaked = { readonly type: 'ended' } | ({ readonly type: 'report' } & SoakReport);

/** Many calls through one Holdfast client. */
export interface SoakReport {
  readonly calls: number;
  readonly seconds: number;
  readonly answered: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly duplicatedWords: number;
  readonly lostWords: number;
  readonly truncated: number;
  /** MB in use after every tenth of the calls, garbage collected, while others are under way. */
  readonly heapMB: readonly number[];
  /** More at the end than before the first call, the client closed. */
  readonly timers: number;
}
