import type { UnderstoodFailure } from '../../contract/provider.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { at, isFields, textAt } from './fields.ts';
import { overflowNumbers } from './overflow-numbers.ts';
import { rateNumbers } from './rate-window.ts';

const MAX_DEPTH = 4;
const MAX_MEMBERS = 24;
const FILTER_FIELDS = ['content_filter_result', 'content_filter_results', 'content_filter'] as const;

/** The facts of a failure that only its kind has: a filter's verdicts, the numbers of an overflow or of a rate limit. */
export function detailsOf(kind: ErrorKind, failure: UnderstoodFailure): Record<string, unknown> {
  const { body, message } = failure;
  const details: Record<string, unknown> = {};
  if (kind === 'content_policy_violation') put(details, 'filter', filterVerdicts(failure));
  if (kind === 'context_window_exceeded') Object.assign(details, serverCounts(body) ?? overflowNumbers(message));
  if (kind === 'rate_limit') put(details, 'rateLimit', rateNumbers(message));
  put(details, 'failed_generation', textAt(body, 'failed_generation'));
  put(details, 'upstream', textAt(body, 'metadata', 'provider_name'));
  return details;
}

function put(into: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined) into[name] = value;
}

function serverCounts(body: unknown): object | undefined {
  const promptTokens = at(body, 'n_prompt_tokens');
  const maxTokens = at(body, 'n_ctx');
  return typeof promptTokens === 'number' && typeof maxTokens === 'number' ? { promptTokens, maxTokens } : undefined;
}

function filterVerdicts({ body, json }: UnderstoodFailure): unknown {
  for (const inner of [at(body, 'innererror'), at(body, 'inner_error'), body, json]) {
    for (const name of FILTER_FIELDS) {
      const verdicts = at(inner, name);
      if (isFields(verdicts)) return verdicts;
    }
  }
  return at(json, 'promptFeedback', 'safetyRatings') ?? at(body, 'metadata', 'reasons');
}

/** A copy of limited depth and size, every text of which went through `show`. */
export function bounded(value: unknown, show: (text: string) => string, depth = 0): unknown {
  if (typeof value === 'string') return show(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (depth >= MAX_DEPTH) return undefined;
  if (Array.isArray(value)) return value.slice(0, MAX_MEMBERS).map((member) => bounded(member, show, depth + 1));
  if (!isFields(value)) return undefined;
  const copy: [string, unknown][] = [];
  for (const name of Object.keys(value).slice(0, MAX_MEMBERS)) {
    const member = bounded(value[name], show, depth + 1);
    if (member !== undefined && name !== '__proto__') copy.push([show(name), member]);
  }
  return Object.fromEntries(copy);
}
