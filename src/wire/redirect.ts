import type { Call } from '../contract/call.ts';
import type { Wire, WireRequest } from '../contract/wire.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';

const MAX_REDIRECTS = 3;

/**
 * The request at the place that an answer points to.
 *
 * @throws ConfigurationError where that is another origin, would be another request, or is one redirect too many.
 */
export function redirected(
  request: WireRequest,
  status: number,
  location: string,
  count: number,
  wire: Wire,
  call: Call,
): WireRequest {
  const { origin, path, method } = request;
  const next = placeOf(location, origin + path);
  const same = next?.origin === origin && count <= MAX_REDIRECTS && (status >= 307 || method === 'GET');
  if (next !== undefined && same) return { ...request, path: next.pathname + next.search };
  throw new ConfigurationError({
    message: `${origin} redirects (${status}) to ${next?.origin ?? 'an unreadable address'}, which was not followed: keys stay with the origin they were given for. If the address has changed, set providers.${wire.provider}.baseURL`,
    provider: call.target.provider,
    model: call.target.model,
    status,
    code: 'redirected',
  });
}

function placeOf(location: string, base: string): URL | undefined {
  try {
    return new URL(location, base);
  } catch {
    return undefined;
  }
}
