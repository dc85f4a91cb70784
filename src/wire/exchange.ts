import type { Call } from '../contract/call.ts';
import type { MaybePromise } from '../contract/store.ts';
import type { Flow, Receiver, Transport, Wire, WireHeaders, WireMessage, WireRequest } from '../contract/wire.ts';
import type { LLMError } from '../errors/catalogue.ts';
import type { TimeoutPhase } from '../errors/kinds.ts';
import type { Watched } from '../time/deadline-list.ts';
import { FailureBody } from './failure-body.ts';
import { abortFailure, brokenAnswer, closedFailure, timeoutFailure } from './faults.ts';
import type { ExchangeControl, Sink } from './sink.ts';
import { Unexplained } from './unexplained.ts';

const DRAIN_MS = 2000;

type Phase = 'connecting' | 'waiting' | 'reading' | 'draining' | 'over';

/** One request and its answer: limits, abort, redirects, and the way from bytes to a sink or to a typed error. */
export class Exchange implements Receiver, Watched, ExchangeControl {
  due: number = Number.POSITIVE_INFINITY;
  earlier: Watched | undefined;
  later: Watched | undefined;
  readonly wire: Wire;
  readonly call: Call;
  readonly #streaming: boolean;
  readonly #startedAt: number;
  readonly #attemptDue: number;
  #phase: Phase = 'connecting';
  #committed = false;
  #paused = false;
  #flow: Flow | undefined;
  #transport: Transport | undefined;
  #request: WireRequest | undefined;
  #redirects = 0;
  #failure: FailureBody | undefined;
  #sink: Sink | undefined;
  #onAbort: (() => void) | undefined;

  constructor(wire: Wire, call: Call, streaming: boolean) {
    this.wire = wire;
    this.call = call;
    this.#streaming = streaming;
    this.#startedAt = call.clock.now();
    this.#attemptDue = Math.min(this.#startedAt + call.limits.attempt, call.deadline);
  }

