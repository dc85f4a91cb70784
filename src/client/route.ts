import type { OperationName } from '../contract/call.ts';
import { asksModel } from '../contract/call.ts';
import type { Usage } from '../contract/usage.ts';
import type { Attempt } from '../errors/attempt.ts';

/** How a result came about. On every result and on every `Stream`, not enumerable. */
export interface Route {
  /** The provider that answered; of a resumed stream the one that went on last. */
  readonly provider: string;
  /** The model that answered, without the provider prefix. */
  readonly model: string;
  /** Every attempt over all targets, in order. A stream that breaks later corrects its own entry. */
  readonly attempts: readonly Attempt[];
  /** What was changed or left out on the way: dropped parameters, skipped targets. */
  readonly warnings: readonly string[];
  readonly correlationId: string;
  /** Another target than the one that was asked for has answered. */
  readonly fallback: boolean;
  /** The seams of a stream that broke and was gone on with, in order. */
  readonly resumed?: readonly ResumedAt[];
  /** Token counts; for a stream from its end on, whether `include_usage` was asked for or not. */
  readonly usage?: Usage;
  /** `true` where the answer came from the cache or from an identical call under way: this call made no attempt for it. */
  readonly cached?: true;
  /**
   * US dollars for all attempts, failed ones and hedges included, by the model catalogue; absent where no price is known. For a
   * stream from its end on.
   */
  readonly costUSD?: number;
}

/** Where a stream that broke was gone on with. */
export interface ResumedAt {
  /** `provider/model` whose stream broke. */
  readonly from: string;
  /** `provider/model` that went on with it. */
  readonly to: string;
  /** How many characters had been written. */
  readonly characters: number;
  /** How many that were repeated the reader did not get. */
  readonly overlap: number;
}

/** A result with its {@link Route}. */
export type Routed<T> = T & { readonly route: Route };

/** Adds `route`, and openai's `_request_id` where the result is a whole one. Neither is enumerable. */
export function addRoute(result: object, route: Route, requestId?: string | null): void {
  Object.defineProperty(result, 'route', { value: route, enumerable: false, configurable: true, writable: true });
  if (requestId === undefined) return;
  Object.defineProperty(result, '_request_id', { value: requestId, enumerable: false, configurable: true, writable: true });
}

/**
 * The result with its route; a copy of it where it cannot take one, or has the one of another call: a layer of the user's own may
 * give one object to many.
 */
export function withRoute<T extends object>(result: T, route: Route, requestId: string | null): T {
  const own = Object.isExtensible(result) && !Object.hasOwn(result, 'route') ? result : { ...result };
  addRoute(own, route, requestId);
  return own;
}

/** Carries both over to an object made from a result. */
export function copyRoute(from: unknown, to: unknown): void {
  if (typeof from !== 'object' || from === null || typeof to !== 'object' || to === null || from === to) return;
  const { route, _request_id } = from as { route?: Route; _request_id?: string | null };
  if (route !== undefined) addRoute(to, route, _request_id);
}

/** Token counts of an answer. A batch has sums of its own. */
export function usageOf(operation: OperationName, result: unknown): Usage | undefined {
  if (!asksModel(operation)) return undefined;
  const usage = (result as { readonly usage?: Usage | null } | null)?.usage;
  return usage ?? undefined;
}
