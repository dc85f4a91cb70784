import type { Call } from '../../contract/call.ts';
import type { Spending } from '../../contract/store.ts';
import { formatDuration } from '../../errors/message.ts';
import { BudgetExceededError } from '../../errors/policy-errors.ts';
import type { Account, Unit } from './account.ts';

/** The budget has no room for what a call needs. */
export function exceeded(call: Call, { unit, rule }: Account, { spent, resetMs }: Spending, needed: number): BudgetExceededError {
  const { limit } = rule;
  const never = needed > limit;
  const again = never || resetMs === Number.POSITIVE_INFINITY ? undefined : resetMs;
  const state = `${show(spent, unit)} of ${show(limit, unit)} are spent, and this call needs about ${show(needed, unit)}`;
  const outlook = never ? '; it never fits' : again === undefined ? '' : `; the budget begins anew in ${formatDuration(again)}`;
  return new BudgetExceededError({
    message: `${state}${outlook}`,
    provider: call.target.provider,
    model: call.target.model,
    code: 'budget_exceeded',
    ...(again === undefined ? {} : { retryAfterMs: again }),
    details: { unit, limit, spent, needed, ...(again === undefined ? {} : { resetMs: again }) },
  });
}

/** Nobody can tell what a call would cost. */
export function unpriced(call: Call, limit: number): BudgetExceededError {
  const { provider, model } = call.target;
  return new BudgetExceededError({
    message: `no price is known, and the budget admits known ones only; tell it with createClient({ catalogue: modelFacts({ '${provider}/${model}': { prices: { input, output } } }) })`,
    provider,
    model,
    code: 'unknown_cost',
    details: { unit: 'USD', limit },
  });
}

function show(amount: number, unit: Unit): string {
  if (unit === 'tokens') return `${Math.round(amount)} tokens`;
  const dollars = amount.toFixed(6).replace(/\.?0+$/, '');
  return amount > 0 && dollars === '0' ? 'less than $0.000001' : `$${dollars}`;
}
