import type { Call, OperationName } from '../../contract/call.ts';
import type { Operation } from '../../contract/codec.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { isLLMError } from '../../errors/catalogue.ts';

/** Where tokens come from. */
export interface TokenSource {
  /** A token that is good now; a promise only where it has to be got first. */
  token(call: Call): string | Promise<string>;
  /** The provider refused this token: it is not given out again. */
  discard(token: string): void;
  /** The token that is given out at the moment, to be kept out of messages. */
  readonly current: string | undefined;
}

/** Bearer tokens on requests, and a second chance for calls whose token had run out. */
export interface TokenAuthorization {
  authorize(request: object, call: Call): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** The operation, run once more with a new token when the provider says that the old one is no good any more. */
  renewing<K extends OperationName>(operation: Operation<K>): Operation<K>;
}

/** `expired` tells which failures of authentication or of rights another token can cure. `headers` go beside the token. */
export function tokenAuthorization(
  source: TokenSource,
  expired: (error: LLMError) => boolean,
  headers: () => Readonly<Record<string, string>> = () => ({}),
): TokenAuthorization {
  const sent = new WeakMap<Call, string>();
  const bearer = (token: string, call: Call): Readonly<Record<string, string>> => {
    sent.set(call, token);
    return { authorization: `Bearer ${token}`, ...headers() };
  };
  return {
    authorize(_request, call) {
      const token = source.token(call);
      return token instanceof Promise ? token.then((ready) => bearer(ready, call)) : bearer(token, call);
    },
    renewing: (operation) => async (call) => {
      try {
        return await operation(call);
      } catch (error) {
        const token = sent.get(call as Call);
        if (token === undefined || !isLLMError(error, 'authentication', 'permission_denied') || !expired(error)) throw error;
        source.discard(token);
        return operation(call);
      }
    },
  };
}
