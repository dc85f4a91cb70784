/**
 * JSON that is the same for equal values: names sorted, what JSON leaves out left out. `undefined` for a value that JSON does not
 * tell in full (bytes, maps, instances of classes, circles): two different ones could look equal.
 */
export function canonicalJson(value: unknown): string | undefined {
  try {
    return written(value);
  } catch (error) {
    if (error instanceof RangeError || error === UNTELLABLE) return undefined;
    throw error;
  }
}

const UNTELLABLE = Symbol('untellable');

function written(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? String(value === 0 ? 0 : value) : 'null';
    case 'boolean':
      return String(value);
    case 'object':
      return value === null ? 'null' : writtenObject(value);
    case 'undefined':
      return 'null';
    default:
      throw UNTELLABLE;
  }
}

function writtenObject(value: object): string {
  if (Array.isArray(value)) return `[${Array.from(value, written).join()}]`;
  if (value instanceof Date || value instanceof URL) return written(value.toJSON());
  const fields = value as Readonly<Record<string, unknown>>;
  if (!isPlain(value) || typeof fields.toJSON === 'function') throw UNTELLABLE;
  const parts: string[] = [];
  for (const name of Object.keys(fields).sort()) {
    const field = fields[name];
    if (field === undefined || typeof field === 'function') continue;
    parts.push(`${JSON.stringify(name)}:${written(field)}`);
  }
  return `{${parts.join()}}`;
}

/** Made by `{}`, in this realm or another, or without a prototype. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
