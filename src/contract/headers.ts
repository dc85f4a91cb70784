/** Response headers; names in lower case, repeated ones as a list. */
export type WireHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The first value of a response header. */
export function headerText(headers: WireHeaders, name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' || typeof first === 'number' ? String(first).trim() : undefined;
}

/** What the clock of a provider says when its own answer tells it, `now` otherwise: moments in headers count from there. */
export function serverTime(headers: WireHeaders, now: number): number {
  const date = headerText(headers, 'date');
  const sent = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(sent) ? now : sent;
}

export type HeaderValue = string | null | undefined;

/** Request headers in the shapes that `openai` takes: an object, `Headers`, or pairs. `null` takes a header off, `undefined` says nothing. */
export type HeadersLike =
  | Headers
  | readonly (readonly HeaderValue[])[]
  | Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>;

export type HeaderEntry = readonly [name: string, value: HeaderValue];

/** Names and values of request headers, names as they were given. Several values of one name are joined. */
export function headerEntries(given: HeadersLike): HeaderEntry[] {
  if (given instanceof Headers) return [...given.entries()];
  if (isPairs(given)) return given.map(([name, value]) => [name ?? '', value] as const);
  return Object.entries(given).map(([name, value]) => [name, isList(value) ? joined(value) : value] as const);
}

/** Whether the value is headers in one of the shapes, of strings only. */
export function isHeadersLike(value: unknown): value is HeadersLike {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Headers) return true;
  if (Symbol.iterator in value && !Array.isArray(value)) return false;
  const entries: readonly unknown[] = Array.isArray(value) ? value : Object.entries(value);
  return entries.every((entry) => Array.isArray(entry) && typeof entry[0] === 'string' && isValue(entry[1]));
}

const isValue = (value: unknown): boolean =>
  value === undefined || value === null || typeof value === 'string' || (Array.isArray(value) && value.every(isValue));

const isPairs = (given: HeadersLike): given is readonly (readonly HeaderValue[])[] => Array.isArray(given);
const isList = (value: HeaderValue | readonly HeaderValue[]): value is readonly HeaderValue[] => Array.isArray(value);
const joined = (values: readonly HeaderValue[]): string => values.filter((value) => typeof value === 'string').join(', ');
