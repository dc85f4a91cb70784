import type { FailureRule, Verdict } from '../../contract/provider.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { squash } from './codes.ts';

/** A provider's codes and types, each with its meaning. Asked before the shared tables; the most specific code wins. */
export function codeRule(rows: { readonly [K in ErrorKind]?: string }): FailureRule {
  const table = new Map<string, ErrorKind>();
  for (const [kind, codes] of Object.entries(rows)) {
    for (const code of codes.trim().split(/\s+/)) table.set(squash(code), kind as ErrorKind);
  }
  return ({ codes }) => {
    const known = codes.find((code) => table.has(squash(code)));
    return known === undefined ? undefined : table.get(squash(known));
  };
}

/** A wording of one provider, at certain statuses where it would be too wide elsewhere. */
export function textRule(pattern: RegExp, verdict: Verdict | ErrorKind, ...statuses: readonly number[]): FailureRule {
  return ({ message, status }) => {
    if (statuses.length > 0 && (status === undefined || !statuses.includes(status))) return undefined;
    return pattern.test(message.slice(0, 4096)) ? verdict : undefined;
  };
}

/** What a status means at one provider, when neither code nor text settle it before. */
export function statusRule(status: number, verdict: Verdict | ErrorKind): FailureRule {
  return (failure) => (failure.status === status ? verdict : undefined);
}
