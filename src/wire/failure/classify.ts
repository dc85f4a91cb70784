import type { FailureRule, UnderstoodFailure, Verdict } from '../../contract/provider.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { byDecisiveCode, byLastCode, byTellingCode } from './codes.ts';
import { kindOfStatus } from './status.ts';
import { byWording } from './wording.ts';

/** What a failure means: the provider's own rules first, then codes and types, then wording, then the status. */
export function classify(failure: UnderstoodFailure, rules: readonly FailureRule[]): Verdict {
  for (const rule of rules) {
    const verdict = rule(failure);
    if (verdict !== undefined) return typeof verdict === 'string' ? { kind: verdict } : verdict;
  }
  return byEvidence(failure);
}

function byEvidence(failure: UnderstoodFailure): Verdict {
  const { codes, status } = failure;
  const byStatus = kindOfStatus(status);
  const decisive = byDecisiveCode(codes, status);
  if (decisive === 'parameter') return { kind: byStatus ?? 'bad_request' };
  if (decisive !== undefined) return decisive;
  if (byStatus !== undefined && (status === 401 || status === 402 || status === 403)) return { kind: byStatus };
  const worded = byWording(failure);
  if (worded !== undefined) return { kind: worded };
  const telling = byTellingCode(codes);
  if (telling !== undefined && !contradicts(telling.kind, status)) return telling;
  return byStatus === undefined ? (byLastCode(codes) ?? { kind: 'internal_server' }) : { kind: byStatus };
}

/** A timeout or an overload on the server's side keeps the status' own name, whatever the type repeats. */
const contradicts = (kind: ErrorKind, status: number | undefined): boolean =>
  status !== undefined && status >= 500 && kind !== 'rate_limit' && kind !== 'timeout' && kind !== 'service_unavailable';
