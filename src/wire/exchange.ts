import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import type { Operation, ReplyCodec, StreamCodec, StreamedName } from '../contract/codec.ts';
import { lazily } from '../contract/lazily.ts';
import type { Flow, Receiver, Transport, Wire, WireHeaders, WireMessage, WireRequest } from '../contract/wire.ts';
import type { LLMError } from '../errors/catalogue.ts';
import type { TimeoutPhase } from '../errors/kinds.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import type { Watched } from '../time/deadline-list.ts';
import { FailureBody } from './failure-body.ts';
import { abortFailure, brokenAnswer, closedFailure, connectionFailure, timeoutFailure } from './faults.ts';
import { ReplySink } from './reply-sink.ts';
import type { ExchangeControl, Sink } from './sink.ts';
import { Unexplained } from './unexplained.ts';

const MAX_REDIRECTS = 3;
const DRAIN_MS = 2000;

type Phase = 'connecting' | 'waiting' | 'reading' | 'draining' | 'over';

/** One request and its answer: limits, abort, redirects, and the way from bytes to a sink or to a typed error. */
class Exchange implements Receiver, Watched, ExchangeControl {
  due = Number.POSITIVE_INFINITY;
  earlier: Watched | undefined;
  later: Watched | undefined;
  readonly wire: Wire;
  readonly call: Call;
  readonly #streaming: boolean;
  readonly #sink: Sink;
  readonly #startedAt: number;
  readonly #attemptDue: number;
  #phase: Phase = 'connecting';
  #committed = false;
  #flow: Flow | undefined;
  #transport: Transport | undefined;
  #request: WireRequest | undefined;
  #redirects = 0;
  #failure: FailureBody | undefined;

  constructor(wire: Wire, call: Call, makeSink: (control: ExchangeControl) => Sink, streaming: boolean) {
    this.wire = wire;
    this.call = call;
    this.#streaming = streaming;
    this.#sink = makeSink(this);
    this.#startedAt = call.clock.now();
    this.#attemptDue = Math.min(this.#startedAt + call.limits.attempt, call.deadline);
  }

