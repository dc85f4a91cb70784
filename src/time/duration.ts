const NUMBER = String.raw`\d{1,15}(?:\.\d{1,15})?`;
const PART = String.raw`${NUMBER}\s?(?:milliseconds?|millis|ms|[uµ]s|ns|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-zµ])`;
const PARTS = String.raw`${PART}(?:(?:,|,?\sand)?\s?${PART}){0,4}`;

const PLAIN = new RegExp(`^${NUMBER}$`);
const WHOLE = new RegExp(`^${PARTS}$`, 'i');
const EACH = /([\d.]+)\s?([a-zµ]+)/gi;

/** Milliseconds of `6m0s`, `1.574s`, `20ms`, `18h31m10s`, `6 seconds`, or of a plain number of seconds. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (PLAIN.test(trimmed)) return Number(trimmed) * 1000;
  if (!WHOLE.test(trimmed)) return undefined;
  let ms = 0;
  for (const [, count, unit] of trimmed.matchAll(EACH)) ms += Number(count) * unitMs((unit as string).toLowerCase());
  return ms;
}

const EPOCH_SECONDS = 1e9;
const EPOCH_MS = 1e12;

/** Milliseconds from `now` to what a text says: a duration, seconds, an epoch in seconds or milliseconds, or a date. */
export function waitUntil(text: string, now: number): number | undefined {
  const duration = parseDuration(text);
  if (duration !== undefined) {
    const seconds = Number(text);
    if (seconds >= EPOCH_MS) return seconds - now;
    return seconds >= EPOCH_SECONDS ? duration - now : duration;
  }
  // Date.parse takes "-1" and "soon 5" for dates
  if (!/^(?:\d{4}-\d\d-\d\d|[a-z]{3,9}, ?\d)/i.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at - now;
}

function unitMs(unit: string): number {
  if (unit.startsWith('d')) return 86_400_000;
  if (unit.startsWith('h')) return 3_600_000;
  if (unit.startsWith('mil') || unit === 'ms') return 1;
  if (unit.startsWith('m')) return 60_000;
  if (unit.startsWith('s')) return 1000;
  return unit === 'ns' ? 1e-6 : 1e-3;
}

// "try again in 16m32.64s" OpenAI, Groq; "retry in 38.66s" Gemini; "retry after 6 seconds" Azure; "Please wait 5631 seconds"
// OpenRouter; "resets in ~5s" Replicate; "reset after 18h31m10s" Gemini CLI
const HINT = new RegExp(
  String.raw`\b(?:try(?:ing)? again|retry(?:ing)?|wait(?:ing)?|resets?|available(?: again)?)\b(?: (?:in|after|for|at least|about|approximately))*:? ?~?(${PARTS})`,
  'i',
);
const BARE_HINT = new RegExp(String.raw`\bretry[ -]after:? (${NUMBER})(?![\w:.-]|\s*[a-z])`, 'i');

// "Limit resets at: 2026-05-23 10:20:14 UTC" LiteLLM; a moment without a zone is nobody's
const MOMENT = /\bresets? at:? (\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d{1,9})? ?(?:UTC|GMT|Z)\b/i;

/** Milliseconds from `now` that a message asks to wait, in words. */
export function waitInWords(message: string, now: number): number | undefined {
  const text = message.slice(0, 8192);
  const [, day, time] = MOMENT.exec(text) ?? [];
  if (day !== undefined && time !== undefined) return Date.parse(`${day}T${time}Z`) - now;
  const found = HINT.exec(text) ?? BARE_HINT.exec(text);
  return found?.[1] === undefined ? undefined : parseDuration(found[1]);
}
