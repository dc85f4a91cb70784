import { takeAnswer } from '../../contract/answer.ts';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, ReplyCodec } from '../../contract/codec.ts';
import type { Wire, WireMessage } from '../../contract/wire.ts';
import { errorOf, isLLMError } from '../../errors/catalogue.ts';
import type { AnswerFacts, ErrorFacts } from '../../errors/llm-error.ts';
import { replyOperation } from '../operations.ts';
import type { TokenSource } from './token-authorization.ts';

/** What a token service gave. */
export interface FreshToken {
  readonly token: string;
  /** How long it is good for, in milliseconds. */
  readonly lifetimeMs: number;
}

interface HeldToken {
  readonly token: string;
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** A token is renewed when so little of its life is left, or a fifth of it, whichever is less. */
const RENEW_BEFORE_MS = 60_000;
const RENEW_SHARE = 0.2;

/** Limits of one exchange. It belongs to no call, so no call's deadline may end it for the others. */
const CONNECT_MS = 10_000;
const EXCHANGE_MS = 30_000;

/**
 * A token that calls share: exchanged at the first call, renewed once before it expires, however many calls ask.
 * A call that waits keeps its own limits, deadline and signal; an exchange that no call waits for any more still serves the next one.
 */
export class TokenExchange implements TokenSource {
  readonly #exchange: (call: Call) => Promise<FreshToken>;
  #held: HeldToken | undefined;
  #running: Promise<HeldToken> | undefined;

  /** `exchange` asks the token service; the call that it gets is cut loose from its caller. */
  constructor(exchange: (call: Call) => Promise<FreshToken>) {
    this.#exchange = exchange;
  }

  get current(): string | undefined {
    return this.#held?.token;
  }

  token(call: Call): string | Promise<string> {
    const held = this.#held;
    return held !== undefined && call.clock.now() < held.renewAt ? held.token : this.#renewed(call);
  }

  discard(token: string): void {
    if (this.#held?.token === token) this.#held = undefined;
  }

  async #renewed(call: Call): Promise<string> {
    const running = this.#running ?? this.#start(call);
    try {
      return (await running).token;
    } catch (error) {
      const held = this.#held;
      if (held !== undefined && call.clock.now() < held.expiresAt) return held.token;
      throw ownFailure(error, call);
    }
  }

  #start(call: Call): Promise<HeldToken> {
    const running = this.#renew(cutLoose(call)).finally(() => {
      this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #renew(call: Call): Promise<HeldToken> {
    const askedAt = call.clock.now();
    const { token, lifetimeMs } = await this.#exchange(call);
    const expiresAt = askedAt + lifetimeMs;
    this.#held = { token, expiresAt, renewAt: expiresAt - Math.min(RENEW_BEFORE_MS, lifetimeMs * RENEW_SHARE) };
    return this.#held;
  }
}

/** Asks a token service through its own connection. */
export function tokenRequest(
  wire: Wire,
  message: WireMessage,
  read: (body: unknown, context: DecodeContext) => FreshToken,
): (call: Call) => Promise<FreshToken> {
  return async (call) => {
    let fresh: FreshToken | undefined;
    const codec: ReplyCodec<'models'> = {
      encode: () => message,
      decode(body, context) {
        fresh = read(body, context);
        if (isToken(fresh.token)) return { object: 'list', data: [] };
        throw context.invalid('the answer of the token service holds no token');
      },
    };
    const answer = await replyOperation(wire, codec)(call as Call<'models'>);
    takeAnswer(answer);
    return fresh as FreshToken;
  };
}

/** What can stand in a header. */
export const isToken = (value: unknown): value is string => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value);

function cutLoose(call: Call): Call {
  const none = Number.POSITIVE_INFINITY;
  const limits = { connect: CONNECT_MS, firstToken: none, idle: EXCHANGE_MS, attempt: EXCHANGE_MS };
  return { ...call, signal: undefined, deadline: none, limits, options: {} };
}

/** One exchange fails for many calls; each gets an error of its own, to which its own history can be added. */
function ownFailure(error: unknown, call: Call): unknown {
  if (!isLLMError(error)) return error;
  const { kind, reason, retryable, retryAfterMs, details, timestamp } = error;
  const { status, code, type, param, requestID, headers } = error as ErrorFacts & Partial<AnswerFacts>;
  return errorOf(kind, {
    message: `no token for the call: ${reason}`,
    provider: call.target.provider,
    model: call.target.model,
    status,
    code,
    type,
    param,
    requestID,
    headers,
    retryable,
    retryAfterMs,
    details,
    timestamp,
    cause: error.cause,
    ...(error.kind === 'timeout' ? { phase: error.phase } : {}),
  });
}
