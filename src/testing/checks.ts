import { nearest } from '../contract/check-options.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';

const wrong = (path: string, problem: string): ConfigurationError =>
  new ConfigurationError({ message: `${path}: ${problem}`, code: 'wrong_option', param: path });

const show = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number') return String(value);
  return typeof value === 'string'
    ? JSON.stringify(value.slice(0, 40))
    : `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
};

/** @throws ConfigurationError for a name that is none of `known`, and for what is no object. */
export function checkNames<T extends object>(path: string, options: T, known: readonly (keyof T & string)[]): void {
  if (typeof options !== 'object' || options === null) throw wrong(path, `expected an object, got ${show(options)}`);
  for (const name of Object.keys(options)) {
    if ((known as readonly string[]).includes(name)) continue;
    const guess = nearest(name, known);
    const hint =
      guess === undefined ? `known are ${known.map((word) => JSON.stringify(word)).join(', ')}` : `did you mean "${guess}"?`;
    throw wrong(`${path}.${name}`, `unknown option; ${hint}`);
  }
}

/** @throws ConfigurationError for anything but a whole number within bounds. */
export function checkCount(path: string, value: unknown, least = 0, most: number = Number.MAX_SAFE_INTEGER): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  const bounds = most === Number.MAX_SAFE_INTEGER ? `≥ ${least}` : `from ${least} to ${most}`;
  throw wrong(path, `expected a whole number ${bounds}, got ${show(value)}`);
}

/** @throws ConfigurationError for anything but a span of time, 0 or more. */
export function checkDelay(path: string, value: unknown, unit: 'milliseconds' | 'seconds' = 'milliseconds'): void {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return;
  throw wrong(path, `expected ${unit} ≥ 0, got ${show(value)}`);
}

/** @throws ConfigurationError for an item that answers nothing. */
export function checkItems(path: string, items: readonly unknown[]): void {
  for (const [i, item] of items.entries()) {
    if (typeof item === 'string' || typeof item === 'function') continue;
    const type = typeof item === 'object' && item !== null ? Reflect.get(item, 'type') : undefined;
    if (type === 'reply' || type === 'fault') continue;
    throw wrong(`${path}[${i}]`, `expected reply(…), a fault, a text or a function that makes one of them, got ${show(item)}`);
  }
}
