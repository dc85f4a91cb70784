import { ConfigurationError } from '../../errors/setup-errors.ts';

const DEFAULT_PORT = '11434';

/**
 * The address of a server, as `OLLAMA_HOST` and the official SDK's `host` may say it: `host`, `host:port`, `:port` or a URL.
 * Without a scheme it is http, and then without a port 11434. An address to listen on (`0.0.0.0`) is reached on the
 * loopback interface. The routes of the API (`/api`, `/v1`) may be there or not.
 *
 * @throws ConfigurationError naming `setting`.
 */
export function parseHost(given: string, setting: string): string {
  const host = given.trim().replace(/^["']+|["']+$/g, '');
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(host);
  const address = hasScheme
    ? host
    : `http://${host.startsWith(':') && !host.startsWith('::') ? '127.0.0.1' : ''}${bracketed(host)}`;
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    throw invalid(setting);
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw invalid(setting);
  const hostname = url.hostname === '0.0.0.0' ? '127.0.0.1' : url.hostname === '[::]' ? '[::1]' : url.hostname;
  const implied = hasScheme || /:80$/.test(host.replace(/\/.*$/, '')) ? '' : `:${DEFAULT_PORT}`;
  const port = url.port === '' ? implied : `:${url.port}`;
  const path = url.pathname.replace(/\/+$/, '').replace(/\/(?:api|v1)$/, '');
  return `${url.protocol}//${hostname}${port}${path}`;
}

/** `::1` is an address without a port, and a URL wants it in brackets. */
const bracketed = (host: string): string => (/^[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*$/i.test(host) ? `[${host}]` : host);

const invalid = (setting: string): ConfigurationError =>
  new ConfigurationError({
    message: `${setting} must be host, host:port, :port or an http(s) URL`,
    provider: 'ollama',
    code: 'invalid_setting',
    param: setting,
  });
