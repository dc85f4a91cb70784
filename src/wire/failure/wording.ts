import type { UnderstoodFailure } from '../../contract/provider.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { claimedIn } from './claims.ts';
import type { Phrase } from './phrases.ts';
import * as phrases from './phrases.ts';
import { isMarkup } from './plain-text.ts';

const MAX_TESTED = 4096;

/** What is tested: the beginning, in one line. */
const lineOf = (text: string): string => text.slice(0, MAX_TESTED).replace(/\s+/g, ' ');

const says = (list: readonly Phrase[], line: string): boolean => list.some(([pattern]) => pattern.test(line));

const overflows = (line: string): boolean =>
  (says(phrases.OVERFLOW, line) || (phrases.COMPARED.test(line) && !phrases.NOT_COMPARED.test(line))) &&
  !phrases.NOT_OVERFLOW.test(line);
const costs = (line: string): boolean => says(phrases.MONEY, line) && !phrases.NOT_MONEY.test(line);

export const saysOverflow = (text: string): boolean => overflows(lineOf(text));
export const saysMoney = (text: string): boolean => costs(lineOf(text));

/** Statuses that leave open what is meant: the text may say. */
const OPEN = (status: number | undefined): boolean =>
  status === undefined || (status >= 400 && status < 500 && ![401, 402, 403, 404, 408, 409, 410, 422, 429].includes(status));

/**
 * What the text alone says. Overflow, policy and money count at every status but 401, 402 and 403 (some hosts send an
 * overflow as 500 or 502); everything else only where the status says little.
 */
export function byWording(failure: UnderstoodFailure): ErrorKind | undefined {
  const { status } = failure;
  if (status === 401 || status === 402 || status === 403 || isMarkup(failure.text)) return undefined;
  const line = lineOf(failure.message);
  if (line === '') return undefined;
  if (overflows(line)) return 'context_window_exceeded';
  if (says(phrases.POLICY, line) && !phrases.NOT_POLICY.test(line)) return 'content_policy_violation';
  if (costs(line)) return 'insufficient_credits';
  if ((OPEN(status) || status === 422) && says(phrases.MISSING, line)) return 'not_found';
  if ((OPEN(status) || status === 404) && says(phrases.CLOSED, line)) return 'permission_denied';
  const known = OPEN(status) ? openWording(line) : undefined;
  return known ?? claimedIn(line, (kind) => countsAt(kind, status) && !EXCEPTIONS[kind]?.test(line));
}

function openWording(line: string): ErrorKind | undefined {
  if (says(phrases.RATE, line)) return 'rate_limit';
  if (says(phrases.CREDENTIAL, line)) return 'authentication';
  if (says(phrases.UNAVAILABLE, line)) return 'service_unavailable';
  return says(phrases.SERVER_TIMEOUT, line) ? 'timeout' : undefined;
}

const EXCEPTIONS: { readonly [K in ErrorKind]?: RegExp } = {
  context_window_exceeded: phrases.NOT_OVERFLOW,
  content_policy_violation: phrases.NOT_POLICY,
  insufficient_credits: phrases.NOT_MONEY,
};

/** Where a claim in free words may be heard. */
function countsAt(kind: ErrorKind, status: number | undefined): boolean {
  if (OPEN(status)) return true;
  if (status === 422) return kind === 'context_window_exceeded' || kind === 'content_policy_violation' || kind === 'not_found';
  return status === 429 && kind === 'insufficient_credits';
}
