import type { Call, OperationName, ResultOf, Target } from '../../contract/call.ts';
import { withKeyFor } from '../../contract/idempotency.ts';
import type { Next } from '../../contract/middleware.ts';
import { ChunkStream, whenSettled } from '../../contract/stream.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import type { GiveBack } from '../../state/retry-budget.ts';
import type { Timer } from '../../time/clock.ts';

/** What a race is run by. */
export interface RaceRules {
  /** Milliseconds until the second request. */
  readonly delay: number;
  /** Whom the second request goes to. */
  readonly target: Target;
  /** `undefined`: there is no second request. */
  readonly pay: (call: Call) => Promise<GiveBack | undefined>;
}

/** How a race went. */
export interface RaceEnd<R> {
  readonly result: R;
  /** Milliseconds that the first request took to its answer, or until the other one had won. */
  readonly firstMs: number;
  /** A second request was sent. */
  readonly hedged: boolean;
}

interface Runner {
  readonly controller: AbortController;
  readonly second: boolean;
  readonly giveBack: GiveBack | undefined;
  failed: boolean;
}

/** Failures of a request that was never sent. */
const UNSENT: ReadonlySet<ErrorKind> = new Set(['circuit_open', 'budget_exceeded', 'configuration', 'unsupported_operation']);

/** What is wrong with the request itself: another one like it fails alike. */
const SAME_EVERYWHERE: ReadonlySet<ErrorKind> = new Set([
  'aborted',
  'bad_request',
  'unprocessable_entity',
  'unsupported_params',
  'request_too_large',
  'context_window_exceeded',
  'content_policy_violation',
  'authentication',
  'permission_denied',
  'not_found',
]);

const OVERTAKEN = 'another request for the same answer was faster';

/** One call as a race: the first request, and after a while a second one for the same answer. Whoever has content first wins. */
export class Race<K extends OperationName> {
  readonly #call: Call<K>;
  readonly #next: Next;
  readonly #rules: RaceRules;
  readonly #startedAt: number;
  /** How many attempts were left before the first request. */
  readonly #left: number;
  readonly #runners: Runner[] = [];
  readonly #timer: Timer;
  #resolve: (end: RaceEnd<ResultOf<K>>) => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #over = false;
  #firstError: unknown;
  #secondAfter = 0;

  constructor(call: Call<K>, next: Next, rules: RaceRules) {
    this.#call = call;
    this.#next = next;
    this.#rules = rules;
    this.#startedAt = call.clock.now();
    this.#left = call.trail.attemptsLeft;
    call.signal?.addEventListener('abort', this.#onAbort);
    this.#timer = call.clock.timer(() => void this.#startSecond(), rules.delay);
  }

  /** Settles when somebody has won, or nobody can any more. To be called once. */
  run(): Promise<RaceEnd<ResultOf<K>>> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      void this.#send(this.#call, false);
    });
  }

  async #send(call: Call<K>, second: boolean, giveBack?: GiveBack): Promise<void> {
    const controller = new AbortController();
    const runner: Runner = { controller, second, giveBack, failed: false };
    this.#runners.push(runner);
    let result: ResultOf<K>;
    try {
      result = await this.#next({ ...call, signal: controller.signal });
    } catch (error) {
      return this.#fail(runner, error);
    }
    this.#finish(runner, result);
  }

  async #startSecond(): Promise<void> {
    const { target, pay } = this.#rules;
    const { trail, options, clock, signal } = this.#call;
    const own = target === this.#call.target;
    // one that still waits in a queue would only get company there
    if (this.#over || trail.attemptsLeft <= 0 || (own && trail.attemptsLeft === this.#left)) return;
    const part = own ? 'hedge' : `hedge ${target.provider}/${target.model}`;
    const call = { ...this.#call, target, options: withKeyFor(part, options) };
    const giveBack = await pay(call);
    // the first request may not have heard of the abort yet
    if (this.#over || signal?.aborted === true) return giveBack?.();
    if (giveBack === undefined) return;
    this.#secondAfter = clock.now() - this.#startedAt;
    this.#tell('started');
    await this.#send(call, true, giveBack);
  }

  #finish(runner: Runner, result: ResultOf<K>): void {
    if (this.#over) {
      if (result instanceof ChunkStream) result.cancel();
      return;
    }
    const hedged = this.#conclude(runner.second ? 'won' : 'lost');
    for (const other of this.#runners) if (other !== runner) other.controller.abort(OVERTAKEN);
    whenSettled(result, this.#unlink);
    this.#resolve({ result, firstMs: this.#call.clock.now() - this.#startedAt, hedged });
  }

  #fail(runner: Runner, error: unknown): void {
    runner.failed = true;
    if (runner.second && isLLMError(error) && UNSENT.has(error.kind)) runner.giveBack?.();
    if (this.#over) return;
    if (!runner.second) this.#firstError = error;
    const others = this.#runners.filter((other) => !other.failed);
    if (others.length > 0 && !this.#decides(runner, error)) return;
    this.#conclude('lost');
    for (const other of others) other.controller.abort(OVERTAKEN);
    this.#unlink();
    this.#reject(this.#firstError ?? error);
  }

  /** Whether a failure ends the race while the other request is still running. */
  #decides({ second }: Runner, error: unknown): boolean {
    if (!isLLMError(error)) return true;
    if (second && (UNSENT.has(error.kind) || this.#rules.target !== this.#call.target)) return false;
    return SAME_EVERYWHERE.has(error.kind);
  }

  #conclude(outcome: 'won' | 'lost'): boolean {
    this.#over = true;
    this.#timer.cancel();
    const hedged = this.#runners.length > 1;
    if (hedged) this.#tell(outcome);
    return hedged;
  }

  #tell(outcome: 'started' | 'won' | 'lost'): void {
    this.#call.report({ type: 'hedge', target: this.#rules.target, outcome, afterMs: this.#secondAfter });
  }

  readonly #onAbort = (): void => {
    for (const { controller } of this.#runners) controller.abort(this.#call.signal?.reason);
  };

  readonly #unlink = (): void => this.#call.signal?.removeEventListener('abort', this.#onAbort);
}
