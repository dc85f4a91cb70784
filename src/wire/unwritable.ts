/** Of a path that is longer, the beginning is told. */
const MAX_PATH = 200;

/**
 * What keeps a value from being written as JSON, with its path: `circular at messages[0].content`.
 * Only for values that `JSON.stringify` has refused.
 */
export function findUnwritable(value: unknown): string | undefined {
  return search(value, '', [], new Set());
}

function search(value: unknown, path: string, ancestors: readonly object[], clean: Set<object>): string | undefined {
  if (typeof value === 'bigint') return `BigInt at ${named(path)}`;
  if (typeof value !== 'object' || value === null) return undefined;
  if (ancestors.includes(value)) return `circular at ${named(path)}`;
  if (clean.has(value)) return undefined;
  const within = [...ancestors, value];
  try {
    const written = writtenAs(value, path);
    if (written !== value) return search(written, path, within, clean);
    for (const [key, member] of Object.entries(value)) {
      const found = search(member, pathTo(path, key, Array.isArray(value)), within, clean);
      if (found !== undefined) return found;
    }
  } catch (thrown) {
    return `${thrown instanceof RangeError ? 'too deep' : 'a getter or toJSON threw'} at ${named(path)}`;
  }
  clean.add(value);
  return undefined;
}

const named = (path: string): string => path.slice(0, MAX_PATH) || 'the top';

function writtenAs(value: object, path: string): unknown {
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === 'function' ? toJSON.call(value, path) : value;
}

function pathTo(path: string, key: string, inArray: boolean): string {
  if (inArray) return `${path}[${key}]`;
  if (!/^[\w$]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}
