import type { Attempt } from './attempt.ts';
import type { ErrorKind } from './kinds.ts';
import { KINDS } from './kinds.ts';

/** The facts that a message is made of. */
export interface MessageFacts {
  readonly kind: ErrorKind;
  readonly provider: string;
  readonly model: string;
  readonly status?: number | undefined;
  /** The provider's own words, already bounded and redacted. */
  readonly reason: string;
  readonly retryAfterMs?: number | undefined;
  readonly requestID?: string | null | undefined;
  readonly attempts: readonly Attempt[];
}

const LABEL_BY_STATUS: Readonly<Record<number, string>> = { 502: 'bad gateway', 529: 'overloaded' };

/** `4.1 s`, `250 ms`, `2 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${Number((ms / 1000).toFixed(1))} s`;
  if (ms < 7_200_000) return `${Number((ms / 60_000).toFixed(1))} min`;
  return `${Number((ms / 3_600_000).toFixed(1))} h`;
}

function labelOf(kind: ErrorKind, status: number | undefined): string {
  const special = kind === 'service_unavailable' && status !== undefined ? LABEL_BY_STATUS[status] : undefined;
  return special ?? KINDS[kind].label;
}

/** A text that is one line in a log, and no command to a terminal: names of models come from anywhere. */
export const printable = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]/gu, ' ');

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').replace(/(?<![.\s])[.\s]+$/, '');
const letters = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '');

function headline(kind: ErrorKind, status: number | undefined, reason: string, retryAfterMs: number | undefined): string {
  const label = labelOf(kind, status);
  const saysMore = reason !== '' && letters(reason) !== letters(label);
  const words = saysMore ? `${label}: ${oneLine(reason)}` : label;
  const wait = retryAfterMs === undefined ? '' : `, retry after ${formatDuration(retryAfterMs)}`;
  return `${status === undefined ? '' : `${status} `}${words}${wait}`;
}

function history(facts: MessageFacts): string {
  const { attempts, provider, model } = facts;
  const own = attempts.filter((a) => a.provider === provider && a.model === model && a.outcome !== 'circuit_open');
  const others = new Map<string, Attempt>();
  for (const attempt of attempts) {
    const target = `${attempt.provider}/${attempt.model}`;
    if (target !== `${provider}/${model}`) others.set(target, attempt);
  }
  const parts: string[] = [];
  const first = own[0];
  const last = own.at(-1);
  if (own.length > 1 && first !== undefined && last !== undefined) {
    parts.push(`${own.length} attempts over ${formatDuration(last.startedAt + last.durationMs - first.startedAt)}`);
  }
  if (others.size > 0) {
    const tried = [...others].map(([target, a]) => `${target}: ${outcomeOf(a)}`);
    parts.push(`also tried ${tried.join(', ')}`);
  }
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

function outcomeOf(attempt: Attempt): string {
  if (attempt.outcome === 'success') return 'answered, then broke off';
  return headline(attempt.outcome, attempt.status, '', attempt.retryAfterMs);
}

/**
 * One line: what failed, where, what was tried, and the id to quote to the provider.
 * `anthropic/claude-sonnet-4-5: 529 overloaded (3 attempts over 4.1 s; also tried …) [req_011…]`
 */
export function formatMessage(facts: MessageFacts): string {
  const target = [facts.provider, facts.model].filter((part) => part !== '').join('/');
  const id = facts.requestID ? ` [${facts.requestID}]` : '';
  const head = headline(facts.kind, facts.status, facts.reason, facts.retryAfterMs);
  return printable(`${target === '' ? '' : `${target}: `}${head}${history(facts)}${id}`);
}
