const FITS = /^[a-zA-Z0-9]{9}$/;
const DIGITS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/**
 * Ids of tool calls as Mistral accepts them, nine letters and digits. Mistral's own ids stay as they are; any other id
 * becomes the same nine characters each time, in a call and in its result.
 */
export class ToolIds {
  readonly #known = new Map<string, string>();
  readonly #taken = new Set<string>();

  of(id: string): string {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    let fitting = FITS.test(id) ? id : hashed(id);
    for (let n = 1; this.#taken.has(fitting); n++) fitting = hashed(`${id} ${n}`);
    this.#known.set(id, fitting);
    this.#taken.add(fitting);
    return fitting;
  }
}

/** Two rounds of FNV-1a, written in 62 digits. */
function hashed(id: string): string {
  let text = '';
  for (let round = 0; text.length < 9; round++) {
    let hash = 2166136261 ^ round;
    for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 16777619);
    hash ^= hash >>> 15;
    for (let rest = hash >>> 0, i = 0; i < 5 && text.length < 9; i++, rest = Math.floor(rest / 62)) text += DIGITS[rest % 62];
  }
  return text;
}
