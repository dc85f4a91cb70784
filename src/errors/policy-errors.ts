import type { ErrorInit } from './llm-error.ts';
import { stamp } from './llm-error.ts';
import { APIConnectionError } from './wire-errors.ts';

/**
 * Nothing was sent: the circuit breaker of this target is open, and `retryAfterMs` is the time until its next trial; or the target has
 * asked to be left alone for longer than calls wait (code `cooling_down`), and `retryAfterMs` is what is left of that.
 */
export class CircuitOpenError extends APIConnectionError {
  declare readonly kind: 'circuit_open';

  constructor(init: ErrorInit) {
    super(init);
    stamp(this, 'CircuitOpenError', 'circuit_open', init);
  }
}

/**
 * A budget that you set is spent, or a call had to wait longer for a limit than it may (`code` `queue_full`, `queue_timeout`,
 * `over_limit`): nothing was sent.
 */
export class BudgetExceededError extends APIConnectionError {
  declare readonly kind: 'budget_exceeded';

  constructor(init: ErrorInit) {
    super(init);
    stamp(this, 'BudgetExceededError', 'budget_exceeded', init);
  }
}
