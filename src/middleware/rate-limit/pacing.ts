import type { ToldLimit } from '../../contract/limit-headers.ts';

interface Told {
  readonly of: 'requests' | 'tokens';
  readonly limit: number | undefined;
  /** When it is restored, in milliseconds since the epoch. */
  readonly resetAt: number;
  left: number;
}

const MOST_TOLD = 8;
const LITTLE = 1 / 5;
const FEW = 10;

/**
 * What the provider has said of its limits with its last answer. Nothing left: nobody goes until the reset. Little left, less than a
 * fifth, or fewer than ten calls where the whole is not told: what there is is spread over the time until then.
 */
export class Pacing {
  readonly #longest: number;
  #told: readonly Told[] = [];
  #order = 0;
  #lastAt = 0;
  /** How many tokens a call has had lately, where nobody counts them before. */
  #usual: number | undefined;

  /** @param longest milliseconds; a reset further away is that of a daily quota, about which a 429 will tell. */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** @param order that of the call which was answered: what an earlier one is told does not replace it. */
  note(limits: readonly ToldLimit[], order: number, now: number): void {
    const known = limits.filter(({ of, left }) => of !== 'other' && left !== undefined && left >= 0);
    if (known.length === 0 || order < this.#order) return;
    this.#order = order;
    this.#told = known.slice(0, MOST_TOLD).flatMap(({ of, limit, left = 0, resetMs = 0 }) => {
      if (of === 'other' || !(resetMs > 0 && resetMs <= this.#longest)) return [];
      return { of, left, limit: limit !== undefined && limit > 0 ? limit : undefined, resetAt: now + resetMs };
    });
  }

  /** A call goes. @param tokens 0 where they were not counted. */
  started(tokens: number, now: number): void {
    this.#lastAt = now;
    for (const told of this.#told) told.left -= told.of === 'requests' ? 1 : tokens || (this.#usual ?? 1);
  }

  used(tokens: number): void {
    this.#usual = this.#usual === undefined ? tokens : this.#usual + (tokens - this.#usual) / 5;
  }

  /** Milliseconds until the next call may go. */
  wait(tokens: number, now: number): number {
    if (this.#told.length === 0) return 0;
    this.#told = this.#told.filter(({ resetAt }) => resetAt > now);
    let longest = 0;
    for (const told of this.#told) longest = Math.max(longest, this.#until(told, tokens) - now);
    return longest;
  }

  #until({ of, limit, left, resetAt }: Told, tokens: number): number {
    const need = of === 'requests' ? 1 : tokens || Math.max(1, this.#usual ?? 1);
    if (left < need) return resetAt;
    if (left >= (limit === undefined ? need * FEW : limit * LITTLE)) return 0;
    // evenly: after the last call, its share of what is left of the time
    const share = need / left;
    return (this.#lastAt + resetAt * share) / (1 + share);
  }
}
