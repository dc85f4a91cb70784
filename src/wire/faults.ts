import type { Call } from '../contract/call.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { errorOf } from '../errors/catalogue.ts';
import type { TimeoutPhase } from '../errors/kinds.ts';
import { formatDuration } from '../errors/message.ts';
import { AbortError, TimeoutError } from '../errors/wire-errors.ts';

/** An answer that broke off, or held nothing. */
export function brokenAnswer(message: string, call: Call): LLMError {
  return errorOf('connection', { message, provider: call.target.provider, model: call.target.model });
}

/** The caller's own signal ended the call. */
export function abortFailure(call: Call): AbortError {
  return new AbortError({
    message: 'the signal given to the call was aborted',
    provider: call.target.provider,
    model: call.target.model,
    cause: call.signal?.reason,
  });
}

/** Whether a stream ends silently: only where its caller has left it, not where a layer with a signal of its own has cut it off. */
export function isLeft({ kind }: LLMError, { signal, trail }: Call): boolean {
  return kind === 'aborted' && signal?.aborted === true && trail.signal?.aborted === true;
}

/** The client was closed under a running call. */
export function closedFailure(call: Call): AbortError {
  const { provider, model } = call.target;
  return new AbortError({ message: 'the client was closed while the call was running', provider, model, code: 'client_closed' });
}

const PHASE_WORDS: { readonly [P in TimeoutPhase]: (limit: string) => string } = {
  connect: (limit) => `no connection within ${limit}`,
  first_token: (limit) => `no first token within ${limit}`,
  idle: (limit) => `the stream was silent for ${limit}`,
  attempt: (limit) => `the attempt took longer than ${limit}`,
  deadline: (spent) => `the deadline of the call passed, ${spent} after this attempt began`,
  server: () => 'the provider timed out',
};

/** One of our own limits ran out. `limitMs` is the limit, for `deadline` the time since the attempt began. */
export function timeoutFailure(phase: TimeoutPhase, limitMs: number, call: Call): TimeoutError {
  return new TimeoutError({
    message: PHASE_WORDS[phase](formatDuration(limitMs)),
    provider: call.target.provider,
    model: call.target.model,
    phase,
    details: { limitMs },
  });
}
