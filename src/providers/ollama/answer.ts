import type { DecodeContext } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { createdAt, isRecord, tokenUsage } from '../../dialects/chat-rules.ts';

/** One JSON object of an answer: the whole of it, or a line of a stream. */
export type Answer = Readonly<Record<string, unknown>>;

/**
 * The object that Ollama sent.
 *
 * @throws what `context` makes of an `error` inside a 200, or of something that is no answer at all.
 */
export function openAnswer(body: unknown, context: DecodeContext): Answer {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  if (body.error !== undefined && body.error !== null && body.error !== '') throw context.failure(body);
  return body;
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Seconds since the epoch. */
export function created(answer: Answer, context: DecodeContext): number {
  const ms = typeof answer.created_at === 'string' ? Date.parse(answer.created_at) : Number.NaN;
  return Number.isNaN(ms) ? createdAt(context) : Math.floor(ms / 1000);
}

export const modelOf = (answer: Answer, context: DecodeContext): string => text(answer.model) || context.call.target.model;

/** Token counts. A prompt that was in the server's cache may not be counted at all. */
export function usageOf(answer: Answer): Usage {
  return tokenUsage({ prompt: count(answer.prompt_eval_count), completion: count(answer.eval_count) });
}

export const count = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

/** A name for this exchange that is the same each time: Ollama gives its answers no id. */
export function seedOf(context: DecodeContext): string {
  const { correlationId, request } = context.call;
  const turn = 'messages' in request ? request.messages.length : 0;
  let hash = 2166136261;
  for (let i = 0; i < correlationId.length; i++) hash = Math.imul(hash ^ correlationId.charCodeAt(i), 16777619);
  return `${(hash >>> 0).toString(36)}_${turn}`;
}
