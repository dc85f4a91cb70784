import type { WireHeaders } from '../contract/wire.ts';
import { parseDuration } from './duration.ts';

const EPOCH_SECONDS = 1e9;
const EPOCH_MS = 1e12;

/** The first value of a header. */
export function headerText(headers: WireHeaders, name: string): string | undefined {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' || typeof first === 'number' ? String(first).trim() : undefined;
}

/** Milliseconds from `now` to what a header says: a duration, seconds, an epoch in seconds or milliseconds, or a date. */
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

/**
 * When the limit that ran out is restored. A limit with something left says nothing about the failure;
 * where nothing tells what is left, the latest reset is taken.
 */
export function waitForReset(headers: WireHeaders, now: number): number | undefined {
  const exhausted: number[] = [];
  const unknown: number[] = [];
  let leftIsKnown = false;
  const consider = (reset: string | undefined, left: string | undefined): void => {
    if (left !== undefined) leftIsKnown = true;
    const wait = reset === undefined ? undefined : waitUntil(reset, now);
    if (wait === undefined || wait <= 0) return;
    if (left === undefined) unknown.push(wait);
    else if (Number(left) === 0) exhausted.push(wait);
  };
  for (const name of Object.keys(headers)) {
    const [, stem, word, kind = ''] =
      /^((?:x-)?ratelimit(?:bysize)?|anthropic-ratelimit-.+)-(reset|remaining)(-.+)?$/.exec(name) ?? [];
    if (stem === undefined || kind === '-after') continue;
    const left = headerText(headers, `${stem}-remaining${kind}`);
    if (word === 'remaining') leftIsKnown = true;
    else if (left !== undefined || !stem.startsWith('anthropic')) consider(headerText(headers, name), left);
  }
  for (const item of (headerText(headers, 'ratelimit') ?? '').split(',')) {
    consider(/;\s*t=(\d+)/.exec(item)?.[1], /;\s*r=(\d+)/.exec(item)?.[1]);
  }
  if (exhausted.length > 0) return Math.max(...exhausted);
  const after = headerText(headers, 'x-ratelimit-reset-after');
  if (after !== undefined) return waitUntil(after, now);
  return leftIsKnown || unknown.length === 0 ? undefined : Math.max(...unknown);
}
