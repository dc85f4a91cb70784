import type { HeadersLike } from '../contract/headers.ts';
import { headerEntries } from '../contract/headers.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Adds headers, `null` takes one away. A line break at the end of a value is forgiven.
 *
 * @throws ConfigurationError for what HTTP cannot carry: a transport would make a failed connection of it, and some tell the value.
 */
export function mergeHeaders(into: Map<string, string>, headers: HeadersLike, provider: string): void {
  for (const [given, value] of headerEntries(headers)) {
    const name = given.toLowerCase();
    if (value === undefined) continue;
    if (value === null) {
      into.delete(name);
      continue;
    }
    const text = value.trim();
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(text)) throw wrongHeader(name, provider);
    into.set(name, text);
  }
}

/** Name, value, name, value, … */
export const flatHeaders = (headers: Map<string, string>): string[] => [...headers].flat();

function wrongHeader(name: string, provider: string): ConfigurationError {
  const readable = HEADER_NAME.test(name);
  const message = readable
    ? `the value of the header "${name}" holds characters that HTTP does not allow${/auth|key/.test(name) ? ': is the API key right?' : ''}`
    : 'a header has a name that HTTP does not allow';
  return new ConfigurationError({ message, provider, code: 'wrong_header', ...(readable ? { param: `headers.${name}` } : {}) });
}
