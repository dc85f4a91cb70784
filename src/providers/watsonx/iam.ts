import type { DecodeContext } from '../../contract/codec.ts';
import type { ProviderContext } from '../../contract/provider.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { type FreshToken, TokenExchange, tokenRequest } from '../../wire/auth/token-exchange.ts';
import { iamFailures } from './failure.ts';

const GRANT = 'urn:ibm:params:oauth:grant-type:apikey';
const IDENTITY_PATH = '/identity/token';
/** The token service of the regions on AWS, which has an address and a form of its own. */
const ACCOUNT_PATH = '/apikeys/token';
/** For an answer that does not tell; IBM's tokens are good for an hour. */
const USUAL_SECONDS = 3600;

/** An API key's tokens, from IBM's token service at `iamURL` (its host, or the whole address of the exchange). */
export function iamTokens(context: ProviderContext, apiKey: string, iamURL: string): TokenExchange {
  const address = iamURL.replace(/\/+$/, '');
  const byAccount = address.endsWith(ACCOUNT_PATH);
  const path = byAccount ? ACCOUNT_PATH : IDENTITY_PATH;
  const wire = context.connect({
    baseURL: address.endsWith(path) ? address.slice(0, -path.length) : address,
    headers: { accept: 'application/json' },
    extraHeaders: false,
    failures: iamFailures,
    secrets: [apiKey],
  });
  const message: WireMessage = byAccount
    ? { path, body: { apikey: apiKey } }
    : { path, form: { grant_type: GRANT, apikey: apiKey } };
  return new TokenExchange(tokenRequest(wire, message, readToken));
}

function readToken(body: unknown, context: DecodeContext): FreshToken {
  if (!isRecord(body)) throw context.invalid('the answer of the token service is no JSON object');
  if (body.errorCode !== undefined || body.errorMessage !== undefined) throw context.failure(body, 400);
  const { access_token, token = access_token, expires_in, expiration } = body;
  return { token: String(token ?? ''), lifetimeMs: 1000 * secondsOf(expires_in, expiration, context) };
}

function secondsOf(expiresIn: unknown, expiration: unknown, { call }: DecodeContext): number {
  if (typeof expiresIn === 'number' && expiresIn > 0) return expiresIn;
  const left = typeof expiration === 'number' ? expiration - call.clock.now() / 1000 : 0;
  return left > 0 ? left : USUAL_SECONDS;
}
