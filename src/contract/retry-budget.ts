import * as z from 'zod/mini';

/**
 * The bucket that repeats and second requests are paid from. First attempts and fallbacks never cost anything: a failing target
 * must not starve a healthy one.
 */
export interface RetryBudgetOptions {
  /** Tokens that fit; a new bucket is full. Default 20. */
  readonly capacity?: number | undefined;
  /** Tokens for a repeat or a second request. Default 1. */
  readonly retryCost?: number | undefined;
  /** Tokens for a repeat after a timeout, which has kept the target busy for longest. Default 2. */
  readonly timeoutCost?: number | undefined;
  /** Tokens that a success at the first try brings. Default 0.1. */
  readonly successRefund?: number | undefined;
  /** Tokens that come by themselves, so that a quiet process can always probe. Default 0.2: one in five seconds. */
  readonly refillPerSecond?: number | undefined;
}

/** {@link RetryBudgetOptions} with defaults filled in. */
export interface RetryBudgetRule {
  readonly capacity: number;
  readonly retryCost: number;
  readonly timeoutCost: number;
  readonly successRefund: number;
  readonly refillPerSecond: number;
}

const AT_LEAST_ONE = 'a number ≥ 1';
const POSITIVE = 'a number > 0';
const NOT_NEGATIVE = 'a number ≥ 0';

const cost = z.number(POSITIVE).check(z.gt(0, POSITIVE));
const gain = z.number(NOT_NEGATIVE).check(z.gte(0, NOT_NEGATIVE));

/** The option `budget` of the layers that send more than was asked for. `false`: they pay nothing. */
export const budgetOption: z.ZodMiniType<RetryBudgetRule | false> = z.prefault(
  z.union([
    z.custom<false>((value) => value === false, 'false'),
    z
      .strictObject({
        capacity: z._default(z.number(AT_LEAST_ONE).check(z.gte(1, AT_LEAST_ONE)), 20),
        retryCost: z._default(cost, 1),
        timeoutCost: z._default(cost, 2),
        successRefund: z._default(gain, 0.1),
        refillPerSecond: z._default(gain, 0.2),
      })
      .check(z.refine(({ capacity, retryCost }) => retryCost <= capacity, 'retryCost ≤ capacity')),
  ]),
  {},
);
