import type { Call } from '../../contract/call.ts';
import type { Wire, WireMessage } from '../../contract/wire.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import type { Pace } from '../../wire/polling.ts';
import { NotYet, poll } from '../../wire/polling.ts';
import type { Steps } from '../../wire/steps.ts';
import { sendAside } from '../../wire/steps.ts';
import { addressOf, predictionPath } from './addressing.ts';
import { encodeInput } from './input.ts';
import type { Prediction } from './prediction.ts';
import { decodePrediction, succeeded } from './prediction.ts';

type ChatSteps = Steps<'chat'> | Steps<'stream'>;

const PACE: Pace = { first: 500, longest: 2000 };
const LEAST_DEADLINE_S = 5;
const MOST_DEADLINE_S = 86_400;

/** Creates a prediction and waits for its end: first within the creating request, then by asking again. */
export async function runPrediction(wire: Wire, steps: ChatSteps): Promise<Prediction> {
  const created = await createPrediction(steps, { prefer: 'wait' });
  return succeeded(created) ? created : awaitPrediction(wire, steps, created.id);
}

/** Creates a prediction. The service ends it by itself when our limit has passed, whether we can tell it or not. */
export function createPrediction(steps: ChatSteps, headers: Readonly<Record<string, string>> = {}): Promise<Prediction> {
  const call = steps.call as Call<'chat' | 'stream'>;
  const { path, version } = addressOf(call);
  const message: WireMessage = {
    path,
    body: { ...(version === undefined ? {} : { version }), input: encodeInput(call) },
    headers: { ...headers, ...cancelAfter(call) },
  };
  return (steps as Steps<'chat'>).reply(message, decodePrediction);
}

/** Asks for a prediction until it has ended. One that is not asked for any more, whatever the reason, is cancelled. */
export async function awaitPrediction(wire: Wire, steps: ChatSteps, id: string): Promise<Prediction> {
  const ask = async (): Promise<Prediction | NotYet> => {
    const prediction = await lookAt(steps, id);
    return succeeded(prediction) ? prediction : new NotYet();
  };
  try {
    return await poll(steps as Steps<'chat'>, PACE, ask, isPredictionEnd);
  } catch (error) {
    if (!isLLMError(error) || !isPredictionEnd(error)) cancelPrediction(wire, steps.call, id);
    throw error;
  }
}

/** One question about a prediction. */
export const lookAt = (steps: ChatSteps, id: string): Promise<Prediction> =>
  (steps as Steps<'chat'>).reply({ method: 'GET', path: predictionPath(id) }, decodePrediction);

/** Tells the service that nobody waits any more: it would go on, and be paid for. */
export function cancelPrediction(wire: Wire, call: Call, id: string): void {
  sendAside(wire, call, { path: `${predictionPath(id)}/cancel` });
}

/** An abort, or a limit of ours: the prediction itself goes on. */
export const isOurs = (error: unknown): boolean =>
  isLLMError(error, 'aborted') || (isLLMError(error, 'timeout') && error.phase !== 'server');

const ENDS: ReadonlySet<unknown> = new Set(['failed', 'canceled', 'aborted']);

/** The error tells how the prediction itself ended, not that a request about it failed. */
export const isPredictionEnd = (error: object): boolean => {
  const { error: body } = error as { readonly error?: { readonly status?: unknown } };
  return ENDS.has(body?.status);
};

/** `Cancel-After`, in whole seconds, as far as the call has a limit at all. */
function cancelAfter({ clock, deadline, limits }: Call): Record<string, string> {
  const ms = Math.min(limits.attempt, deadline - clock.now());
  if (!Number.isFinite(ms)) return {};
  const seconds = Math.min(MOST_DEADLINE_S, Math.max(LEAST_DEADLINE_S, Math.ceil(ms / 1000)));
  return { 'cancel-after': `${seconds}s` };
}
