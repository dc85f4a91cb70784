import type { WireAnswer } from '../contract/answer.ts';
import { takeAnswer } from '../contract/answer.ts';
import type { Call, Target, Trail } from '../contract/call.ts';
import { asksModel } from '../contract/call.ts';
import type { TokenCounts } from '../contract/catalogue.ts';
import type { CallEvent, CallIdentity, ClientEvent } from '../contract/events.ts';
import type { Settlement, StreamSource } from '../contract/stream.ts';
import { isAnother } from '../contract/target.ts';
import type { Usage } from '../contract/usage.ts';
import type { Attempt } from '../errors/attempt.ts';
import type { LLMError } from '../errors/catalogue.ts';
import type { PartialOutput } from '../errors/partial.ts';
import { AbortError } from '../errors/wire-errors.ts';
import type { Clock } from '../time/clock.ts';
import type { AnswerMarks, OpenAttempt } from './attempt-records.ts';
import { amended, exhausted, failureIn, letGo, listed, tell, wasAtWork, wasSent, withError } from './attempt-records.ts';
import type { Listeners } from './listeners.ts';
import type { ResumedAt, Route } from './route.ts';

interface Answered {
  readonly result: object;
  readonly target: Target;
}

/** A wait that the next attempt after its end has waited for. */
interface Wait {
  readonly ms: number;
  readonly ends: number;
}

const NONE: readonly never[] = [];

/** A timer may fire a moment before its time. */
const EARLY_MS = 2;

/** What is told of targets and stores goes on after the call that found it out. */
const OF_TARGETS: ReadonlySet<string> = new Set([
  'breaker-changed',
  'cooldown',
  'budget-empty',
  'store-degraded',
  'store-restored',
]);

/** The account of one call: what was tried, waited for and changed. Everything that listeners hear passes through it. */
export class Ledger implements Trail {
  readonly attempts: Attempt[] = [];
  readonly warnings: string[] = [];
  /** Who answered last. */
  winner: Target | undefined;
  /** US dollars for all attempts so far; `undefined` while no price is known. */
  costUSD: number | undefined;
  readonly #maxAttempts: number;
  readonly #clock: Clock;
  readonly #listeners: Listeners;
  readonly #identity: CallIdentity;
  /** The caller's own. */
  readonly signal: AbortSignal | undefined;
  // these lists are replaced, not pushed to: a pushed one makes room for sixteen more, and most calls need one place
  #open: readonly OpenAttempt[] = NONE;
  /** The results that providers have given: one, unless attempts ran side by side or a result was not enough. */
  #answered: readonly Answered[] = NONE;
  #waits: readonly Wait[] = NONE;
  #sent = 0;
  #deadlineTold = false;
  #ended = false;
  #cached = false;
  #primary: Target | undefined;
  #resumed: readonly ResumedAt[] | undefined;
  #route: { -readonly [K in keyof Route]: Route[K] } | undefined;

  constructor(maxAttempts: number, clock: Clock, listeners: Listeners, identity: CallIdentity, signal?: AbortSignal) {
    this.signal = signal;
    this.#clock = clock;
    this.#maxAttempts = maxAttempts;
    this.#listeners = listeners;
    this.#identity = identity;
  }

  get attemptsLeft(): number {
    return this.#maxAttempts - this.#sent;
  }

  /** Whether an event would reach anybody. */
  get heard(): boolean {
    return !this.#listeners.none;
  }

