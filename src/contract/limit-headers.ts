import { waitUntil } from '../time/duration.ts';
import type { WireHeaders } from './headers.ts';
import { headerText } from './headers.ts';

/** One limit of a provider, as the headers of an answer tell it. What they do not tell is absent. */
export interface ToldLimit {
  readonly of: 'requests' | 'tokens' | 'other';
  /** How much there is when nothing is used. */
  readonly limit?: number | undefined;
  /** How much is left; `NaN` where the header is no number. */
  readonly left?: number | undefined;
  /** Milliseconds until it is restored; not above 0 where that has passed. */
  readonly resetMs?: number | undefined;
}

const NAME = /^((?:x-)?ratelimit(?:bysize)?|anthropic-ratelimit-.+)-(reset|remaining)(-.+)?$/;

/**
 * The limits in the headers of an answer: `x-ratelimit-remaining-requests` and its like (OpenAI, Azure, Groq, Mistral, Cerebras …),
 * `anthropic-ratelimit-tokens-remaining`, `ratelimit-remaining`, and `ratelimit` of the IETF drafts.
 *
 * @param now Milliseconds since the epoch, by the provider's clock where it tells one.
 */
export function limitsIn(headers: WireHeaders, now: number): ToldLimit[] {
  const limits: ToldLimit[] = [];
  for (const name of Object.keys(headers)) {
    if (!name.includes('ratelimit')) continue;
    if (name === 'ratelimit') limits.push(...inOneHeader(headerText(headers, name) ?? ''));
    const [, stem, word, kind = ''] = NAME.exec(name) ?? [];
    if (stem === undefined || kind === '-after') continue;
    const left = headerText(headers, `${stem}-remaining${kind}`);
    const reset = headerText(headers, `${stem}-reset${kind}`);
    // told once, under its reset where it has one; a reset of Anthropic's without a rest is that of a plan, not of a limit
    if (word === 'remaining' ? reset !== undefined : left === undefined && stem.startsWith('anthropic')) continue;
    const limit = headerText(headers, `${stem}-limit${kind}`);
    limits.push({
      of: subjectOf(stem, kind),
      ...(limit === undefined ? {} : { limit: Number(limit) }),
      ...(left === undefined ? {} : { left: Number(left) }),
      ...(reset === undefined ? {} : { resetMs: waitUntil(reset, now) }),
    });
  }
  return limits;
}

/** `"default";r=50;t=30`: what is left, and seconds until it is restored. */
function inOneHeader(text: string): ToldLimit[] {
  return text.split(',').flatMap((item) => {
    const left = /;\s*r=(\d+)/.exec(item)?.[1];
    const reset = /;\s*t=(\d+)/.exec(item)?.[1];
    if (left === undefined && reset === undefined) return [];
    return {
      of: 'requests' as const,
      ...(left === undefined ? {} : { left: Number(left) }),
      ...(reset === undefined ? {} : { resetMs: Number(reset) * 1000 }),
    };
  });
}

function subjectOf(stem: string, kind: string): ToldLimit['of'] {
  if (/token/.test(stem + kind)) return 'tokens';
  return /^(x-)?ratelimit$/.test(stem + kind) || /req/.test(stem + kind) ? 'requests' : 'other';
}
