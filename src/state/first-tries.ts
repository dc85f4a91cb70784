import type { Call } from '../contract/call.ts';
import type { RetryBudgetRule } from '../contract/retry-budget.ts';
import type { BucketStore } from '../contract/store.ts';
import { keysOf } from './target-keys.ts';

type Earn = (call: Call, buckets: BucketStore, rule: RetryBudgetRule, tokens: number) => void;

/** What successes have earned at a target and not yet brought to it. */
interface Earned {
  tokens: number;
  /** The layer that tells first tries from repeats counts; then no other does. */
  countedByRetry: boolean;
}

const MOST_TARGETS = 1_000;
/** Ten times a tenth is a little less than one. */
const ALMOST = 1e-9;

let earn: Earn | undefined;
const earnedByStore = new WeakMap<BucketStore, Map<string, Earned>>();

/**
 * A call has ended well at its first try. What it earns is collected here and brought to the bucket as whole tokens, so that most
 * successes cost the store nothing.
 *
 * @param by `retry`, or another layer that pays from the bucket and may be used without it.
 */
export function countFirstTry(call: Call, buckets: BucketStore, rule: RetryBudgetRule, by: 'retry' | 'other'): void {
  const earned = earnedAt(keysOf(call.target).cooldown, buckets);
  if (by === 'retry') earned.countedByRetry = true;
  else if (earned.countedByRetry) return;
  earned.tokens += rule.successRefund;
  if (earned.tokens < 1 - ALMOST) return;
  const tokens = Math.round(earned.tokens / ALMOST) * ALMOST;
  earned.tokens = 0;
  if (earn !== undefined) return earn(call, buckets, rule, tokens);
  import('./retry-budget.ts').then(
    (loaded) => {
      earn = loaded.earn;
      earn(call, buckets, rule, tokens);
    },
    () => {}, // where files come over a network, one may not
  );
}

function earnedAt(target: string, buckets: BucketStore): Earned {
  let byTarget = earnedByStore.get(buckets);
  if (byTarget === undefined) {
    byTarget = new Map();
    earnedByStore.set(buckets, byTarget);
  }
  let earned = byTarget.get(target);
  if (earned === undefined) {
    if (byTarget.size >= MOST_TARGETS) byTarget.clear();
    earned = { tokens: 0, countedByRetry: false };
    byTarget.set(target, earned);
  }
  return earned;
}
