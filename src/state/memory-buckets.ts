import type { BucketRule, BucketStore, BucketTake, StoreContext } from '../contract/store.ts';
import { MOST_KEYS, Recent } from './recent.ts';

interface Bucket {
  tokens: number;
  at: number;
}

/** A millionth of a token: what sums of fractions may be off by. */
const ROUNDING = 1e-6;

export class MemoryBuckets implements BucketStore {
  readonly #buckets = new Recent<Bucket>(MOST_KEYS);

  take(key: string, rule: BucketRule, tokens: number, { clock }: StoreContext): BucketTake {
    const bucket = this.#refilled(key, rule, clock.now());
    if (bucket.tokens + ROUNDING < tokens) {
      return { taken: false, left: bucket.tokens, waitMs: waitFor(tokens, bucket.tokens, rule) };
    }
    bucket.tokens = Math.max(0, bucket.tokens - tokens);
    return { taken: true, left: bucket.tokens, waitMs: 0 };
  }

  give(key: string, rule: BucketRule, tokens: number, { clock }: StoreContext): void {
    const bucket = this.#refilled(key, rule, clock.now());
    bucket.tokens = Math.min(rule.capacity, bucket.tokens + tokens);
  }

  clear(): void {
    this.#buckets.clear();
  }

  #refilled(key: string, { capacity, refillPerSecond }: BucketRule, now: number): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = { tokens: capacity, at: now };
      this.#buckets.set(key, bucket);
      return bucket;
    }
    const elapsed = Math.max(0, now - bucket.at);
    bucket.tokens = Math.min(capacity, bucket.tokens + (elapsed / 1000) * refillPerSecond);
    bucket.at += elapsed;
    return bucket;
  }
}

/** Rounded up: who comes back after it finds the tokens there. */
export function waitFor(tokens: number, left: number, { capacity, refillPerSecond }: BucketRule): number {
  if (tokens > capacity || refillPerSecond <= 0) return Number.POSITIVE_INFINITY;
  return Math.max(1, Math.ceil(((tokens - left) / refillPerSecond) * 1000 - ROUNDING));
}
