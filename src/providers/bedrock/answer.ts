import type { DecodeContext } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { stopReason } from '../../dialects/anthropic/blocks.ts';
import { type FinishReason, isRecord, tokenUsage } from '../../dialects/chat-rules.ts';

/** A name for the answer: the request's id, as Converse gives its answers none. */
export function answerId({ headers, call }: DecodeContext): string {
  const id = headers['x-amzn-requestid'];
  return `chatcmpl-${typeof id === 'string' ? id : call.correlationId}`;
}

/** Converse's stop reasons in openai's words; those for output that cannot be read are a `stop`. */
export function finishOf(raw: unknown, hasToolCalls: boolean): FinishReason {
  if (raw === 'content_filtered' || raw === 'guardrail_intervened') return 'content_filter';
  if (isMalformed(raw)) return 'stop';
  return stopReason(raw, hasToolCalls);
}

/** Stop reasons that openai has no word for; readers find them beside the message. */
export const isMalformed = (raw: unknown): raw is string => raw === 'malformed_tool_use' || raw === 'malformed_model_output';

/** Token counts; cached tokens stand beside `inputTokens`, not inside. */
export function usageOf(raw: unknown): Usage | undefined {
  if (!isRecord(raw)) return undefined;
  const cached = count(raw.cacheReadInputTokens);
  const cacheWrite = count(raw.cacheWriteInputTokens);
  return tokenUsage({
    prompt: (count(raw.inputTokens) ?? 0) + (cached ?? 0) + (cacheWrite ?? 0),
    completion: count(raw.outputTokens) ?? 0,
    cached,
    cacheWrite,
  });
}

const count = (value: unknown): number | undefined => (typeof value === 'number' && value >= 0 ? value : undefined);

export const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');
