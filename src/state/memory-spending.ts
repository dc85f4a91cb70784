import type { Spending, SpendingRule, SpendingStore, StoreContext } from '../contract/store.ts';
import { MOST_KEYS, Recent } from './recent.ts';

interface Account {
  spent: number;
  readonly ends: number;
}

/** What sums of fractions may be off by, in whatever is counted: a billionth. */
const ROUNDING = 1e-9;

export class MemorySpending implements SpendingStore {
  readonly #accounts = new Recent<Account>(MOST_KEYS);

  spend(key: string, amount: number, rule: SpendingRule, { clock }: StoreContext): Spending {
    const now = clock.now();
    const spent = this.#running(key, now)?.spent ?? 0;
    const accepted = spent + amount <= rule.limit + ROUNDING;
    return this.#add(key, accepted ? amount : 0, accepted, rule, now);
  }

  settle(key: string, amount: number, rule: SpendingRule, { clock }: StoreContext): Spending {
    return this.#add(key, amount, true, rule, clock.now());
  }

  clear(): void {
    this.#accounts.clear();
  }

  #add(key: string, amount: number, accepted: boolean, { windowMs }: SpendingRule, now: number): Spending {
    let account = this.#running(key, now);
    if (account === undefined) {
      if (amount <= 0) return { accepted, spent: 0, resetMs: windowMs };
      account = { spent: 0, ends: now + windowMs };
      this.#accounts.set(key, account);
    }
    account.spent = Math.max(0, account.spent + amount);
    return { accepted, spent: account.spent, resetMs: account.ends - now };
  }

  #running(key: string, now: number): Account | undefined {
    const account = this.#accounts.get(key);
    return account === undefined || account.ends <= now ? undefined : account;
  }
}
