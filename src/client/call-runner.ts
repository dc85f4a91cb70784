import type { Call, CallOptions, Limits, OperationName, RequestOf, ResultOf, Target } from '../contract/call.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import { withMadeKey } from '../contract/idempotency.ts';
import type { MediaSource } from '../contract/media.ts';
import type { Next } from '../contract/middleware.ts';
import type { MaybePromise, Store } from '../contract/store.ts';
import type { Settlement } from '../contract/stream.ts';
import { ChunkStream } from '../contract/stream.ts';
import type { Usage } from '../contract/usage.ts';
import type { Attempt } from '../errors/attempt.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { addTarget, completeError } from '../errors/llm-error.ts';
import { formatDuration } from '../errors/message.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { TimeoutError } from '../errors/wire-errors.ts';
import type { Clock } from '../time/clock.ts';
import type { DeadlineList } from '../time/deadline-list.ts';
import { aborted, failureIn } from './attempt-records.ts';
import { checkCallOptions } from './call-input.ts';
import { guarded, INTERRUPTED } from './guard.ts';
import { Ledger } from './ledger.ts';
import type { Listeners } from './listeners.ts';
import type { Caller, Opened } from './opened.ts';
import { closedClient, closedUnder } from './providers.ts';
import type { Route } from './route.ts';
import { usageOf, withRoute } from './route.ts';
import type { Targets } from './targets.ts';

/** What every call of a client shares. */
export interface CallEnvironment {
  readonly clock: Clock;
  readonly deadlines: DeadlineList;
  readonly listeners: Listeners;
  readonly targets: Targets;
  /** The layers around the dispatch. */
  readonly pipeline: Next;
  readonly maxAttempts: number;
  /** Milliseconds for a whole call; `Infinity` for none. */
  readonly deadline: number;
  readonly unsupportedParams: 'error' | 'drop' | undefined;
  /** Every call that has no idempotency key gets one. */
  readonly idempotencyKeys: boolean;
  readonly store: Store;
  readonly catalogue: () => MaybePromise<Catalogue>;
  readonly prefill: Call['prefill'];
  readonly media: MediaSource | undefined;
  readonly closed: boolean;
}

/** Checks what the caller has given, and says what the call is about. */
export type MakeOrder<K extends OperationName> = (targets: Targets) => Order<K>;

/** What a call is about. */
export interface Order<K extends OperationName> {
  readonly operation: K;
  readonly request: RequestOf<K>;
  readonly target: Target;
}

interface Running<K extends OperationName> {
  readonly call: Call<K>;
  readonly ledger: Ledger;
  readonly startedAt: number;
}

const UNLIMITED: Limits = {
  connect: Number.POSITIVE_INFINITY,
  firstToken: Number.POSITIVE_INFINITY,
  idle: Number.POSITIVE_INFINITY,
  attempt: Number.POSITIVE_INFINITY,
};
const NO_OPTIONS: CallOptions = Object.freeze({});
const NO_METADATA: Readonly<Record<string, unknown>> = Object.freeze({});

/** Runs calls: builds them, sends them through the layers, and sees to it that each ends once, in time, with a complete account. */
export class CallRunner {
  readonly #environment: CallEnvironment;
  /** One random number for the client, counted on: a random one for each call would cost more than the call's own code. */
  readonly #idPrefix = crypto.randomUUID().slice(0, 23);
  #calls = 0;

  constructor(environment: CallEnvironment) {
    this.#environment = environment;
  }

  /** What `makeOrder` throws fails the call. */
  run<K extends OperationName>(makeOrder: MakeOrder<K>, given: CallOptions | undefined, caller: Caller): void {
    let running: Running<K>;
    try {
      running = this.#start(makeOrder, given);
    } catch (error) {
      return caller.failed(error);
    }
    const failed = (thrown: unknown): void => caller.failed(this.#failed(running, thrown));
    this.#sent(running).then((result) => {
      try {
        caller.opened(this.#succeeded(running, result));
      } catch (thrown) {
        failed(thrown);
      }
    }, failed);
  }

  get clock(): Clock {
    return this.#environment.clock;
  }

  /** For calls that give their result and nothing else. */
  resultOf<K extends OperationName>(makeOrder: MakeOrder<K>, given: CallOptions | undefined): Promise<ResultOf<K>> {
    return new Promise((resolve, reject) => {
      this.run(makeOrder, given, { opened: ({ result }) => resolve(result as ResultOf<K>), failed: reject });
    });
  }

  /** Answers a question about a model without a call. */
  async ask<T>(model: string, question: (catalogue: Catalogue, target: Target) => MaybePromise<T>): Promise<T> {
    const { targets, catalogue } = this.#environment;
    return question(await catalogue(), targets.resolve(model));
  }

