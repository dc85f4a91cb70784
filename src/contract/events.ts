import type { Attempt } from '../errors/attempt.ts';
import type { LLMError } from '../errors/catalogue.ts';
import type { Target } from './target.ts';
import type { Usage } from './usage.ts';

/** What layers and the engine report while a call runs. */
export type CallEvent =
  | { readonly type: 'call-started'; readonly operation: string; readonly target: Target }
  | { readonly type: 'attempt-started'; readonly target: Target; readonly number: number }
  /** For a stream: when it has ended, not when it was opened. */
  | { readonly type: 'attempt-ended'; readonly target: Target; readonly attempt: Attempt }
  /** A wait before the next attempt at the same target. */
  | {
      readonly type: 'waiting';
      readonly target: Target;
      readonly ms: number;
      readonly reason: 'backoff' | 'retry-after';
      readonly error: LLMError;
    }
  /** A target was not asked at all. */
  | {
      readonly type: 'skipped';
      readonly target: Target;
      readonly reason: 'circuit_open' | 'configuration' | 'unsupported' | 'too_small' | 'attempts';
      readonly error?: LLMError;
    }
  | { readonly type: 'fallback'; readonly from: Target; readonly to: Target; readonly error: LLMError }
  /** The first content of a stream is in hand: from here on nothing is repeated. */
  | { readonly type: 'stream-committed'; readonly target: Target; readonly firstTokenMs: number }
  | {
      readonly type: 'breaker-changed';
      readonly key: string;
      readonly target: Target;
      readonly from: BreakerState;
      readonly to: BreakerState;
      readonly openForMs?: number;
    }
  /** The token bucket of the resilience layers is empty: no retry. */
  | { readonly type: 'budget-empty'; readonly target: Target }
  | { readonly type: 'deadline'; readonly target: Target; readonly elapsedMs: number }
  /** Something was changed or left out on the way; collected in `route.warnings`. */
  | { readonly type: 'warning'; readonly target: Target; readonly message: string }
  | {
      readonly type: 'call-ended';
      readonly target: Target;
      readonly durationMs: number;
      readonly outcome: Attempt['outcome'];
      readonly attempts: readonly Attempt[];
      readonly usage?: Usage;
      readonly error?: LLMError;
    };

export type BreakerState = 'closed' | 'open' | 'half-open';

/** The call that an event belongs to. No prompts, no keys. */
export interface CallIdentity {
  readonly correlationId: string;
  readonly operation: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** An event as listeners of `client.on` get it. */
export type ClientEvent = CallEvent & { readonly call: CallIdentity };
export type ClientEventName = CallEvent['type'];
export type ClientEventOf<N extends ClientEventName> = Extract<ClientEvent, { readonly type: N }>;
export type ClientEventListeners = { readonly [N in ClientEventName]?: (event: ClientEventOf<N>) => void };
