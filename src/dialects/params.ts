import type { Call } from '../contract/call.ts';
import { UnsupportedParamsError } from '../errors/provider-errors.ts';

/** Adds a line to `route.warnings`. */
export function warn(call: Call, message: string): void {
  call.report({ type: 'warning', target: call.target, message });
}

/** A parameter that cannot change the answer and that the provider lacks: left out, and said so. */
export function dropHint(call: Call, param: string): void {
  warn(call, `${call.target.provider} has no "${param}"; sent without it`);
}

/**
 * A parameter that the provider lacks and that would change the answer.
 * Returns when the caller allowed to drop it.
 *
 * @throws UnsupportedParamsError naming parameter and provider, unless `unsupportedParams: 'drop'`.
 */
export function unsupported(call: Call, param: string, advice = ''): void {
  if (call.options.unsupportedParams === 'drop') {
    dropHint(call, param);
    return;
  }
  const named = /\s/.test(param) ? param : `"${param}"`;
  throw new UnsupportedParamsError({
    message: `${named} is not supported${advice === '' ? '' : `; ${advice}`}. Leave it out, or set unsupportedParams: 'drop'`,
    provider: call.target.provider,
    model: call.target.model,
    status: 400,
    param,
  });
}

/** A message of a role that the dialect has no place for: `function`, or one that nobody knows. */
export function foreignRole(call: Call, role: string): void {
  unsupported(call, `the role "${role}"`, 'known are "system", "developer", "user", "assistant" and "tool"');
}

/** Parameters that cannot change the answer (API contract, "Operations"). */
export const HINTS: ReadonlySet<string> = new Set([
  'user',
  'metadata',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
]);

/**
 * Applies the rule for parameters to a whole request: those in `known` are the encoder's business,
 * hints are dropped with a warning, everything else that is set is unsupported.
 */
export function refuseUnknown(call: Call, request: object, known: ReadonlySet<string>): void {
  for (const [param, value] of Object.entries(request)) {
    if (value === undefined || value === null || known.has(param)) continue;
    if (HINTS.has(param)) dropHint(call, param);
    else unsupported(call, param);
  }
}
