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
  /** A wait in the queue of `rateLimit`, told when it is over. `limit`: what was full. */
  | {
      readonly type: 'waiting';
      readonly target: Target;
      readonly ms: number;
      readonly reason: 'queue';
      readonly limit: 'requests' | 'tokens' | 'concurrency' | 'provider';
    }
  /** A target was not asked at all. */
  | {
      readonly type: 'skipped';
      readonly target: Target;
      readonly reason:
        | 'circuit_open'
        | 'cooling'
        | 'configuration'
        | 'unsupported'
        | 'too_small'
        | 'attempts'
        | 'budget'
        | 'limit';
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
  /** The token bucket of the resilience layers is empty: no retry, no hedge. */
  | { readonly type: 'budget-empty'; readonly target: Target }
  /** The provider asked to be left alone for longer than a call waits: the target is skipped for so long. */
  | { readonly type: 'cooldown'; readonly target: Target; readonly ms: number; readonly error: LLMError }
  /** A second request for the same answer: sent, and later whether it or the first one won. */
  | { readonly type: 'hedge'; readonly target: Target; readonly outcome: 'started' | 'won' | 'lost'; readonly afterMs: number }
  /** A broken stream goes on at another target, after so many characters. `overlap`: how many that it repeated were taken out. */
  | {
      readonly type: 'resumed';
      readonly from: Target;
      readonly to: Target;
      readonly characters: number;
      readonly overlap: number;
      readonly error: LLMError;
    }
  /** The answer came from the cache, or from an identical call under way. */
  | { readonly type: 'cache-hit'; readonly target: Target; readonly source: 'cache' | 'coalesced' }
  /** Shared state is out of reach: this process goes on with its own. And later: it is shared again. */
  | { readonly type: 'store-degraded'; readonly store: string; readonly reason: string }
  | { readonly type: 'store-restored'; readonly store: string }
  | { readonly type: 'deadline'; readonly target: Target; readonly elapsedMs: number }
  /** Something was changed or left out on the way; collected in `route.warnings`. */
  | { readonly type: 'warning'; readonly target: Target; readonly message: string }
  /** The last word of a call. Only what layers find out of targets and stores, and ends of attempts that outlive it, may come later. */
  | {
      readonly type: 'call-ended';
      readonly target: Target;
      readonly durationMs: number;
      readonly outcome: Attempt['outcome'];
      readonly attempts: readonly Attempt[];
      readonly usage?: Usage;
      /** US dollars for all attempts; absent where no price is known. */
      readonly costUSD?: number;
      readonly error?: LLMError;
    };

/** Where a circuit stands: calls pass, none passes, one at a time passes as a trial. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** The call that an event belongs to. No prompts, no keys. */
export interface CallIdentity {
  readonly correlationId: string;
  readonly operation: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** An event as listeners of `client.on` get it. */
export type ClientEvent = CallEvent & { readonly call: CallIdentity };
/** The names that `client.on` takes. */
export type ClientEventName = CallEvent['type'];
/** The event of a name. */
export type ClientEventOf<N extends ClientEventName> = Extract<ClientEvent, { readonly type: N }>;
/** Listeners by event name, for the option `on` of a client. */
export type ClientEventListeners = { readonly [N in ClientEventName]?: (event: ClientEventOf<N>) => void };
