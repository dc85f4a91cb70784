import pRetry from 'p-retry';
import type { Call, OperationName, ResultOf } from '../../contract/call.ts';
import type { Next } from '../../contract/middleware.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import type { RetryPolicy } from './policy.ts';
import { Turns } from './turns.ts';

// one file to load, whatever has happened
export { refuse } from './cooling.ts';

type Outcome<R> = { readonly result: R } | { readonly thrown: unknown };

/**
 * What follows a first failure. p-retry sees typed failures only: everything else would be wrapped or judged by its class. It
 * counts and waits for nothing by itself; {@link Turns} does, which knows the kind, the call and the budget.
 */
export async function repeat<K extends OperationName>(
  call: Call<K>,
  next: Next,
  policy: RetryPolicy,
  first: LLMError,
): Promise<ResultOf<K>> {
  const turns = new Turns(call, policy);
  let last = first;
  const outcome = await pRetry<Outcome<ResultOf<K>>>(
    async (attempt) => {
      if (attempt === 1) throw first;
      try {
        return { result: await next(call) };
      } catch (error) {
        if (!isLLMError(error)) return { thrown: error };
        // A repeat that our own layers refused was never sent: what the provider said before remains the failure.
        if (isLLMError(error, 'circuit_open', 'budget_exceeded')) {
          turns.refund();
          return { thrown: last };
        }
        last = error;
        throw error;
      }
    },
    {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 0,
      maxTimeout: 0,
      factor: 1,
      randomize: false,
      maxRetryTime: Number.POSITIVE_INFINITY,
      unref: false,
      onFailedAttempt: () => {},
      shouldConsumeRetry: () => true,
      shouldRetry: ({ error, attemptNumber }) => isLLMError(error) && turns.another(error, attemptNumber),
    },
  );
  if ('thrown' in outcome) throw outcome.thrown;
  return outcome.result;
}
