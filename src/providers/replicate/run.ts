import type { Call } from '../../contract/call.ts';
import type { Wire, WireMessage } from '../../contract/wire.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import type { Steps } from '../../wire/steps.ts';
import { sendAside } from '../../wire/steps.ts';
import { addressOf, predictionPath } from './addressing.ts';
import { encodeInput } from './input.ts';
import type { Prediction } from './prediction.ts';
import { decodePrediction, succeeded } from './prediction.ts';

type ChatSteps = Steps<'chat'> | Steps<'stream'>;

const FIRST_POLL_MS = 500;
const SLOWEST_POLL_MS = 2000;
const POLL_FAILURES = 5;
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

/** Asks for a prediction until it has ended. A failed question is not a failed prediction: it is asked again. */
export async function awaitPrediction(wire: Wire, steps: ChatSteps, id: string): Promise<Prediction> {
  let pause = FIRST_POLL_MS;
  let failures = 0;
  try {
    for (;;) {
      let wait = pause;
      try {
        const prediction = await lookAt(steps, id);
        if (succeeded(prediction)) return prediction;
        failures = 0;
      } catch (error) {
        if (!mayAskAgain(error) || ++failures > POLL_FAILURES) throw error;
        wait = Math.max(pause, (isLLMError(error) && error.retryAfterMs) || 0);
      }
      await steps.wait(wait);
      pause = Math.min(SLOWEST_POLL_MS, pause * 1.5);
    }
  } catch (error) {
    if (isOurs(error)) cancelPrediction(wire, steps.call, id);
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

/** The HTTP request failed, by its status; a bad end of the prediction itself comes in a 200, without headers of a limit. */
function mayAskAgain(error: unknown): boolean {
  if (!isLLMError(error, 'rate_limit', 'internal_server', 'service_unavailable', 'connection', 'timeout')) return false;
  if (error.kind === 'timeout') return error.phase === 'server' && !isPredictionEnd(error);
  return !isPredictionEnd(error);
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
