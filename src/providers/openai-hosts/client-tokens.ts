import type { DecodeContext } from '../../contract/codec.ts';
import type { FailureRule, ProviderContext } from '../../contract/provider.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import type { TokenAuthorization } from '../../wire/auth/token-authorization.ts';
import { tokenAuthorization } from '../../wire/auth/token-authorization.ts';
import { type FreshToken, TokenExchange, tokenRequest } from '../../wire/auth/token-exchange.ts';
import { at } from '../../wire/failure/fields.ts';
import type { ClientCredentialsGrant } from './host.ts';

/** For an answer that does not tell; RFC 6749 recommends to tell, and Databricks' tokens are good for an hour. */
const USUAL_SECONDS = 3600;

/**
 * A token that has run out is a 403 at Databricks, with these words: omnigent-ai/omnigent#3231, databricks/databricks-vscode#583,
 * n8n-io/n8n#34147.
 */
const RUN_OUT = /invalid access token|token (?:is |has )?expir/i;

const expired = ({ kind, reason }: LLMError): boolean => kind === 'authentication' || RUN_OUT.test(reason);

/** Tokens of OAuth's client credentials grant (RFC 6749, section 4.4), from the token service at the origin of the base URL. */
export function clientTokens(
  context: ProviderContext,
  grant: ClientCredentialsGrant,
  { id, secret }: { readonly id: string; readonly secret: string },
  baseURL: string,
): TokenAuthorization {
  const proof = btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`);
  const wire = context.connect({
    baseURL: new URL(baseURL.trim()).origin,
    headers: { accept: 'application/json', authorization: `Basic ${proof}` },
    extraHeaders: false,
    failures: { requestIdHeaders: ['x-request-id', 'x-databricks-request-id'], rules: [refused(context.id, grant)] },
    secrets: [secret, proof],
  });
  const form = { grant_type: 'client_credentials', scope: grant.scope };
  return tokenAuthorization(new TokenExchange(tokenRequest(wire, { path: grant.tokenPath, form }, readToken)), expired);
}

/** Whatever a token service refuses is the client's fault: no other status than 408 and 429 asks for patience. */
function refused(provider: string, { envId, envSecret }: ClientCredentialsGrant): FailureRule {
  const what = `providers.${provider}.clientId and clientSecret (or ${[...envId, ...envSecret].join(' and ')})`;
  return ({ status = 0, message, json }) => {
    if (status < 400 || status > 499 || status === 408 || status === 429) return undefined;
    const description = at(json, 'error_description');
    const why = typeof description === 'string' ? description : message || `status ${status}`;
    return { kind: 'authentication', message: `the token service refused ${what}: ${why}` };
  };
}

function readToken(body: unknown, context: DecodeContext): FreshToken {
  if (!isRecord(body)) throw context.invalid('the answer of the token service is no JSON object');
  if (body.error !== undefined) throw context.failure(body, 400);
  const { access_token: token, expires_in: seconds } = body;
  const lifetime = typeof seconds === 'number' && seconds > 0 ? seconds : USUAL_SECONDS;
  return { token: String(token ?? ''), lifetimeMs: 1000 * lifetime };
}
