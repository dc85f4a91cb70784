import type { WireHeaders } from '../contract/wire.ts';

/** A flat list as a record. */
export function namedHeaders(flat: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i] as string;
    const value = flat[i + 1] as string;
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return headers;
}

/** The headers of a `Response` as a record that asks for a header when it is read: listing them all sorts them first. */
export function headersOf({ headers }: Response): WireHeaders {
  return new Proxy(headers, BY_NAME) as unknown as WireHeaders;
}

const BY_NAME: ProxyHandler<Headers> = {
  get: valueAt,
  has: (headers, name) => typeof name === 'string' && TOKEN.test(name) && headers.has(name),
  ownKeys: (headers) => [...new Set(headers.keys())],
  getOwnPropertyDescriptor(headers, name) {
    const value = valueAt(headers, name);
    return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: false };
  },
  getPrototypeOf: () => null,
};

function valueAt(headers: Headers, name: PropertyKey): string | string[] | undefined {
  if (typeof name !== 'string' || !TOKEN.test(name)) return undefined;
  if (name !== 'set-cookie' || headers.getSetCookie === undefined) return headers.get(name) ?? undefined;
  const cookies = headers.getSetCookie();
  return cookies.length > 1 ? cookies : cookies[0];
}

/** RFC 9110, section 5.6.2. `Headers` throws for any other name. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