  #nextId(): string {
    return `${this.#idPrefix}-${(++this.#calls).toString(36)}`;
  }

  #start<K extends OperationName>(makeOrder: MakeOrder<K>, given: CallOptions | undefined): Running<K> {
    const environment = this.#environment;
    const { clock, targets, listeners } = environment;
    const correlationId = given?.correlationId ?? this.#nextId();
    try {
      if (environment.closed) throw closedClient();
      if (given !== undefined) checkCallOptions(given);
      const { operation, request, target } = makeOrder(targets);
      const options = this.#withDefaults(given ?? NO_OPTIONS, operation);
      const metadata = options.metadata ?? NO_METADATA;
      const signal = options.signal ?? undefined;
      const identity = { correlationId, operation, metadata };
      const ledger = new Ledger(environment.maxAttempts, clock, listeners, identity, signal);
      const startedAt = clock.now();
      const call: Call<K> = {
        operation,
        target,
        request,
        signal,
        deadline: startedAt + (options.deadline ?? environment.deadline),
        limits: options.timeout === undefined ? UNLIMITED : { ...UNLIMITED, attempt: options.timeout },
        options,
        metadata,
        correlationId,
        clock,
        trail: ledger,
        resolve: targets.resolve,
        store: environment.store,
        catalogue: environment.catalogue,
        prefill: environment.prefill,
        media: environment.media,
        report: ledger.report,
      };
      return { call: Object.freeze(call), ledger, startedAt };
    } catch (error) {
      if (isLLMError(error)) completeError(error, [], correlationId);
      throw error;
    }
  }

  #withDefaults(options: CallOptions, operation: OperationName): CallOptions {
    const { unsupportedParams, idempotencyKeys } = this.#environment;
    let complete = options;
    if (unsupportedParams !== undefined && options.unsupportedParams === undefined) complete = { ...complete, unsupportedParams };
    if (idempotencyKeys && options.idempotencyKey === undefined && operation !== 'models') {
      complete = withMadeKey(complete, this.#nextId());
    }
    return complete;
  }

  #sent<K extends OperationName>({ call, ledger }: Running<K>): Promise<ResultOf<K>> {
    const { pipeline, deadlines } = this.#environment;
    if (ledger.heard) ledger.emit({ type: 'call-started', operation: call.operation, target: call.target });
    if (call.signal?.aborted === true) return Promise.reject(INTERRUPTED);
    return guarded(pipeline(call), call, deadlines, discard);
  }

  #succeeded<K extends OperationName>(running: Running<K>, result: ResultOf<K>): Opened<K> {
    const { call, ledger } = running;
    const { target, signal } = call;
    if (typeof result !== 'object' || result === null) throw noResult(result);
    const answer = ledger.conclude(result);
    if (!(result instanceof ChunkStream)) {
      const usage = usageOf(call.operation, result);
      const route = ledger.route(target, usage);
      const routed = withRoute(result, route, answer?.requestId ?? null);
      this.#ended(running, usage, undefined);
      return { result: routed, route, answer, signal };
    }
    if (signal?.aborted === true) result.cancel();
    const route: { -readonly [K in keyof Route]: Route[K] } = ledger.route(target, undefined);
    const cancel = (): void => result.cancel();
    signal?.addEventListener('abort', cancel);
    result.onSettled((settlement: Settlement) => {
      signal?.removeEventListener('abort', cancel);
      if (result.usage !== undefined) route.usage = result.usage;
      const error = failureIn(settlement, call);
      if (error !== undefined) complete(error, call, ledger);
      if (settlement === 'abandoned') ledger.giveUp('the reader of the stream has left');
      this.#ended(running, result.usage, error);
    });
    return { result, route, answer, signal };
  }

  /** The error that the caller gets: the abort before the client's end before the deadline before what was thrown. */
  #failed(running: Running<OperationName>, thrown: unknown): unknown {
    const { call, ledger, startedAt } = running;
    const error = this.#overruled(call, startedAt, thrown);
    if (!isLLMError(error)) {
      // a layer of the user's own ended the call, with an error of its own
      ledger.giveUp('a layer ended the call with an error of its own');
      this.#ended(running, undefined, undefined, 'aborted');
      return error;
    }
    ledger.interrupt(error);
    complete(error, call, ledger);
    if (error.kind === 'timeout' && error.phase === 'deadline') {
      ledger.report({ type: 'deadline', target: call.target, elapsedMs: call.clock.now() - startedAt });
    }
    this.#ended(running, undefined, error);
    return error;
  }

  #overruled(call: Call, startedAt: number, thrown: unknown): unknown {
    const { signal, deadline, target } = call;
    const { provider, model } = target;
    const cause = thrown === INTERRUPTED ? undefined : thrown;
    if (signal?.aborted === true) {
      if (isLLMError(thrown, 'aborted')) return thrown;
      return aborted(call);
    }
    if (thrown === INTERRUPTED && this.#environment.closed) return closedUnder(call);
    if (thrown === INTERRUPTED || call.clock.now() >= deadline) {
      if (isLLMError(thrown, 'timeout') && thrown.phase === 'deadline') return thrown;
      const message = `the deadline of the call passed after ${formatDuration(deadline - startedAt)}`;
      return new TimeoutError({ message, provider, model, phase: 'deadline', cause });
    }
    return thrown;
  }

  #ended(
    { call, ledger, startedAt }: Running<OperationName>,
    usage: Usage | undefined,
    error: LLMError | undefined,
    outcome: Attempt['outcome'] = error?.kind ?? 'success',
  ): void {
    if (!ledger.heard) return;
    ledger.emit({
      type: 'call-ended',
      target: ledger.winner ?? call.target,
      durationMs: call.clock.now() - startedAt,
      outcome,
      attempts: ledger.attempts,
      ...(usage === undefined ? {} : { usage }),
      ...(ledger.costUSD === undefined ? {} : { costUSD: ledger.costUSD }),
      ...(error === undefined ? {} : { error }),
    });
  }
}

function complete(error: LLMError, call: Call, ledger: Ledger): void {
  addTarget(error, call.target.provider, call.target.model);
  completeError(error, [...ledger.attempts], call.correlationId);
}

/** Built-in layers pass results on; one of the user's own may forget it. */
const noResult = (given: unknown): ConfigurationError =>
  new ConfigurationError({
    message: `a layer of createClient.use gave ${given === undefined ? 'nothing' : `a ${typeof given}`} instead of a result; return what next(call) gives`,
    code: 'wrong_layer',
    param: 'createClient.use',
  });

function discard(result: unknown): void {
  if (result instanceof ChunkStream) result.cancel();
}
