import type { OperationName } from '../../contract/call.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import { headerText } from '../../contract/headers.ts';
import type { Wire, WireMessage } from '../../contract/wire.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { isLLMError } from '../../errors/catalogue.ts';
import { brokenAnswer } from '../../wire/faults.ts';
import type { OperationMaker } from '../../wire/operations.ts';
import type { Pace } from '../../wire/polling.ts';
import { NotYet, poll } from '../../wire/polling.ts';
import { retryAfterMs } from '../../wire/retry-after.ts';
import type { Steps } from '../../wire/steps.ts';
import { steppedOperation } from '../../wire/steps.ts';
import { isRecord } from '../chat-rules.ts';
import type { LaterAnswers } from './quirks.ts';

/** xAI's example asks every ten seconds; NVIDIA counts questions as requests, of which free accounts have 40 a minute. */
const PACE: Pace = { first: 500, longest: 10_000 };

/** Both are UUIDs. Whatever else comes must not leave the path that it is put into. */
const ID = /^[\w-]{1,128}$/;

/** Looks for the id in an answer that may be none yet. */
type Note = (context: DecodeContext, body?: unknown) => void;

/**
 * Operations of a host that may answer with an id: the answer is asked for by this id, below the base URL and so with the same key,
 * until it is there. All of it is one attempt, under the call's limits, deadline and signal.
 */
export const laterAnswers = (wire: Wire, later: LaterAnswers): OperationMaker => ({
  reply: (codec) =>
    steppedOperation(wire, async (steps) =>
      answered(later, steps, await codec.encode(steps.call), (message, note) =>
        steps.reply(
          message,
          (body, context) => {
            note(context, body);
            if (body === undefined) throw nothing(context);
            return codec.decode(body, context);
          },
          true,
        ),
      ),
    ),
  stream: (codec) =>
    steppedOperation(wire, async (steps) =>
      answered(later, steps, await codec.encode(steps.call), (message, note) =>
        steps.stream(wire, {
          ...codec,
          encode: () => message,
          decoder(context) {
            note(context);
            const decoder = codec.decoder(context);
            const whole = decoder.whole.bind(decoder);
            decoder.whole = (body, out) => {
              note(context, body);
              whole(body, out);
            };
            return decoder;
          },
        }),
      ),
    ),
});

function answered<K extends OperationName, T extends object>(
  later: LaterAnswers,
  steps: Steps<K>,
  first: WireMessage,
  open: (message: WireMessage, note: Note) => Promise<T>,
): Promise<T> {
  let id: string | undefined;
  const ask = async (): Promise<T | NotYet> => {
    let accepted: NotYet | undefined;
    const note: Note = (context, body) => {
      const found = idIn(later, context, body, id);
      if (found === undefined) return;
      id = found;
      accepted = new NotYet(retryAfterMs(context.headers, undefined, '', context.call.clock.now()));
    };
    try {
      return await open(id === undefined ? first : { method: 'GET', path: later.path.replace('{}', id) }, note);
    } catch (error) {
      if (accepted !== undefined && isLLMError(error, 'response_validation', 'connection')) return accepted;
      throw error;
    }
  };
  return poll(steps, PACE, ask, (error) => id === undefined || hasEnded(later, error));
}

/** The id by which the answer is asked for. Before an answer of 202 it is the whole body: xAI's specification has no other status. */
function idIn(
  { idHeader, idField }: LaterAnswers,
  context: DecodeContext,
  body: unknown,
  known: string | undefined,
): string | undefined {
  const { status, headers } = context;
  const fields = isRecord(body) ? body : {};
  const named = idField === undefined ? undefined : fields[idField];
  const id =
    status === 202
      ? (known ?? (idHeader && headerText(headers, idHeader)) ?? named)
      : known === undefined && Object.keys(fields).length === 1
        ? named
        : undefined;
  if (id === undefined) return undefined;
  if (typeof id === 'string' && ID.test(id)) return id;
  throw context.invalid('the answer comes later, but by an id that no id can be');
}

/** NVIDIA tells by a header whether what was asked for has failed, or only the question. */
function hasEnded({ ended }: LaterAnswers, error: LLMError): boolean {
  if (ended === undefined || !('headers' in error)) return false;
  return ended.values.includes(error.headers?.get(ended.header) ?? '');
}

const nothing = (context: DecodeContext): Error =>
  context.status === 202
    ? context.invalid('the answer comes later, but without an id to ask for it')
    : brokenAnswer(`the answer was empty (status ${context.status})`, context.call);
