import type { Call } from '../../contract/call.ts';
import type { Store } from '../../contract/store.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { AbortError } from '../../errors/wire-errors.ts';
import { coolingLeft } from '../../state/cooldowns.ts';
import type { GiveBack } from '../../state/retry-budget.ts';
import { payFor } from '../../state/retry-budget.ts';
import { backoffDelay, obeyRetryAfter } from '../../time/backoff.ts';
import { sleep } from '../../time/clock.ts';
import { cool } from './cooling.ts';
import type { KindRule, RetryPolicy } from './policy.ts';
import { ruleFor } from './policy.ts';

/** The repeats of one call at one target: whether there is another, and the wait before it. */
export class Turns {
  readonly #call: Call;
  readonly #policy: RetryPolicy;
  readonly #store: Store;
  readonly #seen = new Map<ErrorKind, number>();
  #giveBack: GiveBack | undefined;

  constructor(call: Call, policy: RetryPolicy) {
    this.#call = call;
    this.#policy = policy;
    this.#store = policy.store ?? call.store;
  }

  /** Returns when the next attempt may begin; `false` at once where there is none. @param attempt the one that failed. */
  async another(error: LLMError, attempt: number): Promise<boolean> {
    const rule = ruleFor(error.kind, this.#policy);
    const ofKind = this.#seen.get(error.kind) ?? 0;
    this.#seen.set(error.kind, ofKind + 1);
    if (await this.#leftAlone(error, rule)) return false;
    if (!error.retryable || !this.#mayRepeat(error.kind, ofKind, attempt - 1, rule)) return false;
    if (!this.#isWilling(error, attempt)) return false;
    return this.#wait(error, attempt - 1, rule);
  }

  /** The repeat that was paid for was not sent. */
  refund(): void {
    this.#giveBack?.();
    this.#giveBack = undefined;
  }

  /** The provider asks for more than a call waits: nobody asks it again before that. */
  async #leftAlone(error: LLMError, { maxRetryAfter }: KindRule): Promise<boolean> {
    const { clock, deadline } = this.#call;
    const asked = error.retryAfterMs ?? 0;
    if (asked <= maxRetryAfter && (!error.retryable || clock.now() + asked < deadline)) return false;
    const { cooldown, reasons } = this.#policy;
    if (cooldown) await cool(error, this.#call, this.#store.cooldowns, reasons);
    return true;
  }

  /** @param ofKind repeats so far after a failure of this kind. @param total all repeats so far. */
  #mayRepeat(kind: ErrorKind, ofKind: number, total: number, { maxRetries: own }: KindRule): boolean {
    const { trail, options } = this.#call;
    if (trail.attemptsLeft <= 0) return false;
    const most = options.maxRetries ?? Math.max(this.#policy.maxRetries, own ?? 0);
    return total < most && ofKind < (own ?? (kind === 'conflict' ? 1 : most));
  }

  #isWilling(error: LLMError, attempt: number): boolean {
    const { report, target } = this.#call;
    try {
      return this.#policy.shouldRetry?.(error, this.#call, attempt) !== false;
    } catch (thrown) {
      const message = `retry.shouldRetry threw (${String(thrown)}); the ${error.kind} error stands`;
      report({ type: 'warning', target, message });
      return false;
    }
  }

  async #wait(error: LLMError, repeat: number, rule: KindRule): Promise<boolean> {
    const call = this.#call;
    const { clock, target, signal, deadline } = call;
    // another call may have been asked to leave the target alone for longer
    const cooling = this.#policy.cooldown ? await coolingLeft(call, this.#store.cooldowns) : 0;
    const floor = Math.max(error.retryAfterMs ?? 0, cooling);
    if (floor > rule.maxRetryAfter) return false;
    const ms = floor > 0 ? obeyRetryAfter(floor, clock) : backoffDelay(repeat, rule, clock);
    if (clock.now() + ms >= deadline) return false;
    if (signal?.aborted) throw aborted(call, signal.reason);
    if (!(await this.#pay(error))) return false;
    call.report({ type: 'waiting', target, ms, reason: floor > 0 ? 'retry-after' : 'backoff', error });
    await sleep(clock, ms, signal).catch((reason) => {
      this.refund();
      throw aborted(call, reason);
    });
    return true;
  }

  async #pay(error: LLMError): Promise<boolean> {
    const { budget } = this.#policy;
    if (budget === false) return true;
    const cost = error.kind === 'timeout' ? budget.timeoutCost : budget.retryCost;
    this.#giveBack = await payFor(this.#call, this.#store.buckets, budget, cost);
    return this.#giveBack !== undefined;
  }
}

function aborted({ target: { provider, model } }: Call, cause: unknown): AbortError {
  return new AbortError({ message: 'while waiting for the next attempt', provider, model, cause });
}
