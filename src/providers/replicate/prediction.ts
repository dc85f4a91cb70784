import { attachAnswer, takeAnswer } from '../../contract/answer.ts';
import type { Call } from '../../contract/call.ts';
import type { ChatReply } from '../../contract/chat.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { chatReply, isRecord, tokenUsage } from '../../dialects/chat-rules.ts';

/** A job as the API tells of it, fields not yet relied on. */
export type Prediction = Readonly<Record<string, unknown>> & { readonly id: string; readonly status: string };

const STATUSES: ReadonlySet<string> = new Set(['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted']);
const BAD_END: ReadonlySet<string> = new Set(['failed', 'canceled', 'aborted']);

/**
 * The prediction that came, as long as it may still become a success.
 *
 * @throws the typed error of a prediction that failed or was ended, and of an answer that is none.
 */
export function decodePrediction(body: unknown, context: DecodeContext): Prediction {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  const { id, status } = body;
  if (typeof status !== 'string' || !STATUSES.has(status)) {
    const told = typeof body.detail === 'string' || body.error || body.title;
    throw told ? context.failure(body, typeof status === 'number' ? status : undefined) : context.invalid('no prediction');
  }
  if (BAD_END.has(status)) throw context.failure(endOf(body));
  if (typeof id !== 'string' || id === '') throw context.invalid('a prediction without an id');
  return body as Prediction;
}

/** What an error may know of a bad end: neither input nor logs, which hold the prompt. */
function endOf({ id, status, error, deadline }: Readonly<Record<string, unknown>>): object {
  return { status, error, ...(deadline ? { deadline } : {}), ...(typeof id === 'string' ? { request_id: id } : {}) };
}

export const succeeded = ({ status }: Prediction): boolean => status === 'succeeded';

/** The text of an output: language models give a list of pieces. */
export function outputText(output: unknown): string {
  if (typeof output === 'string') return output;
  if (output === undefined || output === null) return '';
  if (Array.isArray(output) && output.every((piece) => typeof piece === 'string')) return output.join('');
  return JSON.stringify(output);
}

/** Token counts, which only some models give. */
export function usageOf({ metrics }: Prediction): Usage | undefined {
  if (!isRecord(metrics)) return undefined;
  const { input_token_count: prompt, output_token_count: completion } = metrics;
  return typeof prompt === 'number' && typeof completion === 'number' ? tokenUsage({ prompt, completion }) : undefined;
}

/** Seconds since the epoch. */
export function createdOf(prediction: Prediction, call: Call): number {
  const ms = typeof prediction.created_at === 'string' ? Date.parse(prediction.created_at) : Number.NaN;
  return Math.floor((Number.isNaN(ms) ? call.clock.now() : ms) / 1000);
}

/** A finished prediction as openai's reply. Whether it was cut at the limit is not told, so it is never claimed. */
export function chatReplyOf(prediction: Prediction, call: Call): ChatReply {
  const reply = chatReply({
    id: prediction.id,
    created: createdOf(prediction, call),
    model: call.target.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: outputText(prediction.output), refusal: null },
        finish_reason: 'stop',
        logprobs: null,
      },
    ],
    usage: usageOf(prediction),
  });
  const answer = takeAnswer(prediction);
  if (answer !== undefined) attachAnswer(reply, answer);
  return reply;
}
