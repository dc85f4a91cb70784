import type { LLMError } from '../errors/catalogue.ts';
import type { Clock } from '../time/clock.ts';

/** Fallback target with changes to the request that hold for it alone. */
export interface FallbackTarget {
  /** `provider/model`. */
  readonly model: string;
  /** Parameters that replace those of the request. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Merged over the request's `providerOptions`, provider by provider. */
  readonly providerOptions?: Readonly<Record<string, object | undefined>>;
}

/** One of the targets of a pool. */
export interface PoolMember extends Omit<FallbackTarget, 'model'> {
  /** `provider/model`, or a provider alone: it is asked for the model that the call names. */
  readonly model: string;
  /** Its share beside the others. Default 1. */
  readonly weight?: number;
}

/** The call that a member is chosen for. */
export interface PoolAsk {
  /** Model that the call names, `''` where it names none. */
  readonly model: string;
  readonly operation: string;
  readonly clock: Clock;
}

/** One attempt of a member, as the pool counts it. Must be ended on every way out. */
export interface PoolTurn {
  /** The first content or the whole reply is there. */
  answered(): void;
  /** The attempt is over; `error` is what it failed with. */
  ended(error?: LLMError): void;
}

/**
 * Several targets under one name, as `pool()` makes them. It stands wherever a target stands; the `fallback` layer asks it for the
 * best member and tells it how that went.
 */
export interface TargetPool {
  readonly members: readonly PoolMember[];
  /** The best of some members, by their position; `among` is never empty. */
  choose(among: readonly number[], ask: PoolAsk): number;
  begin(member: number, ask: PoolAsk): PoolTurn;
}

export function isPool(value: unknown): value is TargetPool {
  return typeof (value as TargetPool | undefined)?.choose === 'function';
}
