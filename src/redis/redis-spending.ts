import type { MaybePromise, Spending, SpendingRule, SpendingStore, StoreContext } from '../contract/store.ts';
import type { MemorySpending } from '../state/memory-spending.ts';
import { MOST_KEYS, Recent } from '../state/recent.ts';
import type { Link, Step } from './link.ts';
import type { Script } from './script.ts';
import { numberOf, partsOf, script } from './script.ts';

/** ARGV: now, amount, limit, window, `spend` or `settle`. */
const SPEND = script(
  'Spend',
  `
local amount, limit, window = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local kept = redis.call('HMGET', KEYS[1], 'spent', 'ends')
local spent, ends = tonumber(kept[1]), tonumber(kept[2])
if not ends or ends <= now then spent, ends = 0, nil end
local accepted = 1
if ARGV[5] == 'spend' and spent + amount > limit + 1e-9 then
  accepted, amount = 0, 0
end
if not ends then
  if amount <= 0 then return {accepted, '0', text(window)} end
  ends = now + window
end
spent = math.max(0, spent + amount)
redis.call('HSET', KEYS[1], 'spent', text(spent), 'ends', text(ends))
keep(ends - now)
return {accepted, text(spent), text(ends - now)}
`,
);

export const SPENDING_SCRIPTS: readonly Script[] = [SPEND];

interface Owed {
  readonly amount: number;
  /** When the window is over that it belongs to. */
  readonly ends: number;
}

type Way = 'spend' | 'settle';

/**
 * The account here follows the one in Redis, so that a limit goes on from where it was when Redis goes away; what is spent
 * meanwhile is added there when it is back.
 */
export class RedisSpending implements SpendingStore {
  readonly #link: Link;
  readonly #local: MemorySpending;
  readonly #owed = new Recent<Owed>(MOST_KEYS);

  constructor(link: Link, local: MemorySpending) {
    this.#link = link;
    this.#local = local;
  }

  spend(key: string, amount: number, rule: SpendingRule, context: StoreContext): MaybePromise<Spending> {
    return this.#add(key, amount, rule, 'spend', context);
  }

  settle(key: string, amount: number, rule: SpendingRule, context: StoreContext): MaybePromise<Spending> {
    return this.#add(key, amount, rule, 'settle', context);
  }

  #add(key: string, amount: number, rule: SpendingRule, way: Way, context: StoreContext): MaybePromise<Spending> {
    if (this.#link.shared) this.#payUp(key, rule, context);
    return this.#link.take(
      {
        ...step(key, amount, rule, way),
        read: (reply) => {
          const spending = spendingOf(reply);
          const here = this.#local.settle(key, 0, rule, context).spent;
          this.#local.settle(key, spending.spent - here, rule, context);
          return spending;
        },
        local: () => {
          const spending = this.#local[way](key, amount, rule, context);
          if (spending.accepted) this.#owe(key, amount, spending.resetMs, context);
          return spending;
        },
      },
      context,
    );
  }

  #owe(key: string, amount: number, resetMs: number, { clock }: StoreContext): void {
    const before = this.#owed.peek(key);
    const now = clock.now();
    const owed = before !== undefined && now < before.ends ? before.amount : 0;
    this.#owed.set(key, { amount: owed + amount, ends: now + resetMs });
  }

  #payUp(key: string, rule: SpendingRule, context: StoreContext): void {
    const owed = this.#owed.peek(key);
    if (owed === undefined) return;
    this.#owed.delete(key);
    const left = owed.ends - context.clock.now();
    if (left <= 0) return;
    const local = (): void => this.#owe(key, owed.amount, left, context);
    void this.#link.take({ ...step(key, owed.amount, rule, 'settle'), read: () => {}, local }, context);
  }
}

function step(key: string, amount: number, rule: SpendingRule, way: Way): Pick<Step<unknown>, 'script' | 'key' | 'args'> {
  return { script: SPEND, key: `spending:${key}`, args: [amount, rule.limit, rule.windowMs, way] };
}

function spendingOf(reply: unknown): Spending {
  const [accepted, spent, resetMs] = partsOf(reply);
  return { accepted: accepted === 1, spent: numberOf(spent), resetMs: numberOf(resetMs) };
}
