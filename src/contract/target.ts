import type { TargetPool } from './pool.ts';

/** Whom a call is addressed to. */
export interface Target {
  /** Provider id, aliases resolved: `gemini`, never `google`. */
  readonly provider: string;
  /** What the provider calls the model: everything after the first `/`. */
  readonly model: string;
  /** The base URL from the settings, `''` for the provider's default. */
  readonly baseURL: string;
  /** The built-in provider behind a `providerInstance` with a name of its own. */
  readonly base?: string | undefined;
  /** Not one target but several, of which the `fallback` layer takes one; nothing else can be sent to it. */
  readonly pool?: TargetPool | undefined;
  /** What the pool was asked for as, where this target is a member of one: `fast/gpt-5-mini`. */
  readonly memberOf?: string | undefined;
}

/** The target with its address, where that is not the provider's default: what layers keep apart. */
export function placeOf({ provider, model, baseURL }: Target): string {
  return baseURL === '' ? `${provider}/${model}` : `${provider}/${model} at ${baseURL}`;
}

/** Whether another target has answered than the one that was asked for; a member of a pool that was asked for is none. */
export function isAnother(winner: Target, { provider, model, pool }: Target): boolean {
  if (pool !== undefined) return winner.memberOf !== (model === '' ? provider : `${provider}/${model}`);
  return provider !== winner.provider || model !== winner.model;
}
