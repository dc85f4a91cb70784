import type { FinishReason } from '../chat-rules.ts';

const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['MAX_TOKENS', 'length'],
  ['CONTINUATION', 'length'],
  ['SAFETY', 'content_filter'],
  ['RECITATION', 'content_filter'],
  ['BLOCKLIST', 'content_filter'],
  ['PROHIBITED_CONTENT', 'content_filter'],
  ['SPII', 'content_filter'],
  ['LANGUAGE', 'content_filter'],
  ['MODEL_ARMOR', 'content_filter'],
  ['IMAGE_SAFETY', 'content_filter'],
  ['IMAGE_PROHIBITED_CONTENT', 'content_filter'],
  ['IMAGE_RECITATION', 'content_filter'],
]);

/** What a model did wrong when it called: a `stop`, whatever came before it. The raw word tells. */
const MISCALLS: ReadonlySet<string> = new Set([
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MALFORMED_RESPONSE',
]);

/** Gemini's finish reason in openai's words; it says `STOP` for tool calls too. */
export function finishOf(raw: string, hasToolCalls: boolean): FinishReason {
  const known = FINISH_REASONS.get(raw);
  if (known !== undefined) return known;
  return hasToolCalls && !MISCALLS.has(raw) ? 'tool_calls' : 'stop';
}
