import type { Call } from '../../contract/call.ts';
import type { MaybePromise, Spending, SpendingRule, Store, StoreContext } from '../../contract/store.ts';
import type { Attempt } from '../../errors/attempt.ts';
import type { Expectation } from './expectation.ts';

/** What is limited. */
export type Unit = 'USD' | 'tokens';

/** One limit of a budget, over all of its keys. */
export class Account {
  readonly unit: Unit;
  readonly rule: SpendingRule;

  constructor(unit: Unit, rule: SpendingRule) {
    this.unit = unit;
    this.rule = rule;
  }

  /** Budgets of one length share their accounts, so that limits can be changed without losing what is spent. */
  nameOf(key: string): string {
    const { windowMs } = this.rule;
    return `budget:${this.unit}:${windowMs === Number.POSITIVE_INFINITY ? 'all' : windowMs}:${key}`;
  }

  expected({ tokens, costUSD }: Expectation): number | undefined {
    return this.unit === 'USD' ? costUSD : tokens;
  }

  /** @param usual what an answer that tells nothing is taken for. */
  billed({ outcome, usage, costUSD }: Attempt, usual: number): number {
    const told =
      this.unit === 'USD' ? costUSD : usage && (usage.total_tokens ?? usage.prompt_tokens + (usage.completion_tokens ?? 0));
    if (told !== undefined) return told;
    return outcome === 'success' && usage === undefined ? usual : 0;
  }

  spent(key: string, store: Store, context: StoreContext): MaybePromise<Spending> {
    return store.spending.settle(this.nameOf(key), 0, this.rule, context);
  }
}

/** What a call holds of an account: first an estimate, in its end what its attempts have cost. */
export class Hold {
  readonly #account: Account;
  readonly #key: string;
  readonly #store: Store;
  readonly #call: Call;
  readonly #amount: number;
  /** When the window is over in which the estimate was reserved. */
  readonly #ends: number;
  #billed = 0;
  #over = false;

  constructor(account: Account, key: string, store: Store, call: Call, amount: number, resetMs: number) {
    this.#account = account;
    this.#key = key;
    this.#store = store;
    this.#call = call;
    this.#amount = amount;
    this.#ends = call.clock.now() + resetMs;
  }

  add(attempt: Attempt): void {
    const billed = this.#account.billed(attempt, this.#amount);
    // one that outlives its call, as the loser of a race, is paid for by itself
    if (this.#over) this.#settle(billed);
    else this.#billed += billed;
  }

  release(): void {
    if (this.#over) return;
    this.#over = true;
    const difference = this.#billed - this.#amount;
    // the window that begins meanwhile has nothing to give back
    const isNew = this.#call.clock.now() >= this.#ends;
    this.#settle(isNew ? Math.max(0, difference) : difference);
  }

  #settle(amount: number): void {
    if (amount === 0) return;
    const { rule } = this.#account;
    const settled = this.#store.spending.settle(this.#account.nameOf(this.#key), amount, rule, this.#call);
    if (settled instanceof Promise) settled.catch(() => {});
  }
}
