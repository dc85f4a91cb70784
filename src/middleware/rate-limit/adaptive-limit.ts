import type { Settlement } from '../../contract/stream.ts';
import type { Place } from './place.ts';

/** Bounds and pace of a limit that finds itself. */
export interface AdaptiveRule {
  readonly min: number;
  readonly max: number;
  readonly start: number;
  /** What is left of the limit after an overload: above 0, below 1. */
  readonly backoff: number;
}

/**
 * Additive increase, multiplicative decrease, as TCP finds its window: one more place after a full round of successes, a share of
 * them after an overload. Delay-based limits (Vegas, gradient) compare durations, which here say how long the answers are, not how
 * busy the provider is.
 */
export class AdaptiveLimit {
  readonly #rule: AdaptiveRule;
  #limit: number;
  /** Failures of calls that went before the last cut are its echo. */
  #cutAt = 0;

  constructor(rule: AdaptiveRule) {
    this.#rule = rule;
    this.#limit = rule.start;
  }

  get current(): number {
    return Math.floor(this.#limit);
  }

  /**
   * @param running calls under way, this one included.
   * @param latest the `order` of the call that went last.
   */
  settled(place: Place, settlement: Settlement | undefined, running: number, latest: number): void {
    const { min, max, backoff } = this.#rule;
    if (settlement === 'success') {
      if (running * 2 >= this.current) this.#limit = Math.min(max, this.#limit + 1 / this.#limit);
    } else if (speaksOfOverload(settlement) && place.order > this.#cutAt) {
      this.#limit = Math.max(min, this.#limit * backoff);
      this.#cutAt = latest;
    }
  }
}

function speaksOfOverload(settlement: Settlement | undefined): boolean {
  if (settlement === undefined || typeof settlement === 'string') return false;
  switch (settlement.kind) {
    case 'rate_limit':
    case 'service_unavailable':
    case 'out_of_memory':
      return true;
    case 'timeout':
      return settlement.phase !== 'deadline';
    default:
      return false;
  }
}
