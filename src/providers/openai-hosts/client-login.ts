import type { ProviderContext } from '../../contract/provider.ts';
import type { LazyAuthorization } from '../../wire/auth/lazy-authorization.ts';
import { lazyAuthorization } from '../../wire/auth/lazy-authorization.ts';
import { firstEnv, missing, textSetting } from '../settings.ts';
import type { Host } from './host.ts';

/** Calls that are authorized by tokens instead of a key. */
export interface ClientLogin {
  readonly secret: string;
  readonly connection: Pick<LazyAuthorization, 'authorize'>;
  readonly renewing: LazyAuthorization['renewing'];
}

/**
 * The settings `clientId` and `clientSecret`, or their environment variables, where they are what counts. A setting beats the
 * environment; of two settings, or two variables, the key beats the client (docs.databricks.com/dev-tools/auth/unified-auth).
 *
 * @returns `undefined` where a key is wanted.
 * @throws ConfigurationError when one of the two is missing or no text, or there is nothing at all.
 */
export function clientLogin(host: Host, context: ProviderContext, baseURL: string): ClientLogin | undefined {
  const { envKeys, clientCredentials: grant } = host;
  if (grant === undefined || context.settings.apiKey) return undefined;
  const ownId = textSetting(context, 'clientId');
  const ownSecret = textSetting(context, 'clientSecret');
  if (ownId === undefined && ownSecret === undefined && firstEnv(context, envKeys) !== undefined) return undefined;
  const id = ownId ?? firstEnv(context, grant.envId);
  const secret = ownSecret ?? firstEnv(context, grant.envSecret);
  if (id === undefined && secret === undefined)
    throw missing(context, 'API key, nor a clientId with its clientSecret', 'apiKey', envKeys);
  if (id === undefined) throw missing(context, 'clientId to go with clientSecret', 'clientId', grant.envId);
  if (secret === undefined) throw missing(context, 'clientSecret to go with clientId', 'clientSecret', grant.envSecret);
  const { authorize, renewing } = lazyAuthorization(async () =>
    (await import('./client-tokens.ts')).clientTokens(context, grant, { id, secret }, baseURL),
  );
  return { secret, connection: { authorize }, renewing };
}
