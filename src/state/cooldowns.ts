import type { Call } from '../contract/call.ts';
import { asksModel } from '../contract/call.ts';
import type { CooldownStore, MaybePromise } from '../contract/store.ts';
import { keysOf } from './target-keys.ts';

/**
 * Milliseconds for which the target of a call is still to be left alone, by itself or with its whole account; 0 when it is free. What
 * asks no model costs nothing that could run out.
 */
export function coolingLeft(call: Call, cooldowns: CooldownStore): MaybePromise<number> {
  if (!asksModel(call.operation)) return 0;
  const { cooldown, accountCooldown } = keysOf(call.target);
  const own = cooldowns.left(cooldown, call);
  const account = cooldowns.left(accountCooldown, call);
  if (own instanceof Promise || account instanceof Promise) return longest(own, account);
  return Math.max(own, account);
}

async function longest(...left: MaybePromise<number>[]): Promise<number> {
  return Math.max(...(await Promise.all(left)));
}
