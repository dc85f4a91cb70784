import type { WireHeaders } from '../contract/headers.ts';
import { headerText, serverTime } from '../contract/headers.ts';
import { limitsIn } from '../contract/limit-headers.ts';
import { parseDuration, waitInWords, waitUntil } from '../time/duration.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * How long the provider asks to be left alone, in milliseconds: by `retry-after-ms`, `retry-after`, a field of the body,
 * the reset of the limit that ran out, or the message's words, in this order. Zero, negative and unreadable waits are none.
 * Moments in time count from the answer's own `date`, so that a wrong clock here does no harm.
 */
export function retryAfterMs(headers: WireHeaders, body: unknown, message: string, now: number): number | undefined {
  const serverNow = serverTime(headers, now);
  return (
    sensible(fromHeaders(headers, serverNow)) ??
    sensible(fromBody(body, serverNow)) ??
    sensible(waitForReset(headers, serverNow)) ??
    sensible(waitInWords(message, serverNow))
  );
}

function sensible(ms: number | undefined): number | undefined {
  return ms !== undefined && ms > 0 && Number.isFinite(ms) ? Math.max(1, Math.round(ms)) : undefined;
}

function fromHeaders(headers: WireHeaders, now: number): number | undefined {
  const ms = headerText(headers, 'retry-after-ms');
  if (ms !== undefined && Number(ms) > 0) return Number(ms);
  const after = headerText(headers, 'retry-after');
  return after === undefined ? undefined : waitUntil(after, now);
}

/**
 * When the limit that ran out is restored. A limit with something left says nothing about the failure;
 * where nothing tells what is left, the latest reset is taken.
 */
function waitForReset(headers: WireHeaders, now: number): number | undefined {
  const limits = limitsIn(headers, now);
  const resets = (left: number | undefined): number[] =>
    limits.flatMap((limit) => (limit.left === left && limit.resetMs !== undefined && limit.resetMs > 0 ? limit.resetMs : []));
  const exhausted = resets(0);
  if (exhausted.length > 0) return Math.max(...exhausted);
  const after = headerText(headers, 'x-ratelimit-reset-after');
  if (after !== undefined) return waitUntil(after, now);
  const unknown = resets(undefined);
  return unknown.length === 0 || limits.some(({ left }) => left !== undefined) ? undefined : Math.max(...unknown);
}

function fromBody(body: unknown, now: number): number | undefined {
  const outer = fieldsOf(Array.isArray(body) ? body[0] : body);
  for (const fields of [fieldsOf(outer.error), fieldsOf(outer.detail), outer]) {
    const metadata = fieldsOf(fields.metadata);
    const waits = [
      googleDelay(fields.details),
      seconds(fields.retry_after),
      seconds(fields.retry_after_seconds),
      seconds(metadata.retry_after_seconds),
      seconds(fields.estimated_time),
      typeof fields.quota_reset_timestamp === 'string' ? waitUntil(fields.quota_reset_timestamp, now) : undefined,
      upstream(fieldsOf(metadata.headers), now),
    ];
    const found = waits.find((wait) => sensible(wait) !== undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Google: `details: [{ '@type': '…/google.rpc.RetryInfo', retryDelay: '39s' }]`. */
function googleDelay(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined;
  for (const detail of details.slice(0, 50)) {
    const { '@type': type, retryDelay } = fieldsOf(detail);
    if (typeof type === 'string' && type.endsWith('google.rpc.RetryInfo') && typeof retryDelay === 'string')
      return parseDuration(retryDelay);
  }
  return undefined;
}

/** OpenRouter hands on the headers of the provider behind it. */
function upstream(given: Fields, now: number): number | undefined {
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'string' || typeof value === 'number') headers[name.toLowerCase()] = String(value);
  }
  return fromHeaders(headers, now) ?? waitForReset(headers, now);
}

function seconds(value: unknown): number | undefined {
  if (typeof value === 'number') return value * 1000;
  return typeof value === 'string' ? parseDuration(value) : undefined;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
