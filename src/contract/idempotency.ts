import type { CallOptions } from './call.ts';

/** Stripe, whose rules others follow, takes no longer ones. */
const LONGEST_KEY = 255;

/**
 * Options for a request that no server may take for a repeat of the call's first one: at another target, or sent beside it. Its
 * idempotency key follows from the call's, so that the same call made anew has the same keys everywhere.
 *
 * @param part what sets the request apart.
 */
export function withKeyFor(part: string, options: CallOptions): CallOptions {
  const { idempotencyKey } = options;
  return idempotencyKey === undefined ? options : { ...options, idempotencyKey: derivedKey(idempotencyKey, part) };
}

function derivedKey(key: string, part: string): string {
  const mark = `-${digest(part)}`;
  if (key.length + mark.length <= LONGEST_KEY) return key + mark;
  const whole = `-${digest(key)}`;
  return key.slice(0, LONGEST_KEY - whole.length - mark.length) + whole + mark;
}

/** FNV-1a of 32 bits, as eight hexadecimal digits. */
function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

const made = new WeakSet<CallOptions>();

/** Options with a key that nobody has asked for by name. */
export function withMadeKey(options: CallOptions, idempotencyKey: string): CallOptions {
  const complete = { ...options, idempotencyKey };
  made.add(complete);
  return complete;
}

/** The key that the caller has given: calls with another one must not stand for each other. */
export function givenKey(options: CallOptions): string | undefined {
  return made.has(options) ? undefined : options.idempotencyKey;
}
