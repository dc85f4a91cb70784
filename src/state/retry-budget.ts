import type { Call, Trail } from '../contract/call.ts';
import type { RetryBudgetRule } from '../contract/retry-budget.ts';
import type { BucketStore } from '../contract/store.ts';
import type { Target } from '../contract/target.ts';
import { placeOf } from '../contract/target.ts';
import { modelFamily } from './model-family.ts';

/** Gives back what was taken for a request that was never sent. */
export type GiveBack = () => void;

const told = new WeakMap<Trail, string>();

/**
 * Pays for one request more at the target of a call, from the bucket that all layers share. `undefined`: there was no token, and
 * the request must not be sent; a call tells that once for each bucket.
 *
 * @param cost in tokens.
 */
export async function payFor(
  call: Call,
  buckets: BucketStore,
  rule: RetryBudgetRule,
  cost: number,
): Promise<GiveBack | undefined> {
  const bucket = bucketOf(call.target);
  const { taken } = await buckets.take(bucket, rule, cost, call);
  if (taken) return () => void buckets.give(bucket, rule, cost, call);
  if (told.get(call.trail) !== bucket) {
    told.set(call.trail, bucket);
    call.report({ type: 'budget-empty', target: call.target });
  }
  return undefined;
}

/** Brings what first tries have earned. */
export function earn(call: Call, buckets: BucketStore, rule: RetryBudgetRule, tokens: number): void {
  void buckets.give(bucketOf(call.target), rule, tokens, call);
}

function bucketOf(target: Target): string {
  return `retry:${placeOf({ ...target, model: modelFamily(target.model) })}`;
}
