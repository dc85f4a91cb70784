import type { Call } from '../../contract/call.ts';
import { asksModel } from '../../contract/call.ts';
import type { CooldownStore } from '../../contract/store.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { KINDS } from '../../errors/kinds.ts';
import { CircuitOpenError } from '../../errors/policy-errors.ts';
import { keysOf } from '../../state/target-keys.ts';
import type { RetryPolicy } from './policy.ts';

type Reasons = RetryPolicy['reasons'];

/** A provider that asks for more is asked again by then. */
const LONGEST_COOLDOWN = 900_000;
const MOST_REASONS = 1_000;

/** Failures that tell of the target. What a single request has done wrong says nothing about the next one. */
const COOLS: ReadonlySet<ErrorKind> = new Set([
  'rate_limit',
  'insufficient_credits',
  'internal_server',
  'service_unavailable',
  'out_of_memory',
  'timeout',
]);

/** Leaves the target alone for as long as the failure asks. Money is spent for all models of an account, a rate for one. */
export async function cool(error: LLMError, call: Call, cooldowns: CooldownStore, reasons: Reasons): Promise<void> {
  const { target, operation } = call;
  if (error.retryAfterMs === undefined || !COOLS.has(error.kind) || !asksModel(operation) || !concerns(error, call)) return;
  const ms = Math.min(error.retryAfterMs, LONGEST_COOLDOWN);
  const { cooldown, accountCooldown } = keysOf(target);
  const key = error.kind === 'insufficient_credits' ? accountCooldown : cooldown;
  const left = cooldowns.left(key, call);
  const running = left instanceof Promise ? await left : left;
  const started = cooldowns.start(key, ms, call);
  if (started instanceof Promise) await started;
  if (reasons.size >= MOST_REASONS) reasons.clear();
  const what = `${error.status === undefined ? '' : `${error.status} `}${KINDS[error.kind].label}`;
  reasons.set(key, { what, until: call.clock.now() + ms });
  if (running <= 0) call.report({ type: 'cooldown', target, ms, error });
}

/** Tells that a target was not asked. */
export function refuse(call: Call, leftMs: number, reasons: Reasons): CircuitOpenError {
  const { target, clock } = call;
  const { cooldown, accountCooldown } = keysOf(target);
  const now = clock.now();
  const reason = [accountCooldown, cooldown]
    .map((key) => reasons.get(key))
    .find((known) => known !== undefined && known.until > now);
  const error = new CircuitOpenError({
    message: `cooling down${reason === undefined ? '' : ` after "${reason.what}"`}: the provider asked to be left alone`,
    provider: target.provider,
    model: target.model,
    code: 'cooling_down',
    retryAfterMs: Math.ceil(leftMs),
  });
  call.report({ type: 'skipped', target, reason: 'cooling', error });
  return error;
}

/** A layer between may have asked another target: its failure is not this one's. */
function concerns({ provider, model }: LLMError, { target }: Call): boolean {
  return (provider === '' || provider === target.provider) && (model === '' || model === target.model);
}
