import type {
  AnswerStore,
  BucketRule,
  BucketStore,
  CooldownStore,
  SlotStore,
  Spending,
  SpendingRule,
  SpendingStore,
  Store,
  StoreContext,
} from '../contract/store.ts';

const MOST_KEYS = 10_000;

/** A map with a bound: the key that was used longest ago is given up. */
class Recent<V> {
  readonly #byKey = new Map<string, V>();

  get(key: string): V | undefined {
    const value = this.#byKey.get(key);
    if (value === undefined) return undefined;
    this.#byKey.delete(key);
    this.#byKey.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#byKey.delete(key);
    this.#byKey.set(key, value);
    if (this.#byKey.size <= MOST_KEYS) return;
    for (const oldest of this.#byKey.keys()) {
      this.#byKey.delete(oldest);
      return;
    }
  }

  delete(key: string): void {
    this.#byKey.delete(key);
  }

  clear(): void {
    this.#byKey.clear();
  }
}

interface Bucket {
  tokens: number;
  at: number;
}

class MemoryBuckets implements BucketStore {
  readonly #buckets = new Recent<Bucket>();

  take(key: string, rule: BucketRule, tokens: number, { clock }: StoreContext) {
    const bucket = this.#refilled(key, rule, clock.now());
    if (bucket.tokens >= tokens) {
      bucket.tokens -= tokens;
      return { taken: true, left: bucket.tokens, waitMs: 0 };
    }
    const waitMs = tokens > rule.capacity ? Number.POSITIVE_INFINITY : ((tokens - bucket.tokens) / rule.refillPerSecond) * 1000;
    return { taken: false, left: bucket.tokens, waitMs };
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
    }
    bucket.tokens = Math.min(capacity, bucket.tokens + (Math.max(0, now - bucket.at) / 1000) * refillPerSecond);
    bucket.at = now;
    return bucket;
  }
}

class MemorySlots implements SlotStore {
  readonly #leases = new Recent<Map<string, number>>();
  #count = 0;

  take(key: string, limit: number, leaseMs: number, { clock }: StoreContext): string | undefined {
    const now = clock.now();
    let leases = this.#leases.get(key);
    if (leases === undefined) {
      leases = new Map();
      this.#leases.set(key, leases);
    }
    for (const [slot, ends] of leases) if (ends <= now) leases.delete(slot);
    if (leases.size >= limit) return undefined;
    const slot = (++this.#count).toString(36);
    leases.set(slot, now + leaseMs);
    return slot;
  }

  release(key: string, slot: string): void {
    this.#leases.get(key)?.delete(slot);
  }

  clear(): void {
    this.#leases.clear();
  }
}

class MemoryCooldowns implements CooldownStore {
  readonly #until = new Recent<number>();

  start(key: string, ms: number, { clock }: StoreContext): void {
    this.#until.set(key, Math.max(this.#until.get(key) ?? 0, clock.now() + ms));
  }

  left(key: string, { clock }: StoreContext): number {
    const until = this.#until.get(key);
    if (until === undefined) return 0;
    const left = until - clock.now();
    if (left > 0) return left;
    this.#until.delete(key);
    return 0;
  }

  end(key: string): void {
    this.#until.delete(key);
  }

  clear(): void {
    this.#until.clear();
  }
}

class MemorySpending implements SpendingStore {
  readonly #accounts = new Recent<{ spent: number; ends: number }>();

  spend(key: string, amount: number, rule: SpendingRule, context: StoreContext): Spending {
    const account = this.#account(key, rule, context);
    const accepted = account.spent + amount <= rule.limit;
    if (accepted) account.spent += amount;
    return { accepted, spent: account.spent, resetMs: account.ends - context.clock.now() };
  }

  settle(key: string, amount: number, rule: SpendingRule, context: StoreContext): Spending {
    const account = this.#account(key, rule, context);
    account.spent = Math.max(0, account.spent + amount);
    return { accepted: true, spent: account.spent, resetMs: account.ends - context.clock.now() };
  }

  clear(): void {
    this.#accounts.clear();
  }

  #account(key: string, { windowMs }: SpendingRule, { clock }: StoreContext): { spent: number; ends: number } {
    const now = clock.now();
    let account = this.#accounts.get(key);
    if (account === undefined || account.ends <= now) {
      account = { spent: 0, ends: now + windowMs };
      this.#accounts.set(key, account);
    }
    return account;
  }
}

class MemoryAnswers implements AnswerStore {
  readonly #answers = new Recent<{ answer: string; ends: number }>();

  get(key: string, { clock }: StoreContext): string | undefined {
    const kept = this.#answers.get(key);
    if (kept === undefined) return undefined;
    if (kept.ends > clock.now()) return kept.answer;
    this.#answers.delete(key);
    return undefined;
  }

  set(key: string, answer: string, ttlMs: number, { clock }: StoreContext): void {
    this.#answers.set(key, { answer, ends: clock.now() + ttlMs });
  }

  delete(key: string): void {
    this.#answers.delete(key);
  }

  clear(): void {
    this.#answers.clear();
  }
}

/**
 * State in this process, bounded to 10 000 keys of each sort. Every client has one of its own unless it is given another; give
 * one to several clients and they share budgets, limits, cooldowns and answers.
 */
export function memoryStore(): Store {
  const buckets = new MemoryBuckets();
  const slots = new MemorySlots();
  const cooldowns = new MemoryCooldowns();
  const spending = new MemorySpending();
  const answers = new MemoryAnswers();
  return {
    buckets,
    slots,
    cooldowns,
    spending,
    answers,
    close() {
      for (const part of [buckets, slots, cooldowns, spending, answers]) part.clear();
    },
  };
}
