import { Recent } from '../../state/recent.ts';

/** Calls of one target that are remembered. */
export const MOST_SAMPLES = 100;
const MOST_TARGETS = 1_000;
/** A percentile is worked out again after so many new samples: it hardly moves by one. */
const STALE_AFTER = 5;

/** How long the last calls took, by target. */
export class Latencies {
  readonly #percentile: number;
  readonly #minSamples: number;
  readonly #rings = new Recent<Ring>(MOST_TARGETS);

  /** @param percentile above 0, below 100. */
  constructor(percentile: number, minSamples: number) {
    this.#percentile = percentile;
    this.#minSamples = minSamples;
  }

  add(key: string, ms: number): void {
    let ring = this.#rings.get(key);
    if (ring === undefined) {
      ring = new Ring();
      this.#rings.set(key, ring);
    }
    ring.add(ms);
  }

  /** Milliseconds within which the learned share of calls was answered; `undefined` while too few are known. */
  at(key: string): number | undefined {
    const ring = this.#rings.get(key);
    return ring === undefined || ring.size < this.#minSamples ? undefined : ring.percentile(this.#percentile);
  }

  clear(): void {
    this.#rings.clear();
  }
}

class Ring {
  readonly #samples: number[] = [];
  #next = 0;
  #fresh = 0;
  #known: number | undefined;

  get size(): number {
    return this.#samples.length;
  }

  add(ms: number): void {
    this.#samples[this.#next] = ms;
    this.#next = (this.#next + 1) % MOST_SAMPLES;
    this.#fresh++;
  }

  /** By nearest rank. */
  percentile(percentile: number): number {
    if (this.#known === undefined || this.#fresh >= STALE_AFTER) {
      const sorted = this.#samples.toSorted((a, b) => a - b);
      this.#known = sorted[Math.ceil((percentile / 100) * sorted.length) - 1] ?? 0;
      this.#fresh = 0;
    }
    return this.#known;
  }
}
