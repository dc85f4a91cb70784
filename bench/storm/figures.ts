import type { CallRecord, StormPlan } from './messages.ts';
import type { Phase } from './phases.ts';
import { lengthOf } from './phases.ts';
import type { Played } from './play.ts';

/** One client in one phase. Calls belong to the phase in which they arrived. */
export interface PhaseFigures {
  readonly phase: string;
  readonly arrived: number;
  /** Calls that found no free place. */
  readonly turnedAway: number;
  /** Whole answers a second. */
  readonly goodput: number;
  /** Whole answers among the calls that arrived. */
  readonly share: number;
  /** Requests that reached the first provider, per call that was made. */
  readonly amplification: number;
  /** Milliseconds from a call to its answer or its error. */
  readonly p50: number;
  readonly p99: number;
  readonly slowest: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** Milliseconds after the end of the outage; `null` for never. */
export interface Recovery {
  /** Until a request reached the provider that had been down. All of them are answered from then on. */
  readonly firstAnswer: number | null;
  /** Until 99 % of the calls that arrive within the next second are answered. */
  readonly ninetyNine: number | null;
  /** Trials of the breaker after the end, up to the one that closed it. */
  readonly trials: number;
  /** From the start of the outage until the breaker opened; `null` when it did not. */
  readonly openedAfter: number | null;
}

/** What reached callers that should not have, over the whole storm. */
export interface Content {
  readonly duplicatedWords: number;
  readonly lostWords: number;
  /** Answers that end too early and were told to be whole. */
  readonly truncated: number;
}

/** Counts in equal steps of time. */
export interface Series {
  readonly stepMs: number;
  readonly arrived: readonly number[];
  readonly answered: readonly number[];
  /** Requests that reached the first provider. */
  readonly requests: readonly number[];
}

export interface Figures {
  readonly phases: readonly PhaseFigures[];
  readonly recovery: Recovery | undefined;
  readonly content: Content;
  readonly overDeadline: number;
  readonly unsettled: number;
  readonly left: { readonly connections: number; readonly timers: number; readonly heapGrowthMB: number };
  readonly lateP99: number;
  readonly series: Series;
}

const STEP_MS = 500;
/** How much later than its deadline a call may end on a busy machine. */
const DEADLINE_GRACE_MS = 150;
const AGAIN_WELL = 0.99;

export function figuresOf(plan: StormPlan, { client, server, connections }: Played): Figures {
  const requestsOf = new Map<number, number>();
  for (const [call] of server.first) requestsOf.set(call, (requestsOf.get(call) ?? 0) + 1);
  const { calls } = client;
  const sum = (of: (call: CallRecord) => number): number => calls.reduce((total, call) => total + of(call), 0);
  return {
    phases: plan.phases.map((phase) => ofPhase(phase, within(calls, phase), requestsOf)),
    recovery: recoveryOf(plan, { client, server, connections }),
    content: {
      duplicatedWords: sum(({ duplicated }) => duplicated),
      lostWords: sum(({ lost }) => lost),
      truncated: sum(({ truncated }) => Number(truncated)),
    },
    overDeadline: calls.filter((call) => took(call) > plan.deadlineMs + DEADLINE_GRACE_MS).length,
    unsettled: calls.filter(({ outcome }) => outcome === 'unsettled').length,
    left: { connections, timers: client.left.timers, heapGrowthMB: rounded(client.left.heapGrowthMB, 1) },
    lateP99: rounded(client.lateP99, 1),
    series: seriesOf(plan, calls, server.first),
  };
}

const within = (calls: readonly CallRecord[], { from, until }: Pick<Phase, 'from' | 'until'>): CallRecord[] =>
  calls.filter(({ arrivedAt }) => arrivedAt >= from && arrivedAt < until);

const took = ({ startedAt, endedAt, outcome }: CallRecord): number => (outcome === 'unsettled' ? 0 : endedAt - startedAt);

const isAnswered = ({ outcome, truncated }: CallRecord): boolean => outcome === 'answered' && !truncated;

function ofPhase(
  { name, from, until }: Phase,
  calls: readonly CallRecord[],
  requestsOf: ReadonlyMap<number, number>,
): PhaseFigures {
  const made = calls.filter(({ outcome }) => outcome !== 'turned-away');
  const answered = calls.filter(isAnswered).length;
  const times = made.map(took).sort((a, b) => a - b);
  const at = (share: number): number => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0);
  const failures: Record<string, number> = {};
  for (const { reason } of made) if (reason !== undefined) failures[reason] = (failures[reason] ?? 0) + 1;
  const requests = made.reduce((total, { call }) => total + (requestsOf.get(call) ?? 0), 0);
  return {
    phase: name,
    arrived: calls.length,
    turnedAway: calls.length - made.length,
    goodput: rounded((answered * 1000) / (until - from), 1),
    share: rounded(answered / Math.max(1, calls.length), 4),
    amplification: rounded(requests / Math.max(1, made.length), 3),
    p50: at(0.5),
    p99: at(0.99),
    slowest: at(1),
    failures,
  };
}

function recoveryOf({ phases }: StormPlan, { client, server }: Played): Recovery | undefined {
  const outage = phases.find(({ sky }) => sky === 'outage');
  const after = phases.find(({ name }) => name === 'recovery');
  if (outage === undefined || after === undefined) return undefined;
  const reached = server.first.find(([, at]) => at >= after.from)?.[1];
  const closed = client.breaker.find(({ at, to }) => at >= after.from && to === 'closed')?.at ?? Number.POSITIVE_INFINITY;
  const opened = client.breaker.find(({ at, to }) => at >= outage.from && at < outage.until && to === 'open')?.at;
  return {
    firstAnswer: reached === undefined ? null : reached - after.from,
    ninetyNine: againWell(within(client.calls, after), after),
    trials: client.breaker.filter(({ at, to }) => to === 'half-open' && at >= after.from && at <= closed).length,
    openedAfter: opened === undefined ? null : opened - outage.from,
  };
}

function againWell(calls: readonly CallRecord[], { from, until }: Phase): number | null {
  for (let start = from; start + 1000 <= until; start += 100) {
    const some = within(calls, { from: start, until: start + 1000 });
    if (some.filter(isAnswered).length >= some.length * AGAIN_WELL) return start - from;
  }
  return null;
}

function seriesOf(plan: StormPlan, calls: readonly CallRecord[], first: readonly (readonly [number, number])[]): Series {
  const steps = Math.ceil(lengthOf(plan.phases) / STEP_MS);
  const counts = (times: readonly number[]): number[] => {
    const bins = new Array<number>(steps).fill(0);
    for (const at of times) {
      const bin = Math.floor(at / STEP_MS);
      if (bin >= 0 && bin < steps) bins[bin] = (bins[bin] ?? 0) + 1;
    }
    return bins;
  };
  return {
    stepMs: STEP_MS,
    arrived: counts(calls.map(({ arrivedAt }) => arrivedAt)),
    answered: counts(calls.filter(isAnswered).map(({ arrivedAt }) => arrivedAt)),
    requests: counts(first.map(([, at]) => at)),
  };
}

function rounded(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
