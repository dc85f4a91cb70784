import { ConfigurationError } from '../errors/setup-errors.ts';

/** An address taken apart once; `origin + path + '/…'` is a request's URL. */
export interface BaseURL {
  /** Scheme, host and port. */
  readonly origin: string;
  /** `''`, or a path that begins with a slash and does not end with one. */
  readonly path: string;
}

/**
 * Reads a base URL.
 *
 * @param setting What the value is called in the settings, for the message.
 * @throws ConfigurationError when it is not an `http(s)` URL, or has a query, a fragment or credentials.
 */
export function parseBaseURL(value: unknown, setting: string): BaseURL {
  const refuse = (what: string): ConfigurationError =>
    new ConfigurationError({ message: `${setting} ${what}; expected an address such as "https://api.example.com/v1"` });
  if (typeof value !== 'string' || value.trim() === '') throw refuse('is not a URL');
  let url: URL;
  try {
    url = new URL(value.trim());
  } catch {
    throw refuse(value.includes('://') ? 'is not a valid URL' : 'lacks "https://" or "http://"');
  }
  if (!value.includes('://')) throw refuse('lacks "https://" or "http://"');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('is neither an "https://" nor an "http://" address');
  if (url.username !== '' || url.password !== '')
    throw refuse('holds a user name or password; put credentials into apiKey or headers');
  if (url.search !== '' || value.includes('?')) throw refuse('has a query ("?…")');
  if (url.hash !== '' || value.includes('#')) throw refuse('has a fragment ("#…")');
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, '') };
}
