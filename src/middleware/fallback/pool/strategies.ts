import type { Seat } from './seat.ts';

export type PoolStrategy = 'leastBusy' | 'latency' | 'weighted';

/** What a strategy may look at. */
export interface Costs {
  readonly seats: readonly Seat[];
  /** Whose turn it is, as a number that grows. */
  turn: number;
  /** Milliseconds to the first content; `undefined` where none was measured of late. */
  latencyOf(index: number): number | undefined;
}

type Choose = (among: readonly number[], costs: Costs) => number;

/** An unmeasured member gets one call to be measured by; until it has answered, it counts as slower than any. */
const UNMEASURED = 2 ** 40;

const seatAt = ({ seats }: Costs, index: number): Seat => seats[index] as Seat;

/**
 * Members in turn, a heavier one more often but not in a row (nginx, "Upstream: smooth weighted round-robin balancing", 2012): each
 * gains its weight, the richest is taken and pays the weight of all.
 */
function roundRobin(among: readonly number[], costs: Costs): number {
  let total = 0;
  let best = among[0] as number;
  for (const index of among) {
    const seat = seatAt(costs, index);
    seat.credit += seat.weight;
    total += seat.weight;
    if (seat.credit > seatAt(costs, best).credit) best = index;
  }
  seatAt(costs, best).credit -= total;
  return best;
}

/**
 * The cheapest member, and of several the one whose turn it is by weight. A member that was passed over gets the next turn, not all
 * that it has missed (start-time fair queueing).
 */
function cheapest(among: readonly number[], costs: Costs, costOf: (index: number) => number): number {
  const turnOf = (index: number): number => Math.max(costs.turn, seatAt(costs, index).turn);
  let least = Number.POSITIVE_INFINITY;
  let best = among[0] as number;
  for (const index of among) {
    const cost = costOf(index);
    if (cost > least || (cost === least && turnOf(index) >= turnOf(best))) continue;
    least = cost;
    best = index;
  }
  costs.turn = turnOf(best);
  const seat = seatAt(costs, best);
  seat.turn = costs.turn + 1 / seat.weight;
  return best;
}

export const STRATEGIES: { readonly [S in PoolStrategy]: Choose } = {
  weighted: roundRobin,
  leastBusy: (among, costs) => cheapest(among, costs, (index) => seatAt(costs, index).inFlight / seatAt(costs, index).weight),
  /** Peak EWMA, as in Finagle (`PeakEwma.scala`): latency times the calls under way and this one. */
  latency: (among, costs) =>
    cheapest(among, costs, (index) => {
      const { inFlight, weight } = seatAt(costs, index);
      const latency = costs.latencyOf(index);
      if (latency === undefined) return inFlight === 0 ? 0 : UNMEASURED + inFlight;
      return (latency * (inFlight + 1)) / weight;
    }),
};