  readonly report = (event: CallEvent): void => {
    if (this.#ended && !OF_TARGETS.has(event.type)) return;
    switch (event.type) {
      case 'waiting':
        this.#waits = [...this.#waits, { ms: event.ms, ends: this.#clock.now() + (event.reason === 'queue' ? 0 : event.ms) }];
        break;
      case 'warning':
        if (!this.warnings.includes(event.message)) this.warnings.push(event.message);
        break;
      case 'skipped':
        if (event.reason === 'circuit_open' || event.reason === 'cooling') this.#listSkipped(event.target, event.error);
        break;
      case 'deadline':
        if (this.#deadlineTold) return;
        this.#deadlineTold = true;
        break;
      case 'resumed':
        this.#mark(event);
        break;
      case 'cache-hit':
        this.winner = event.target;
        this.#answered = NONE;
        this.#cached = true;
        break;
    }
    this.emit(event);
  };

  emit(event: CallEvent): void {
    if (event.type === 'call-ended') this.#ended = true;
    if (!this.#listeners.none) this.#listeners.emit({ ...event, call: this.#identity } as ClientEvent);
  }

  begin(call: Call): OpenAttempt {
    const { target } = call;
    if (this.attemptsLeft <= 0) throw exhausted(this.attempts, this.#maxAttempts, target);
    this.#sent++;
    const open = this.#opened(target, this.#waitOver(), call);
    this.#open = withOne(this.#open, open);
    if (this.heard) this.emit({ type: 'attempt-started', target, number: open.number });
    return open;
  }

  /** A whole reply is there, or the first content of a stream; the end of a stream is told with {@link Ledger.settle}. */
  succeed(open: OpenAttempt, result: object, marks: AnswerMarks): Attempt | undefined {
    if (!this.#close(open)) return undefined;
    this.winner = open.target;
    this.#answered = withOne(this.#answered, { result, target: open.target });
    this.#cached = false;
    const attempt = listed(open, this.#clock.now(), 'success', marks);
    this.#list(attempt);
    return attempt;
  }

  fail(open: OpenAttempt, error: LLMError): void {
    if (!this.#close(open)) return;
    const attempt = amended(listed(open, this.#clock.now(), error.kind, {}), error);
    if (wasSent(error)) this.#list(attempt);
    else this.#sent--;
    if (open.call !== undefined) {
      if (wasAtWork(error)) this.#bill(attempt, open.call, undefined, null);
      tell(open.call, attempt);
    }
    if (this.heard) this.emit({ type: 'attempt-ended', target: open.target, attempt });
  }

  /** The result of a successful attempt has ended: a stream that broke or was aborted turns the attempt into a failed one. */
  settle(attempt: Attempt, call: Call, settlement: Settlement, usage: TokenCounts | undefined, source?: StreamSource): void {
    const failure = failureIn(settlement, call, this.signal);
    const written = settlement === 'abandoned' ? source?.written?.() : failure?.partial;
    let final = attempt;
    if (failure !== undefined) {
      final = amended(attempt, failure);
      this.attempts[this.attempts.indexOf(attempt)] = final;
    }
    this.#bill(final, call, usage ?? written?.usage, written);
    tell(call, final);
    if (this.heard) this.emit({ type: 'attempt-ended', target: call.target, attempt: final });
  }

  /** The call ends while attempts are running: they end with it. */
  interrupt(error: LLMError): void {
    for (const open of this.#open) this.fail(open, error);
  }

  /** Nobody waits for the attempts that are still running. */
  giveUp(message: string): void {
    for (const open of this.#open) {
      const { provider, model } = open.target;
      this.fail(open, new AbortError({ message, provider, model }));
    }
  }

  /**
   * The call has its result: who gave it, and the provider's own answer behind it; where a layer made another result of it, the
   * last one that a provider gave. Attempts that are still running are given up.
   */
  conclude(result: unknown): WireAnswer | undefined {
    this.giveUp('another attempt answered first');
    const answered = this.#answered;
    this.#answered = NONE;
    const own = typeof result === 'object' && result !== null ? takeAnswer(result) : undefined;
    const chosen = answered.find((given) => given.result === result);
    let last: WireAnswer | undefined;
    for (const given of answered.filter((one) => one !== chosen)) {
      last = takeAnswer(given.result);
      if (chosen !== undefined) letGo(given.result);
    }
    this.winner = chosen?.target ?? this.winner;
    return own ?? last;
  }

  route(primary: Target, usage: Usage | undefined): Route {
    const { provider, model } = this.winner ?? primary;
    const route: { -readonly [K in keyof Route]: Route[K] } = {
      provider,
      model,
      attempts: this.attempts,
      warnings: this.warnings,
      correlationId: this.#identity.correlationId,
      fallback: isAnother(this.winner ?? primary, primary),
    };
    this.#primary = primary;
    if (this.#resumed !== undefined) route.resumed = this.#resumed;
    if (this.#cached) route.cached = true;
    if (usage !== undefined) route.usage = usage;
    if (this.costUSD !== undefined) route.costUSD = this.costUSD;
    this.#route = route;
    return route;
  }

  /** A broken stream goes on elsewhere: the route names who finishes it. */
  #mark({ from, to, characters, overlap }: Extract<CallEvent, { type: 'resumed' }>): void {
    this.#resumed = [...(this.#resumed ?? []), { from: nameOf(from), to: nameOf(to), characters, overlap }];
    const route = this.#route;
    if (route === undefined) return;
    route.provider = to.provider;
    route.model = to.model;
    route.fallback ||= isAnother(to, this.#primary ?? from);
    route.resumed = this.#resumed;
  }

  #bill(
    attempt: Attempt,
    { catalogue, operation, target, request }: Call,
    usage?: TokenCounts,
    written?: PartialOutput | null,
  ): void {
    if (!asksModel(operation)) return;
    const known = catalogue();
    if (known instanceof Promise) return; // it is loaded before any answer is handed on
    const { costUSD } = Object.assign(attempt, known.bill(target, request, usage, written));
    if (costUSD === undefined) return;
    this.costUSD = (this.costUSD ?? 0) + costUSD;
    if (this.#route !== undefined) this.#route.costUSD = this.costUSD;
  }

  #opened(target: Target, waitedMs: number, call?: Call): OpenAttempt {
    const number = Math.max(this.attempts.at(-1)?.number ?? 0, this.#open.at(-1)?.number ?? 0) + 1;
    return { target, call, number, startedAt: this.#clock.now(), waitedMs };
  }

  /** By number: side by side, the one that began first may end last. */
  #list(attempt: Attempt): void {
    const { attempts } = this;
    let at = attempts.length;
    while (at > 0 && (attempts[at - 1]?.number ?? 0) > attempt.number) at--;
    if (at === attempts.length) attempts.push(attempt);
    else attempts.splice(at, 0, attempt);
  }

  /** The waits that are over: what attempts side by side still wait for is not this one's. */
  #waitOver(): number {
    if (this.#waits.length === 0) return 0;
    const now = this.#clock.now() + EARLY_MS;
    let waited = 0;
    this.#waits = this.#waits.filter(({ ms, ends }) => {
      if (ends > now) return true;
      waited += ms;
      return false;
    });
    return waited;
  }

  #close(open: OpenAttempt): boolean {
    const opened = this.#open;
    if (!opened.includes(open)) return false;
    this.#open = opened.length === 1 ? NONE : opened.filter((other) => other !== open);
    return true;
  }

  #listSkipped(target: Target, error: LLMError | undefined): void {
    if (error !== undefined && this.attempts.some((attempt) => attempt.error === error)) return;
    const open = this.#opened(target, 0);
    const attempt = listed(open, open.startedAt, 'circuit_open', {});
    this.#list(error === undefined ? attempt : withError(attempt, error));
  }
}

const withOne = <T>(list: readonly T[], one: T): readonly T[] => (list.length === 0 ? [one] : [...list, one]);

const nameOf = ({ provider, model }: Target): string => `${provider}/${model}`;
