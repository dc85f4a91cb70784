import * as z from 'zod/mini';
import { checkOptions } from '../../contract/check-options.ts';
import type { PoolAsk, PoolMember, PoolTurn, TargetPool } from '../../contract/pool.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { memberSchema } from './entry.ts';
import { Latencies } from './pool/latencies.ts';
import { Seat } from './pool/seat.ts';
import type { PoolStrategy } from './pool/strategies.ts';
import { STRATEGIES } from './pool/strategies.ts';

export type { PoolStrategy } from './pool/strategies.ts';

/** How a pool takes its members. */
export interface PoolOptions {
  /**
   * Which member is taken for a call. `leastBusy`: the one with the fewest calls under way for its weight. `latency`: the one that
   * has answered fastest of late, for the calls it has under way. `weighted`: each in its turn, by weight. Default `leastBusy`,
   * which needs no numbers, and which a member that has become slow feels by itself: its calls are under way for longer.
   */
  readonly strategy?: PoolStrategy | undefined;
}

/** How a member of a pool does at the moment. */
export interface PoolMemberSnapshot {
  /** As it was given: `azure_eu`, `openai/gpt-5`. */
  readonly member: string;
  /** Calls under way, streams until their end. */
  readonly inFlight: number;
  /** It has failed and is asked after the others until then, in milliseconds since the epoch. */
  readonly restsUntil?: number;
}

/** Several targets that stand for one. */
export interface Pool extends TargetPool {
  snapshot(): readonly PoolMemberSnapshot[];
}

const NAMED = 'members as "provider" or "provider/model"';
const schema = z.strictObject({
  strategy: z._default(z.enum(['leastBusy', 'latency', 'weighted']), 'leastBusy'),
});
const list = z.array(memberSchema).check(z.minLength(1, `one or more ${NAMED}`));

/**
 * Several keys, regions or providers that share the calls of one name. It stands in a list of `fallback`, or among the providers of
 * a client: `fast/gpt-5-mini` asks the members that name only a provider for that model, `fast` alone those that name their own.
 * The `fallback` layer, which every client has unless its `use` says otherwise, takes the member for each call.
 *
 * A member that fails, or that its breaker refuses, gives way to the best of the others; beyond them the chain goes on. It then
 * rests, which means that it is asked last: a second after a first failure, twice as long after each further one up to 30 s, or
 * as long as the provider asked for. While others can still be asked, an attempt at a member is not repeated by `retry`.
 *
 * What is counted is kept in the pool, in this process; clients that are given the same pool share it.
 *
 * @throws ConfigurationError when a member or option is wrong.
 * @example
 * const fast = pool(['azure_eu', { model: 'azure_us', weight: 2 }]);
 * const llm = createClient({ providers: { azure_eu, azure_us, fast } });
 * await llm.chat.completions.create({ model: 'fast/gpt-5-mini', messages });
 */
export function pool(members: readonly (string | PoolMember)[], options: PoolOptions = {}): Pool {
  const checked = checkOptions(list, members, 'pool').map((member) => (typeof member === 'string' ? { model: member } : member));
  const { strategy } = checkOptions(schema, options, 'pool');
  refuseTwins(checked);
  return new SeatedPool(checked, strategy);
}

class SeatedPool implements Pool {
  readonly members: readonly PoolMember[];
  readonly #seats: readonly Seat[];
  readonly #strategy: PoolStrategy;
  readonly #latencies: Latencies;
  #turn = 0;

  constructor(members: readonly PoolMember[], strategy: PoolStrategy) {
    this.members = members;
    this.#strategy = strategy;
    this.#seats = members.map(({ weight = 1 }) => new Seat(weight));
    this.#latencies = new Latencies(members.length);
  }

  choose(among: readonly number[], ask: PoolAsk): number {
    const now = ask.clock.now();
    const restOf = (index: number): number => this.#seat(index).restsUntil;
    const awake = among.filter((index) => restOf(index) <= now);
    if (awake.length === 0) return among.reduce((best, index) => (restOf(index) < restOf(best) ? index : best));
    const costs = { seats: this.#seats, turn: this.#turn, latencyOf: (index: number) => this.#latencies.of(index, ask) };
    const best = STRATEGIES[this.#strategy](awake, costs);
    this.#turn = costs.turn;
    return best;
  }

  begin(member: number, ask: PoolAsk): PoolTurn {
    const seat = this.#seat(member);
    const beganAt = ask.clock.now();
    const observe = (): void => this.#latencies.observe(member, ask, ask.clock.now() - beganAt);
    let waiting = true;
    let over = false;
    seat.inFlight++;
    return {
      answered() {
        if (waiting) observe();
        waiting = false;
      },
      ended(error?: LLMError) {
        if (over) return;
        over = true;
        seat.inFlight--;
        if (waiting && error?.kind === 'timeout') observe();
        if (error !== undefined) seat.failed(error, ask.clock.now());
        else if (!waiting) seat.recovered();
      },
    };
  }

  snapshot(): readonly PoolMemberSnapshot[] {
    return this.members.map(({ model }, index) => {
      const { inFlight, restsUntil } = this.#seat(index);
      return restsUntil === 0 ? { member: model, inFlight } : { member: model, inFlight, restsUntil };
    });
  }

  /** Events carry the target of a call; what changes a request stays out of logs. */
  toJSON(): object {
    return { strategy: this.#strategy, members: this.members.map(({ model }) => model) };
  }

  #seat(index: number): Seat {
    return this.#seats[index] as Seat;
  }
}

function refuseTwins(members: readonly PoolMember[]): void {
  members.forEach(({ model }, index) => {
    if (members.findIndex((other) => other.model === model) === index) return;
    throw new ConfigurationError({
      message: `pool[${index}]: "${model}" is a member already; give it a weight instead`,
      code: 'wrong_option',
      param: `pool[${index}]`,
    });
  });
}
