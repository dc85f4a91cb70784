const HOUR_MS = 3_600_000;

const LONG_WINDOW =
  /\b(?:per|each|every|a) (?:day|hour|week|month|calendar month)\b|\bper-(?:day|hour|week|month)\b|PerDay|ByDay\b|\/ ?(?:day|month)\b|\b(?:daily|hourly|weekly|monthly)\b|\b(?:RPD|TPD|RPH|TPH)\b|\b\d+-hour\b/i;
const WINDOW_IN_SECONDS = /\bper (\d{2,9}) ?s(?:ec|econds?)?\b/i;
const LIMITS = /\bLimit:? ?([\d,]+)(?:[^\n]{0,60}?\bUsed:? ?([\d,]+))?[^\n]{0,60}?\bRequested:? ?~?([\d,]+)/i;

/** Whether a rate limit's window lasts an hour or more, so that no wait within a call can help. */
export function isLongWindow(text: string, retryAfterMs: number | undefined): boolean {
  if (retryAfterMs !== undefined && retryAfterMs >= HOUR_MS) return true;
  if (LONG_WINDOW.test(text)) return true;
  const seconds = WINDOW_IN_SECONDS.exec(text)?.[1];
  return seconds !== undefined && Number(seconds) * 1000 >= HOUR_MS;
}

export interface RateNumbers {
  readonly limit: number;
  readonly used?: number;
  readonly requested: number;
}

const numberOf = (digits: string): number => Number(digits.replaceAll(',', ''));

/** `Limit 30000, Used 18928, Requested 11159`, as OpenAI and Groq write it. */
export function rateNumbers(text: string): RateNumbers | undefined {
  const [, limit, used, requested] = LIMITS.exec(text) ?? [];
  if (limit === undefined || requested === undefined) return undefined;
  return { limit: numberOf(limit), ...(used === undefined ? {} : { used: numberOf(used) }), requested: numberOf(requested) };
}

/** Whether a single request asks for more than the whole budget of the window: it can never pass. */
export function isOverBudget(text: string): boolean {
  const numbers = rateNumbers(text);
  return numbers !== undefined ? numbers.requested > numbers.limit : /\brequest too large for\b/i.test(text);
}