  start(message: WireMessage | Promise<WireMessage>): void {
    const { signal, limits } = this.call;
    this.due = this.#connectDue(this.#startedAt + limits.connect);
    this.wire.deadlines.add(this);
    if (signal !== undefined) {
      if (signal.aborted) return this.#onAbort();
      signal.addEventListener('abort', this.#onAbort);
    }
    if (message instanceof Promise) message.then((ready) => this.#prepare(ready), this.#reject);
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
    if (status >= 300 && status < 400 && headers.location !== undefined) return this.#redirect(status, headers);
    this.#restart();
    if (status >= 200 && status < 300) this.#try(() => this.#sink.open(status, headers));
    else this.#failure = new FailureBody(status, headers);
  }

  data(bytes: Uint8Array): void {
    if (this.#phase !== 'reading') return;
    this.#restart();
    if (this.#failure !== undefined) this.#failure.add(bytes);
    else {
      try {
        this.#sink.data(bytes);
      } catch (error) {
        this.#reject(error);
      }
    }
  }

  end(): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'draining') return this.#leave();
    if (this.#phase !== 'reading') return this.#reject(brokenAnswer('the connection was closed without an answer', this.call));
    this.#try(() => {
      if (this.#failure !== undefined) return this.#reject(this.#failure.unexplained());
      this.#sink.end();
      this.#leave();
    });
  }

  fail(cause: unknown): void {
    if (this.#phase === 'over') return;
    if (this.#phase === 'draining') return this.#leave();
    // an error status whose body was cut is still the better explanation
    this.#reject(this.#failure?.unexplained() ?? connectionFailure(cause, this.call));
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
    this.due = this.#attemptDue;
    this.#flow?.pause();
  }

  resume(): void {
    this.#restart();
    this.wire.deadlines.hasten(this);
    this.#flow?.resume();
  }

  finish(): void {
    this.#phase = 'draining';
    this.#unlisten();
    this.due = this.call.clock.now() + DRAIN_MS;
    this.wire.deadlines.hasten(this);
  }

  cancel(): void {
    this.#leave(true);
  }

  #prepare(message: WireMessage): void {
    if (this.#phase === 'over') return;
    this.#try(() => {
      const request = this.wire.prepare(message, this.call);
      if (request instanceof Promise) request.then((ready) => this.#send(ready), this.#reject);
      else this.#send(request);
    });
  }

  #send(request: WireRequest): void {
    if (this.#phase === 'over') return;
    this.#request = request;
    const transport = this.#transport ?? this.wire.transport();
    if (transport instanceof Promise) transport.then((ready) => this.#dispatch(ready, request), this.#reject);
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

  #redirect(status: number, headers: WireHeaders): void {
    const { origin, path, method } = this.#request as WireRequest;
    let next: URL | undefined;
    try {
      next = new URL(String(headers.location), origin + path);
    } catch {}
    this.#flow?.abort();
    const same = next?.origin === origin && ++this.#redirects <= MAX_REDIRECTS && (status >= 307 || method === 'GET');
    if (next !== undefined && same) {
      this.#phase = 'connecting';
      this.due = this.#connectDue(this.call.clock.now() + this.call.limits.connect);
      this.wire.deadlines.hasten(this);
      return this.#send({ ...(this.#request as WireRequest), path: next.pathname + next.search });
    }
    this.#reject(
      new ConfigurationError({
        message: `${origin} redirects (${status}) to ${next?.origin ?? 'an unreadable address'}, which was not followed: keys stay with the origin they were given for. If the address has changed, set providers.${this.wire.provider}.baseURL`,
        provider: this.call.target.provider,
        model: this.call.target.model,
        status,
        code: 'redirected',
      }),
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
    else if (this.#phase === 'reading') due = Math.min(due, clock.now() + limits.idle);
    const sooner = due < this.due;
    this.due = due;
    if (sooner) this.wire.deadlines.hasten(this);
  }

  #try(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#reject(error);
    }
  }

  readonly #onAbort = (): void => this.#reject(abortFailure(this.call));

  readonly #reject = (error: unknown): void => {
    if (this.#phase === 'over' || this.#phase === 'draining') return;
    this.#leave(true);
    if (error instanceof Unexplained) this.wire.explain(error.failure, this.call).then(this.#fail, this.#fail);
    else this.#fail(error);
  };

  readonly #fail = (error: unknown): void => this.#sink.fail(error as LLMError);

  #leave(abort = false): void {
    if (this.#phase === 'over') return;
    this.#phase = 'over';
    this.wire.deadlines.remove(this);
    this.#unlisten();
    if (abort) this.#flow?.abort();
  }

  #unlisten(): void {
    this.call.signal?.removeEventListener('abort', this.#onAbort);
  }
}

/** An operation whose answer comes as a whole. */
export function replyOperation<K extends OperationName>(wire: Wire, codec: ReplyCodec<K>): Operation<K> {
  return (call: Call<K>): Promise<ResultOf<K>> =>
    new Promise((resolve, reject) => {
      const message = codec.encode(call);
      new Exchange(wire, call, (control) => new ReplySink(control, codec, resolve, reject), false).start(message);
    });
}

const streaming = lazily(() => import('./stream-sink.ts'));

/** An operation whose answer comes in chunks; resolves when the first content is in hand. */
export function streamOperation<K extends StreamedName>(wire: Wire, codec: StreamCodec<K>): Operation<K> {
  const open = ({ StreamSink }: typeof import('./stream-sink.ts'), call: Call<K>): Promise<ResultOf<K>> =>
    new Promise((resolve, reject) => {
      const message = codec.encode(call);
      new Exchange(wire, call, (control) => new StreamSink(control, codec, resolve, reject), true).start(message);
    });

  return (call) => {
    const loaded = streaming();
    return loaded instanceof Promise ? loaded.then((module) => open(module, call)) : open(loaded, call);
  };
}

/** One exchange whose answer goes into a sink of the caller's own. */
export function openExchange(
  wire: Wire,
  call: Call,
  message: WireMessage | Promise<WireMessage>,
  makeSink: (control: ExchangeControl) => Sink,
): void {
  new Exchange(wire, call, makeSink, false).start(message);
}
