import type { PoolAsk } from '../../../contract/pool.ts';

/** After so many milliseconds without a call a latency counts for a third (Finagle's default). */
const DECAY_MS = 10_000;
const MOST_KEYS = 100;
/** A latency that has faded to less than this says nothing any more. */
const FADED_MS = 1;

interface Latency {
  ms: number;
  at: number;
}

/**
 * Milliseconds to the first content, by member, for each model and operation: a moving average that a slow answer raises at once
 * and fast ones lower gradually, and that fades while a member is not asked, so that it is tried again (Finagle's peak EWMA).
 */
export class Latencies {
  readonly #members: number;
  readonly #byCall = new Map<string, (Latency | undefined)[]>();

  constructor(members: number) {
    this.#members = members;
  }

  of(member: number, ask: PoolAsk): number | undefined {
    const known = this.#byCall.get(keyOf(ask))?.[member];
    if (known === undefined) return undefined;
    const ms = known.ms * share(known, ask);
    return ms < FADED_MS && known.ms >= FADED_MS ? undefined : ms;
  }

  observe(member: number, ask: PoolAsk, ms: number): void {
    const key = keyOf(ask);
    const latencies = this.#byCall.get(key) ?? new Array<Latency | undefined>(this.#members).fill(undefined);
    this.#byCall.delete(key);
    this.#byCall.set(key, latencies);
    if (this.#byCall.size > MOST_KEYS) this.#dropOldest();
    const known = latencies[member];
    const at = ask.clock.now();
    if (known === undefined) latencies[member] = { ms, at };
    else {
      const past = share(known, ask);
      known.ms = ms > known.ms ? ms : known.ms * past + ms * (1 - past);
      known.at = at;
    }
  }

  #dropOldest(): void {
    for (const key of this.#byCall.keys()) {
      this.#byCall.delete(key);
      return;
    }
  }
}

const keyOf = ({ operation, model }: PoolAsk): string => `${operation} ${model}`;

/** How much of a latency is left since it was measured. */
const share = ({ at }: Latency, { clock }: PoolAsk): number => Math.exp(-Math.max(0, clock.now() - at) / DECAY_MS);
