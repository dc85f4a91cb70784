// loaded before a fake clock is moved, which does not wait for the test framework's own loading
import 'p-retry';
import '../../src/middleware/fallback/journey.ts';
import '../../src/middleware/fallback/resume.ts';
import { compose } from '../../src/client/pipeline.ts';
import type { Call, CallOptions, Operations, Target } from '../../src/contract/call.ts';
import type { ChatReply } from '../../src/contract/chat.ts';
import type { CallEvent } from '../../src/contract/events.ts';
import type { Middleware, Next } from '../../src/contract/middleware.ts';
import { ChunkStream } from '../../src/contract/stream.ts';
import type { Attempt } from '../../src/errors/attempt.ts';
import type { LLMError } from '../../src/errors/catalogue.ts';
import { errorOf } from '../../src/errors/catalogue.ts';
import type { ErrorKind } from '../../src/errors/kinds.ts';
// loaded at the first failure otherwise, which takes time that a clock of its own does not see
import '../../src/middleware/retry/repeat.ts';
import { memoryStore } from '../../src/state/memory-store.ts';
import type { FakeClock } from '../../src/testing/fake-clock.ts';
import { fakeClock } from '../../src/testing/fake-clock.ts';
import { callOf } from './call.ts';

/** A typed failure of a kind, as a provider's answer would become one. */
export function failure(kind: ErrorKind, facts: Readonly<Record<string, unknown>> = {}): LLMError {
  return errorOf(kind, { message: `scripted ${kind}`, ...facts });
}

/** One attempt: what it is answered with. `undefined`: a reply; a promise: when that has settled. */
export type Step = unknown | ((call: Call) => unknown);

const answeredBy = ({ target: { provider, model }, clock, trail }: Call): Attempt => ({
  provider,
  model,
  number: trail.attempts.length + 1,
  startedAt: clock.now(),
  durationMs: 0,
  waitedMs: 0,
  outcome: 'success',
});

export interface Attempted {
  readonly target: string;
  readonly at: number;
  readonly call: Call<'chat'>;
}

export interface Layered {
  readonly clock: FakeClock;
  readonly attempts: Attempted[];
  readonly events: CallEvent[];
  /** Moments of the attempts, from the first on. */
  readonly moments: () => number[];
  readonly targets: () => string[];
  readonly eventsOf: <T extends CallEvent['type']>(type: T) => Extract<CallEvent, { type: T }>[];
  run(options?: CallOptions, changes?: Changes): Promise<ChatReply>;
}

export type Changes = Partial<Omit<Call<'chat'>, 'options'>> & { readonly maxAttempts?: number };

/** The account of one call, as the client keeps it. */
interface RigTrail {
  readonly attempts: Attempt[];
  attemptsLeft: number;
  winner?: Target;
  /** What comes out when no attempt is left. */
  failure?: unknown;
}

export function targetOf(text: string): Target {
  const slash = text.indexOf('/');
  return { provider: text.slice(0, slash), model: text.slice(slash + 1), baseURL: '' };
}

export const replyOf = (model: string): ChatReply => ({
  id: 'chat-1',
  object: 'chat.completion',
  created: 0,
  model,
  choices: [{ index: 0, finish_reason: 'stop', logprobs: null, message: { role: 'assistant', content: 'Hello', refusal: null } }],
});

/** A stream whose first chunk is in hand, and whose end the test decides. */
export function openStream(): Operations['stream']['result'] {
  return new ChunkStream({ status: 200, headers: {}, pause() {}, resume() {}, cancel() {} }, []);
}

/**
 * The real layers around a wire that answers as scripted: steps in order for all targets, or a list for each target;
 * the last step stays. Errors are thrown, everything else is the result.
 */
export function layered(
  layers: readonly Middleware[],
  script: readonly Step[] | Readonly<Record<string, readonly Step[]>>,
): Layered {
  const clock = fakeClock();
  const attempts: Attempted[] = [];
  const events: CallEvent[] = [];
  const taken = new Map<string, number>();

  const stepFor = (target: string): Step => {
    const [steps, counter] = Array.isArray(script) ? [script, '*'] : [(script as Record<string, Step[]>)[target] ?? [], target];
    const at = taken.get(counter) ?? 0;
    taken.set(counter, at + 1);
    return steps[Math.min(at, steps.length - 1)];
  };

  const wire = (async (call: Call<'chat'>) => {
    const trail = call.trail as RigTrail;
    if (trail.attemptsLeft <= 0) throw trail.failure;
    trail.attemptsLeft--;
    const target = `${call.target.provider}/${call.target.model}`;
    attempts.push({ target, at: clock.now(), call });
    let step = stepFor(target);
    if (typeof step === 'function') step = await step(call);
    if (step instanceof Error || typeof step === 'string') {
      trail.failure = step;
      throw step;
    }
    trail.attempts.push(answeredBy(call));
    trail.winner = call.target;
    return step ?? replyOf(call.target.model);
  }) as Next;

  const pipeline = compose(layers, wire);
  const store = memoryStore();
  return {
    clock,
    attempts,
    events,
    moments: () => attempts.map(({ at }) => at - (attempts[0]?.at ?? 0)),
    targets: () => attempts.map(({ target }) => target),
    eventsOf: (type) => events.filter((event): event is never => event.type === type),
    run(options = {}, { maxAttempts = 8, ...changes } = {}) {
      const trail: RigTrail = { attempts: [], attemptsLeft: maxAttempts };
      const call = callOf(
        'chat',
        { messages: [{ role: 'user', content: 'Hi' }] },
        {
          provider: 'openai',
          model: 'gpt-5-mini',
          options,
          clock,
          trail,
          store,
          resolve: readTarget,
          report: (event) => events.push(event),
          ...(options.signal ? { signal: options.signal } : {}),
          ...changes,
        },
      );
      return pipeline(call);
    },
  };
}

/** One function for every call, as a client has it. */
function readTarget(model: string): Target {
  if (!/^(openai|anthropic|gemini|ollama|azure|openrouter)\/./.test(model)) {
    throw failure('configuration', { message: `unknown provider in "${model}"` });
  }
  return targetOf(model);
}

/** The rejection of a promise; fails when it is fulfilled. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}
