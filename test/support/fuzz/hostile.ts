import fc from 'fast-check';

/** Stands for a value nested deeper than a recursive function can follow; put in by {@link jsonOf}. */
const DEEP = '@@deep@@';
const DEPTH = 20_000;
const DEEP_JSON = '['.repeat(DEPTH) + ']'.repeat(DEPTH);
const DEEP_OBJECT_JSON = `${'{"error":'.repeat(2000)}{}${'}'.repeat(2000)}`;

const own = (key: string, value: unknown): object =>
  Object.defineProperty({}, key, { value, enumerable: true, configurable: true, writable: true });

/** Values that a field of a provider's answer should never have. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e308, 4_294_967_294, Number.MAX_SAFE_INTEGER, '', ' ', 'x', '0', '-1'),
  fc.constantFrom<unknown>([], {}, [[]], [null], [[], {}], { error: null }, { error: {} }, { error: [] }, { error: 'x' }),
  fc.constantFrom<unknown>(
    DEEP,
    '@@deep object@@',
    '\ud800',
    '\u0000\u001b[31m',
    'x'.repeat(20_000),
    '{"a":',
    'data: {}\n\n',
    '[DONE]',
  ),
  fc
    .constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'toJSON', 'then')
    .map((key) => own(key, { polluted: true, message: 'x', toString: 1 })),
  fc.jsonValue({ maxDepth: 3 }),
);

interface Change {
  readonly path: readonly number[];
  readonly value: unknown;
  readonly way: 'replace' | 'remove' | 'wrap' | 'add' | 'repeat';
}

const change: fc.Arbitrary<Change> = fc.record({
  path: fc.array(fc.nat(9), { minLength: 1, maxLength: 6 }),
  value: hostileValue,
  way: fc.constantFrom('replace', 'replace', 'replace', 'remove', 'wrap', 'add', 'repeat'),
});

type Container = Record<string, unknown>;

/** A JSON value with some of its fields changed. */
export function mutated(valid: unknown): fc.Arbitrary<unknown> {
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    const root = { value: structuredClone(valid) };
    for (const one of changes) apply(root, { ...one, value: structuredClone(one.value) });
    return root.value;
  });
}

function apply(root: Container, { path, value, way }: Change): void {
  let container: Container = root;
  let key = 'value';
  for (const step of path) {
    const next = container[key];
    if (typeof next !== 'object' || next === null) break;
    const keys = Object.keys(next);
    if (keys.length === 0) break;
    container = next as Container;
    key = keys[step % keys.length] ?? '';
  }
  const before = container[key];
  if (way === 'remove' && container !== root) delete container[key];
  else if (way === 'wrap') container[key] = [before, value];
  else if (way === 'repeat') container[key] = [before, structuredClone(before), structuredClone(before)];
  else if (way === 'add' && typeof before === 'object' && before !== null)
    Object.assign(before, { error: value, message: value });
  else Object.defineProperty(container, key, { value, enumerable: true, configurable: true, writable: true });
}

/** JSON text; deep nesting is put in here, where no recursion has to follow it. */
export function jsonOf(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.replaceAll(`"${DEEP}"`, DEEP_JSON).replaceAll('"@@deep object@@"', DEEP_OBJECT_JSON);
}

/** Bytes, some of them damaged, perhaps with something before them. */
export function damaged(body: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const hit = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 255 }));
  const none = fc.constant([]);
  const hits = fc.oneof({ weight: 4, arbitrary: none }, { weight: 1, arbitrary: fc.array(hit, { maxLength: 3 }) });
  return fc.tuple(body, hits, prefix).map(([given, places, before]) => {
    const start = new TextEncoder().encode(before);
    const bytes = new Uint8Array(start.byteLength + given.byteLength);
    bytes.set(start);
    bytes.set(given, start.byteLength);
    for (const [where, byte] of places) bytes[Math.floor(where * bytes.byteLength)] = byte;
    return bytes;
  });
}

const prefix = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom('\ufeff', '\n', ' ', '\u001f\u008b\b\u0000', ")]}'\n") },
);

/** Reads that the bytes arrive in, perhaps not all of them. */
export function reads(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<readonly Uint8Array[]> {
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 });
  return fc.tuple(bytes, cuts, fc.boolean(), fc.boolean()).map(([all, where, loses, rarely]) => {
    const places = [...new Set(where.map((place) => Math.floor(place * all.length)))].sort((a, b) => a - b);
    const parts = [0, ...places].map((from, i) => all.subarray(from, places[i] ?? all.length));
    return loses && rarely ? parts.slice(0, -1) : parts;
  });
}

const ODD_HEADERS: Readonly<Record<string, readonly string[]>> = {
  'content-type': [
    'application/json',
    'text/event-stream',
    'application/x-ndjson',
    'text/html',
    'text/plain; charset=latin1',
    '',
    'application/json; charset=utf-16',
    'image/png',
  ],
  'content-encoding': ['gzip', 'br', 'identity', 'x'],
  'content-length': ['-1', '1e9', 'NaN', '3'],
  'retry-after': ['5', '-5', 'NaN', '1e309', 'Wed, 21 Oct 2099 07:28:00 GMT', 'soon', '99999999999999999999', '0x10', ''],
  'retry-after-ms': ['100', 'x', '-1', 'Infinity'],
  'x-ratelimit-reset-requests': ['1s', '-1s', 'never', '9999999999999', '1d2h', '∞'],
  'x-ratelimit-reset': ['0', '99999999999999', 'x'],
  'x-should-retry': ['true', 'false', 'maybe'],
  'x-request-id': ['id', '', 'x'.repeat(5000), 'a\u00ffb'],
  'request-id': ['id'],
  location: ['/elsewhere', 'http://other.invalid/', '::', ''],
  ':message-type': ['exception'],
  constructor: ['x'],
};

/** Response headers, most of them wrong. */
export const oddHeaders: fc.Arbitrary<Record<string, string>> = fc
  .array(
    fc
      .constantFrom(...Object.keys(ODD_HEADERS))
      .chain((name) => fc.tuple(fc.constant(name), fc.constantFrom(...(ODD_HEADERS[name] ?? [''])))),
    {
      maxLength: 5,
    },
  )
  .map((pairs) => Object.fromEntries(pairs));

export const oddStatus: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(200) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      201,
      204,
      301,
      307,
      400,
      401,
      402,
      403,
      404,
      408,
      409,
      410,
      413,
      418,
      422,
      424,
      429,
      498,
      499,
      500,
      501,
      502,
      503,
      504,
      507,
      520,
      524,
      529,
      599,
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 200, max: 999 }) },
);
