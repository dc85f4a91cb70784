import * as z from 'zod/mini';
import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import { asksModel } from '../contract/call.ts';
import { callback, checkOptions, storeOption } from '../contract/check-options.ts';
import type { Middleware, Next } from '../contract/middleware.ts';
import type { Store, StoreContext } from '../contract/store.ts';
import { whenSettled } from '../contract/stream.ts';
import type { BudgetExceededError } from '../errors/policy-errors.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { systemClock } from '../time/clock.ts';
import { Account, Hold } from './budget/account.ts';
import { AnswerLengths, expectationOf } from './budget/expectation.ts';
import { exceeded, unpriced } from './budget/refusal.ts';

/** How much may be spent, by whom and in which time. At least one limit is needed. */
export interface BudgetOptions {
  /** US dollars, by the prices of the model catalogue. */
  readonly maxCostUSD?: number | undefined;
  /** Tokens of prompts and answers together. */
  readonly maxTokens?: number | undefined;
  /** Calls with the same key share a budget: `(call) => String(call.metadata.job)`. Default: all calls share one. */
  readonly key?: ((call: Call) => string) | undefined;
  /** Milliseconds after which a budget begins anew, counted from its first spending. Default `Infinity`: never. */
  readonly window?: number | undefined;
  /** What happens to a call whose price nobody knows: it passes and costs nothing, or is refused. Default `pass`. */
  readonly onUnknownCost?: 'pass' | 'refuse' | undefined;
  /** Where it is kept how much is spent. Default: the client's own store. */
  readonly store?: Store | undefined;
}

/** Where a budget stands. */
export interface BudgetBalance {
  readonly limit: number;
  /** With what calls under way have reserved. */
  readonly spent: number;
  /** Milliseconds until it begins anew; `Infinity` for never. */
  readonly resetMs: number;
}

/** The layer, with a look inside. */
export interface Budget extends Middleware {
  /**
   * What is spent under a key; without one, in the budget that all calls share. Kept in the store of the client that called last,
   * unless the budget has a store of its own.
   */
  spent(key?: string): Promise<{ readonly costUSD?: BudgetBalance; readonly tokens?: BudgetBalance }>;
  /** Forgets how long answers are. What is spent stays in the store. */
  close(): void;
}

const DOLLARS = 'a number of US dollars > 0';
const TOKENS = 'a whole number of tokens ≥ 1';
const WINDOW = 'a number of milliseconds > 0, or Infinity';

const schema = z.strictObject({
  maxCostUSD: z.optional(z.number(DOLLARS).check(z.gt(0, DOLLARS))),
  maxTokens: z.optional(z.int(TOKENS).check(z.gte(1, TOKENS))),
  key: z.optional(callback<(call: Call) => string>()),
  window: z._default(z.custom<number>(isWindow, WINDOW), Number.POSITIVE_INFINITY),
  onUnknownCost: z._default(z.enum(['pass', 'refuse']), 'pass'),
  store: z.optional(storeOption),
});

function isWindow(value: unknown): boolean {
  return typeof value === 'number' && value > 0;
}

/** The key of the budget that all calls share. */
const SHARED = '';

/**
 * Ends spending at a limit: before a call an estimate of its cost is reserved, and when its attempts have ended the estimate is
 * replaced by what they cost, failed ones that were billed and streams that ended early included. A call that the limit has no
 * room for rejects with `BudgetExceededError`, and nothing is sent; `retryAfterMs` is the time until the budget begins anew.
 *
 * The estimate is the prompt's and an answer as long as its model's usually are, at most what `max_tokens` allows. Calls at once
 * can pass the limit together by no more than their estimates were too low.
 *
 * @throws ConfigurationError when an option is wrong or no limit is given.
 * @example
 * const perJob = budget({ maxCostUSD: 2, key: (call) => String(call.metadata.job) });
 * createClient({ use: [perJob, fallback([…]), retry()] });
 * await perJob.spent('job-17'); // { costUSD: { limit: 2, spent: 0.31, resetMs: Infinity } }
 */
export function budget(options: BudgetOptions): Budget {
  const {
    maxCostUSD,
    maxTokens,
    key: keyOf,
    window: windowMs,
    onUnknownCost,
    store: own,
  } = checkOptions(schema, options, 'budget');
  const accounts: Account[] = [];
  if (maxCostUSD !== undefined) accounts.push(new Account('USD', { limit: maxCostUSD, windowMs }));
  if (maxTokens !== undefined) accounts.push(new Account('tokens', { limit: maxTokens, windowMs }));
  if (accounts.length === 0) throw noLimit();
  const lengths = new AnswerLengths();
  let seen: { readonly store: Store; readonly context: StoreContext } | undefined;

  function refuse(call: Call, error: BudgetExceededError): never {
    call.report({ type: 'skipped', target: call.target, reason: 'budget', error });
    throw error;
  }

  /** Reserves what a call will probably cost. */
  async function reserve(call: Call, store: Store): Promise<Hold[]> {
    const loading = call.catalogue();
    const catalogue = loading instanceof Promise ? await loading : loading;
    const expectation = expectationOf(call, catalogue, lengths);
    if (maxCostUSD !== undefined && expectation.costUSD === undefined && onUnknownCost === 'refuse') {
      refuse(call, unpriced(call, maxCostUSD));
    }
    const key = keyOf === undefined ? SHARED : `${keyOf(call)}`;
    const holds: Hold[] = [];
    for (const account of accounts) {
      const amount = account.expected(expectation) ?? 0;
      let resetMs = Number.POSITIVE_INFINITY;
      if (amount > 0) {
        const taking = store.spending.spend(account.nameOf(key), amount, account.rule, call);
        const spending = taking instanceof Promise ? await taking : taking;
        if (!spending.accepted) {
          for (const hold of holds) hold.release();
          refuse(call, exceeded(call, account, spending, amount));
        }
        resetMs = spending.resetMs;
      }
      holds.push(new Hold(account, key, store, call, amount, resetMs));
    }
    return holds;
  }

  async function budget<K extends OperationName>(call: Call<K>, next: Next): Promise<ResultOf<K>> {
    if (!asksModel(call.operation)) return next(call);
    const store = own ?? call.store;
    if (seen?.store !== store) seen = { store, context: { clock: call.clock, report: () => {} } };
    const holds = await reserve(call, store);
    const release = (): void => {
      for (const hold of holds) hold.release();
    };
    let result: ResultOf<K>;
    try {
      result = await next({
        ...call,
        onAttempt(attempt) {
          lengths.learn(attempt);
          for (const hold of holds) hold.add(attempt);
          call.onAttempt?.(attempt);
        },
      });
    } catch (error) {
      release();
      throw error;
    }
    whenSettled(result, release);
    return result;
  }

  async function spent(key: string = SHARED): ReturnType<Budget['spent']> {
    const store = own ?? seen?.store;
    const context = seen?.context ?? { clock: systemClock, report: () => {} };
    const balances = await Promise.all(
      accounts.map(async (account) => {
        const { limit, windowMs: resetMs } = account.rule;
        const spending = store === undefined ? { spent: 0, resetMs } : await account.spent(key, store, context);
        return [account.unit === 'USD' ? 'costUSD' : 'tokens', { limit, spent: spending.spent, resetMs: spending.resetMs }];
      }),
    );
    return Object.fromEntries(balances);
  }

  return Object.assign(budget, { spent, close: () => lengths.clear() });
}

const noLimit = (): ConfigurationError =>
  new ConfigurationError({
    message: 'budget: expected maxCostUSD or maxTokens, or both',
    code: 'wrong_option',
    param: 'budget',
  });