  start(message: MaybePromise<WireMessage>, sink: Sink): void {
    const { signal, limits } = this.call;
    this.#sink = sink;
    this.due = this.#connectDue(this.#startedAt + limits.connect);
    this.wire.deadlines.add(this);
    if (this.#phase === 'over') return;
    if (signal !== undefined) {
      if (signal.aborted) return this.#reject(abortFailure(this.call));
      this.#onAbort = () => this.#reject(abortFailure(this.call));
      signal.addEventListener('abort', this.#onAbort);
    }
    if (message instanceof Promise) this.#whenReady(message, (ready) => this.#prepare(ready));
    else this.#prepare(message);
  }

  connected(): void {
    if (this.#phase !== 'connecting') return;
    this.#phase = 'waiting';
    this.#restart();
  }

  head(status: number, headers: WireHeaders): void {
    if (this.#phase === 'over' || status < 200) return;
    this.#phase = 'reading';
    if (status >= 300 && status < 400 && headers.location !== undefined) return this.#redirect(status, String(headers.location));
    this.#restart();
    if (status < 200 || status >= 300) {
      this.#failure = new FailureBody(status, headers);
      return;
    }
    try {
      this.#sink?.open(status, headers);
    } catch (error) {
      this.#reject(error);
    }
  }

  data(bytes: Uint8Array): void {
    if (this.#phase !== 'reading') return;
    this.#restart();
    if (this.#failure !== undefined) return this.#failure.add(bytes) ? undefined : this.#reject(this.#failure.unexplained());
    try {
      this.#sink?.data(bytes);
    } catch (error) {
      this.#reject(error);
    }
  }

  end(): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'draining') return this.#leave();
    if (this.#phase !== 'reading') return this.#reject(brokenAnswer('the connection was closed without an answer', this.call));
    if (this.#failure !== undefined) return this.#reject(this.#failure.unexplained());
    try {
      this.#sink?.end();
      this.#leave();
    } catch (error) {
      this.#reject(error);
    }
  }

  fail(cause: unknown): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'draining') return this.#leave();
    // an error status whose body was cut is still the better explanation
    if (this.#failure !== undefined) return this.#reject(this.#failure.unexplained());
    this.#leave(true);
    const { wire, call } = this;
    const parts = Promise.all([import('./connection-failure.ts'), wire.confidential(call)]);
    this.#failWith(parts.then(([{ connectionFailure }, hidden]) => connectionFailure(cause, call, hidden)));
  }

  expire(now: number): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'draining') return this.#leave(true);
    const { limits, deadline, clock } = this.call;
    const phase = this.#expired(now);
    const limit =
      phase === 'deadline'
        ? Math.max(0, Math.min(now, deadline) - this.#startedAt)
        : phase === 'first_token'
          ? limits.firstToken
          : limits[phase];
    if (phase === 'deadline')
      this.call.report({ type: 'deadline', target: this.call.target, elapsedMs: clock.now() - this.#startedAt });
    this.#reject(timeoutFailure(phase, limit, this.call));
  }

  closed(): void {
    this.#reject(closedFailure(this.call));
  }

  commit(): void {
    this.#committed = true;
    this.#restart();
  }

  pause(): void {
    if (this.#phase !== 'reading') return;
    this.#paused = true;
    this.due = this.#attemptDue;
    this.#flow?.pause();
  }

  resume(): void {
    if (this.#phase !== 'reading') return;
    this.#paused = false;
    this.#restart();
    this.#flow?.resume();
  }

  finish(): void {
    this.#phase = 'draining';
    this.#unlisten();
    this.due = this.call.clock.now() + DRAIN_MS;
    this.wire.deadlines.hasten(this);
    if (this.#paused) this.#flow?.resume();
  }

  cancel(): void {
    this.#leave(true);
  }

  #prepare(message: WireMessage): void {
    if (this.#phase === 'over') return;
    try {
      const request = this.wire.prepare(message, this.call);
      if (request instanceof Promise) this.#whenReady(request, (ready) => this.#send(ready));
      else this.#send(request);
    } catch (error) {
      this.#reject(error);
    }
  }

  #send(request: WireRequest): void {
    if (this.#phase === 'over') return;
    this.#request = request;
    const transport = this.#transport ?? this.wire.transport();
    if (transport instanceof Promise) this.#whenReady(transport, (ready) => this.#dispatch(ready, request));
    else this.#dispatch(transport, request);
  }

  #dispatch(transport: Transport, request: WireRequest): void {
    if (this.#phase === 'over') return;
    this.#transport = transport;
    const flow = transport.dispatch(request, this);
    this.#flow = flow;
    // the receiver may have failed before dispatch returned
    if ((this.#phase as Phase) === 'over') flow.abort();
  }

  #redirect(status: number, location: string): void {
    const request = this.#request as WireRequest;
    this.#phase = 'connecting';
    this.due = this.#connectDue(this.call.clock.now() + this.call.limits.connect);
    this.wire.deadlines.hasten(this);
    this.#flow?.abort();
    this.#whenReady(import('./redirect.ts'), ({ redirected }) =>
      this.#send(redirected(request, status, location, ++this.#redirects, this.wire, this.call)),
    );
  }

  #expired(now: number): Exclude<TimeoutPhase, 'server'> {
    if (now >= this.call.deadline) return 'deadline';
    if (now >= this.#attemptDue) return 'attempt';
    if (this.#streaming && !this.#committed && now >= this.#startedAt + this.call.limits.firstToken) return 'first_token';
    return this.#phase === 'connecting' ? 'connect' : 'idle';
  }

  #connectDue(connectDue: number): number {
    const firstTokenDue = this.#streaming ? this.#startedAt + this.call.limits.firstToken : Number.POSITIVE_INFINITY;
    return Math.min(connectDue, firstTokenDue, this.#attemptDue);
  }

  #restart(): void {
    const { limits, clock } = this.call;
    let due = this.#attemptDue;
    if (this.#streaming && !this.#committed) due = Math.min(due, this.#startedAt + limits.firstToken);
    else if (this.#phase === 'reading' && !this.#paused) due = Math.min(due, clock.now() + limits.idle);
    const sooner = due < this.due;
    this.due = due;
    if (sooner) this.wire.deadlines.hasten(this);
  }

  #whenReady<T>(part: Promise<T>, go: (ready: T) => void): void {
    part.then(go).catch((error: unknown) => this.#reject(error));
  }

  #reject(error: unknown): void {
    if (this.#phase === 'over' || this.#phase === 'draining') return;
    this.#leave(true);
    if (error instanceof Unexplained) this.#failWith(this.wire.explain(error.failure, this.call));
    else this.#sink?.fail(error as LLMError);
  }

  #failWith(explained: Promise<unknown>): void {
    const fail = (error: unknown): void => this.#sink?.fail(error as LLMError);
    explained.then(fail, fail);
  }

  #leave(abort = false): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.wire.deadlines.remove(this);
    this.#unlisten();
    if (abort) this.#flow?.abort();
  }

  #unlisten(): void {
    if (this.#onAbort !== undefined) this.call.signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** One exchange whose answer goes into a sink of the caller's own. */
export function openExchange(
  wire: Wire,
  call: Call,
  message: WireMessage | Promise<WireMessage>,
  makeSink: (control: ExchangeControl) => Sink,
): void {
  const exchange = new Exchange(wire, call, false);
  exchange.start(message, makeSink(exchange));
}
