import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import type { DecodeContext, Operation, ReplyCodec, StreamCodec } from '../contract/codec.ts';
import type { Wire, WireMessage } from '../contract/wire.ts';
import type { TimeoutPhase } from '../errors/kinds.ts';
import { TimeoutError } from '../errors/wire-errors.ts';
import type { Watched } from '../time/deadline-list.ts';
import { abortFailure, closedFailure, timeoutFailure } from './faults.ts';
import { replyOperation, streamOperation } from './operations.ts';

/** Reads the answer to one step. Throws through `context`. */
export type StepDecoder<K extends OperationName, T extends object> = (body: unknown, context: DecodeContext<K>) => T;

/** An operation that takes several exchanges, one after the other; all of them share the limits of one attempt. */
export function steppedOperation<K extends OperationName>(
  wire: Wire,
  run: (steps: Steps<K>) => Promise<ResultOf<K>>,
): Operation<K> {
  return async (call) => run(new Steps(wire, call));
}

/** The exchanges and waits of one attempt. Abort, deadline and limits end whichever step is running. */
export class Steps<K extends OperationName> {
  readonly call: Call<K>;
  readonly #wire: Wire;
  readonly #startedAt: number;

  constructor(wire: Wire, call: Call<K>) {
    this.#wire = wire;
    this.call = call;
    this.#startedAt = call.clock.now();
  }

  /** One exchange whose answer comes as a whole, or, if that may be, without a body. */
  async reply<T extends object>(message: WireMessage, decode: StepDecoder<K, T>, mayBeEmpty = false): Promise<T> {
    const codec = { encode: () => message, decode, mayBeEmpty } as unknown as ReplyCodec<K>;
    const { phase, due } = this.#limit();
    const { clock, limits } = this.call;
    const step = { ...this.call, limits: { ...limits, attempt: Math.max(0, due - clock.now()) } };
    try {
      return (await replyOperation<K>(this.#wire, codec)(step)) as unknown as T;
    } catch (error) {
      throw this.#toldWhole(error, phase);
    }
  }

  /** The exchange that streams. `wire`: another address than that of the other steps. */
  async stream(wire: Wire, codec: StreamCodec<K & StreamName>): Promise<ResultOf<K & StreamName>> {
    const { clock, limits } = this.call;
    const elapsed = clock.now() - this.#startedAt;
    const left = (limit: number): number => Math.max(0, limit - elapsed);
    const step = { ...this.call, limits: { ...limits, firstToken: left(limits.firstToken), attempt: left(limits.attempt) } };
    try {
      return await streamOperation<K & StreamName>(wire, codec)(step as unknown as Call<K & StreamName>);
    } catch (error) {
      throw this.#toldWhole(error);
    }
  }

  /** Milliseconds until one of the limits ends the attempt. */
  get leftMs(): number {
    const { clock, deadline } = this.call;
    return Math.min(this.#limit().due, deadline) - clock.now();
  }

  /** Waits between two exchanges. */
  wait(ms: number): Promise<void> {
    const { clock, signal, deadline, limits } = this.call;
    const { deadlines } = this.#wire;
    const { phase, due } = this.#limit();
    const until = clock.now() + ms;
    return new Promise((resolve, reject) => {
      const leave = (end: () => void): void => {
        deadlines.remove(entry);
        signal?.removeEventListener('abort', onAbort);
        end();
      };
      const expire = (now: number): void => {
        if (now >= deadline) {
          const elapsedMs = now - this.#startedAt;
          this.call.report({ type: 'deadline', target: this.call.target, elapsedMs });
          leave(() => reject(timeoutFailure('deadline', elapsedMs, this.call)));
        } else if (now >= due)
          leave(() => reject(timeoutFailure(phase, phase === 'attempt' ? limits.attempt : limits.firstToken, this.call)));
        else leave(resolve);
      };
      const onAbort = (): void => leave(() => reject(abortFailure(this.call)));
      const entry: Watched = {
        due: Math.min(until, due, deadline),
        earlier: undefined,
        later: undefined,
        expire,
        closed: () => leave(() => reject(closedFailure(this.call))),
      };
      if (signal?.aborted === true) return reject(abortFailure(this.call));
      signal?.addEventListener('abort', onAbort);
      deadlines.add(entry);
    });
  }

  /** Which limit holds for a step without content: a stream must have come to its first token by then. */
  #limit(): { readonly phase: 'attempt' | 'first_token'; readonly due: number } {
    const { limits, operation } = this.call;
    const streams = operation === 'stream' || operation === 'completeStream';
    return streams && limits.firstToken < limits.attempt
      ? { phase: 'first_token', due: this.#startedAt + limits.firstToken }
      : { phase: 'attempt', due: this.#startedAt + limits.attempt };
  }

  /** A step knows only what was left of a limit; the caller set the whole. */
  #toldWhole(error: unknown, instead?: TimeoutPhase & ('attempt' | 'first_token')): unknown {
    if (!(error instanceof TimeoutError)) return error;
    const { limits } = this.call;
    if (error.phase === 'attempt') {
      const phase = instead ?? 'attempt';
      return timeoutFailure(phase, phase === 'attempt' ? limits.attempt : limits.firstToken, this.call);
    }
    return error.phase === 'first_token' ? timeoutFailure('first_token', limits.firstToken, this.call) : error;
  }
}

/** The operations that stream. */
export type StreamName = 'stream' | 'completeStream';

const ASIDE_MS = 5000;

/**
 * Tells a provider something about a call that is over, for example that nobody waits for its job any more.
 * It is sent once, holds no connection afterwards, and what comes of it concerns nobody.
 */
export function sendAside(wire: Wire, call: Call, message: WireMessage): void {
  const aside: Call<'models'> = {
    ...call,
    operation: 'models',
    request: {},
    signal: undefined,
    deadline: Number.POSITIVE_INFINITY,
    limits: { connect: ASIDE_MS, firstToken: ASIDE_MS, idle: ASIDE_MS, attempt: ASIDE_MS },
    options: { ...call.options, idempotencyKey: undefined },
    report: () => {},
  };
  const headers = { ...message.headers, connection: 'close' };
  const codec: ReplyCodec<'models'> = {
    encode: () => ({ ...message, headers }),
    decode: () => ({ object: 'list', data: [] }),
  };
  replyOperation<'models'>(wire, codec)(aside).catch(() => {});
}
