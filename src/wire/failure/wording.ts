import type { UnderstoodFailure } from '../../contract/provider.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import type { Phrase } from './phrases.ts';
import * as phrases from './phrases.ts';
import { isMarkup } from './plain-text.ts';

const MAX_TESTED = 4096;

const says = (list: readonly Phrase[], text: string): boolean => list.some(([pattern]) => pattern.test(text));

export const saysOverflow = (text: string): boolean =>
  (says(phrases.OVERFLOW, text) || (phrases.COMPARED.test(text) && !phrases.NOT_COMPARED.test(text))) &&
  !phrases.NOT_OVERFLOW.test(text);
export const saysPolicy = (text: string): boolean => says(phrases.POLICY, text) && !phrases.NOT_POLICY.test(text);
export const saysMoney = (text: string): boolean => says(phrases.MONEY, text) && !phrases.NOT_MONEY.test(text);

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
  const text = failure.message.slice(0, MAX_TESTED);
  if (text === '') return undefined;
  if (saysOverflow(text)) return 'context_window_exceeded';
  if (saysPolicy(text)) return 'content_policy_violation';
  if (saysMoney(text)) return 'insufficient_credits';
  if ((OPEN(status) || status === 422) && says(phrases.MISSING, text)) return 'not_found';
  if ((OPEN(status) || status === 404) && says(phrases.CLOSED, text)) return 'permission_denied';
  if (!OPEN(status)) return undefined;
  if (says(phrases.RATE, text)) return 'rate_limit';
  if (says(phrases.CREDENTIAL, text)) return 'authentication';
  if (says(phrases.UNAVAILABLE, text)) return 'service_unavailable';
  return says(phrases.SERVER_TIMEOUT, text) ? 'timeout' : undefined;
}
