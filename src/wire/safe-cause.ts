import type { Confidential } from '../contract/confidential.ts';
import { redact } from './failure/redact.ts';

const MAX_VALUES = 200;
const MAX_DEPTH = 4;
const MAX_TEXT = 2048;

/**
 * A transport's error as it may be shown. Some hold the request, its headers or the bytes of an answer that repeats them: what is
 * left of those are their name, their code and their words without keys and prompt. Every other one stays what it is.
 */
export function safeCause(cause: unknown, confidential: Confidential): unknown {
  if (!new Inspection(confidential).findsSecret(cause, 0)) return cause;
  const { name, message, code } = Object(cause) as Partial<Record<'name' | 'message' | 'code', unknown>>;
  const text = redact(typeof message === 'string' ? message : '', confidential);
  const safe = new Error(text);
  if (typeof name === 'string') safe.name = name;
  if (typeof code === 'string') Object.assign(safe, { code });
  safe.stack = `${safe.name}: ${text}`;
  return safe;
}

/** A walk through everything of an error that somebody could print. */
class Inspection {
  readonly #confidential: Confidential;
  readonly #seen = new Set<object>();
  #left = MAX_VALUES;

  constructor(confidential: Confidential) {
    this.#confidential = confidential;
  }

  /** Whether there is a secret, or too much to be sure that there is none. */
  findsSecret(value: unknown, depth: number): boolean {
    if (typeof value === 'string') return this.#tells(value);
    if (typeof value !== 'object' || value === null || this.#seen.has(value)) return false;
    this.#seen.add(value);
    if (depth > MAX_DEPTH) return false;
    for (const name of Reflect.ownKeys(value)) {
      if (--this.#left < 0) return true;
      const inner: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
      const text = name === 'stack' && typeof inner === 'string' ? inner.slice(0, MAX_TEXT) : inner;
      if (this.findsSecret(text, depth + 1)) return true;
    }
    return false;
  }

  #tells(text: string): boolean {
    return text.length > MAX_TEXT || redact(text, this.#confidential, MAX_TEXT) !== text;
  }
}
