import type { Call } from '../../contract/call.ts';
import type { RetryBudgetRule } from '../../contract/retry-budget.ts';
import type { Store } from '../../contract/store.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import type { Backoff } from '../../time/backoff.ts';

/** How failures of one kind are repeated; what is left out is as for every other kind. */
export interface KindRetryOptions {
  /** Repeats after failures of this kind. It may exceed the layer's `maxRetries`, which still bounds the other kinds. */
  readonly maxRetries?: number | undefined;
  /** Milliseconds before the first repeat, before jitter. */
  readonly minDelay?: number | undefined;
  /** The longest such wait in milliseconds, before jitter. */
  readonly maxDelay?: number | undefined;
  /** The longest wait in milliseconds that a provider may ask for with a failure of this kind. */
  readonly maxRetryAfter?: number | undefined;
}

export interface CoolingReason {
  /** `429 rate limit`. */
  readonly what: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** The checked options of a `retry` layer, and what it remembers. */
export interface RetryPolicy extends Backoff {
  readonly maxRetries: number;
  readonly maxRetryAfter: number;
  readonly by: { readonly [K in ErrorKind]?: number | KindRetryOptions | undefined };
  readonly shouldRetry?: ((error: LLMError, call: Call, attempt: number) => boolean) | undefined;
  readonly budget: RetryBudgetRule | false;
  readonly cooldown: boolean;
  readonly store?: Store | undefined;
  /** Why targets cool, by the key of the cooldown: for messages only, and as far as this layer has seen it. */
  readonly reasons: Map<string, CoolingReason>;
}

/** What holds for failures of one kind. */
export interface KindRule extends Backoff {
  /** `undefined`: as many as for any kind. */
  readonly maxRetries: number | undefined;
  readonly maxRetryAfter: number;
}

/** Throttling passes more slowly than other failures: twice the delay where the provider does not say how long. */
export function ruleFor(kind: ErrorKind, policy: RetryPolicy): KindRule {
  const given = policy.by[kind];
  const own = typeof given === 'number' ? { maxRetries: given } : given;
  return {
    maxRetries: own?.maxRetries,
    minDelay: own?.minDelay ?? policy.minDelay * (kind === 'rate_limit' ? 2 : 1),
    maxDelay: own?.maxDelay ?? policy.maxDelay,
    jitter: policy.jitter,
    maxRetryAfter: own?.maxRetryAfter ?? policy.maxRetryAfter,
  };
}
