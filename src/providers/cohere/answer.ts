import type { ChatDelta, ChatMessage } from '../../contract/chat.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import type { FinishReason } from '../../dialects/chat-rules.ts';
import { finishReason, isRecord, tokenUsage } from '../../dialects/chat-rules.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** What Cohere says besides an answer: its plan before tool calls, and where it quotes from. */
export interface CohereExtras {
  tool_plan?: string;
  citations?: unknown[];
}

export type CohereMessage = ChatMessage & CohereExtras;
export type CohereDelta = ChatDelta & CohereExtras;

/**
 * The object that Cohere sent.
 *
 * @throws what `context` makes of an error inside a 200, or of something that is no answer at all. `field` is what an answer has.
 */
export function openAnswer(body: unknown, field: string, context: DecodeContext): Fields {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  if (body[field] !== undefined && body[field] !== null) return body;
  if (typeof body.message === 'string' || body.error || body.finish_reason) throw context.failure(body);
  throw context.invalid(`no "${field}" in the answer`);
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const count = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

/** Token counts of `usage` (v2) or `meta` (v1): what was read and written, else what is paid for. Cached tokens are inside. */
export function usageOf(raw: unknown): Usage | undefined {
  if (!isRecord(raw)) return undefined;
  const tokens = isRecord(raw.tokens) ? raw.tokens : {};
  const billed = isRecord(raw.billed_units) ? raw.billed_units : {};
  const prompt = count(tokens.input_tokens) ?? count(billed.input_tokens);
  const completion = count(tokens.output_tokens) ?? count(billed.output_tokens);
  if (prompt === undefined && completion === undefined) return undefined;
  return tokenUsage({ prompt: prompt ?? 0, completion: completion ?? 0, cached: count(raw.cached_tokens) });
}

const REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['TOOL_CALL', 'tool_calls'],
  ['ERROR_TOXIC', 'content_filter'],
  ['ERROR_LIMIT', 'length'],
]);

const FAILED: ReadonlySet<string> = new Set(['ERROR', 'TIMEOUT']);

/**
 * A finish reason in openai's words.
 *
 * @throws what `context` makes of an end that is a failure. A full context window is one where nothing was said.
 */
export function finishOf(
  raw: unknown,
  said: { readonly anything: boolean; readonly tools: boolean },
  context: DecodeContext,
  error?: unknown,
): FinishReason {
  const reason = text(raw);
  if (FAILED.has(reason) || (reason === 'ERROR_LIMIT' && !said.anything)) {
    throw context.failure({ finish_reason: reason, message: text(error) || `the answer ended with ${reason}` });
  }
  return REASONS.get(reason) ?? finishReason(reason, said.tools);
}

/** Logprobs of a whole answer (a list) or of one delta (an entry). Cohere tells no alternatives. */
export function logprobsOf(raw: unknown): { content: TokenLogprob[]; refusal: null } | null {
  const entries = Array.isArray(raw) ? raw.filter(isRecord) : isRecord(raw) ? [raw] : [];
  const content = entries.flatMap((entry) => tokensOf(entry));
  return content.length === 0 ? null : { content, refusal: null };
}

interface TokenLogprob {
  token: string;
  logprob: number;
  bytes: null;
  top_logprobs: [];
}

/** One entry tells of a chunk of text: its tokens by number, and a logprob for each. The text is told with the first. */
function tokensOf(entry: Fields): TokenLogprob[] {
  const logprobs = Array.isArray(entry.logprobs) ? entry.logprobs.filter((value) => typeof value === 'number') : [];
  return logprobs.map((logprob, i) => ({ token: i === 0 ? text(entry.text) : '', logprob, bytes: null, top_logprobs: [] }));
}
