import type { Target } from '../contract/target.ts';
import { placeOf } from '../contract/target.ts';

/** The keys under which stores remember things about a target. */
export interface TargetKeys {
  /** The target itself asked to be left alone. */
  readonly cooldown: string;
  /** Its whole account has to be left alone, whatever the model: a provider id stands for one account. */
  readonly accountCooldown: string;
}

const known = new WeakMap<Target, TargetKeys>();

/** Made once for each target that a client has read. */
export function keysOf(target: Target): TargetKeys {
  let keys = known.get(target);
  if (keys === undefined) {
    const { provider, baseURL } = target;
    keys = {
      cooldown: `cooldown:${placeOf(target)}`,
      accountCooldown: `cooldown:${provider}${baseURL === '' ? '' : ` at ${baseURL}`}`,
    };
    known.set(target, keys);
  }
  return keys;
}
