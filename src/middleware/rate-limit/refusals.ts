import type { LLMError } from '../../errors/catalogue.ts';
import { formatDuration } from '../../errors/message.ts';
import { BudgetExceededError } from '../../errors/policy-errors.ts';
import { AbortError, TimeoutError } from '../../errors/wire-errors.ts';
import type { LimitName, Place } from './place.ts';

/** What is known of a lane when one of its calls is refused. */
export interface LaneFacts {
  readonly queued: number;
  readonly running: number;
  readonly limit: LimitName | undefined;
  /** Milliseconds until the head of the queue may go; `undefined` where nobody knows. */
  readonly readyIn: number | undefined;
}

const NAMES: { readonly [L in LimitName]: string } = {
  requests: 'requestsPerMinute',
  tokens: 'tokensPerMinute',
  concurrency: 'concurrency',
  provider: "the provider's own limit",
};

const nameOf = (limit: LimitName | undefined): string => (limit === undefined ? 'its limits' : NAMES[limit]);

function refused(code: string, message: string, { call: { target } }: Place, facts: LaneFacts): LLMError {
  const { queued, running, limit, readyIn } = facts;
  return new BudgetExceededError({
    message,
    code,
    provider: target.provider,
    model: target.model,
    retryAfterMs: readyIn,
    details: { queued, running, ...(limit === undefined ? {} : { limit }) },
  });
}

export function queueFull(place: Place, size: number, facts: LaneFacts): LLMError {
  const { queued, running, limit } = facts;
  const message =
    size === 0
      ? `rateLimit has no free place and no queue (${running} running, held up by ${nameOf(limit)})`
      : `the queue of rateLimit is full (${queued} waiting, ${running} running, held up by ${nameOf(limit)})`;
  return refused('queue_full', message, place, facts);
}

/**
 * The wait is longer than the call may wait.
 *
 * @param most `pace.maxWait` where that is exceeded; otherwise it is the deadline of the call, or the timeout of the queue.
 */
export function waitTooLong(place: Place, ms: number, most: number | undefined, facts: LaneFacts): LLMError {
  const { call, due } = place;
  const whose = most !== undefined ? 'pace.maxWait' : due === call.deadline ? 'the deadline of the call' : 'queue.timeout';
  const has = formatDuration(Math.max(0, most ?? due - call.clock.now()));
  const message = `the wait for ${nameOf(facts.limit)} is ${formatDuration(ms)}, ${whose} leaves ${has}`;
  return refused('queue_timeout', message, place, facts);
}

export function waitedTooLong(place: Place, facts: LaneFacts): LLMError {
  const waited = formatDuration(place.call.clock.now() - place.since);
  const message = `waited ${waited} in the queue of rateLimit (queue.timeout), held up by ${nameOf(facts.limit)}`;
  return refused('queue_timeout', message, place, facts);
}

export function tooLarge(place: Place, perMinute = 0): LLMError {
  const { prompt = 0, tokens, call } = place;
  const parts = tokens > prompt ? ` (${prompt} of the prompt, ${tokens - prompt} for the answer)` : '';
  return new BudgetExceededError({
    message: `the request needs about ${tokens} tokens${parts}, rateLimit allows ${perMinute} per minute`,
    code: 'over_limit',
    provider: call.target.provider,
    model: call.target.model,
    details: { limit: 'tokens', tokens, tokensPerMinute: perMinute },
  });
}

export function pastDeadline({ call, since }: Place): TimeoutError {
  const { provider, model } = call.target;
  const waited = formatDuration(call.clock.now() - since);
  const message = `the deadline of the call passed in the queue of rateLimit, after ${waited}`;
  return new TimeoutError({ message, phase: 'deadline', code: 'queue_timeout', provider, model });
}

export function abortedInQueue({ call }: Place): AbortError {
  const { provider, model } = call.target;
  return new AbortError({ message: 'in the queue of rateLimit', provider, model, cause: call.signal?.reason });
}

export function closedInQueue({ call }: Place): AbortError {
  const { provider, model } = call.target;
  const message = 'the rate limiter, or its client, was closed while the call was in its queue';
  return new AbortError({ message, provider, model, code: 'client_closed' });
}
