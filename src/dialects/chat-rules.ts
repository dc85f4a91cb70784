import type { ChatChoice, ChatReply } from '../contract/chat.ts';
import type { DecodeContext } from '../contract/codec.ts';
import type { Usage } from '../contract/usage.ts';

/** openai's finish reasons. */
export type FinishReason = ChatChoice['finish_reason'];

const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ['stop', 'stop'],
  ['eos', 'stop'],
  ['eos_token', 'stop'],
  ['end', 'stop'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['complete', 'stop'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['model_length', 'length'],
  ['token_limit', 'length'],
  ['time_limit', 'length'],
  ['tool_calls', 'tool_calls'],
  ['tool_use', 'tool_calls'],
  ['function_call', 'function_call'],
  ['content_filter', 'content_filter'],
  ['sensitive', 'content_filter'],
  ['safety', 'content_filter'],
  ['recitation', 'content_filter'],
]);

/**
 * A provider's finish reason in openai's words. Unknown and missing reasons read as `stop`;
 * a `stop` with tool calls reads as `tool_calls`.
 */
export function finishReason(raw: string | null | undefined, hasToolCalls: boolean): FinishReason {
  const known = typeof raw === 'string' ? (FINISH_REASONS.get(raw) ?? FINISH_REASONS.get(raw.toLowerCase()) ?? 'stop') : 'stop';
  return hasToolCalls && (known === 'stop' || known === 'function_call') ? 'tool_calls' : known;
}

const FAILED: ReadonlySet<string> = new Set(['error', 'network_error', 'insufficient_system_resource', 'abort']);

/** The error body for a finish reason that means a failure, to be given to `context.failure`; `undefined` for all others. */
export function finishFailure(raw: string): { readonly error: object } | undefined {
  if (FAILED.has(raw)) {
    return { error: { code: 'server_error', type: 'server_error', message: `the provider ended the answer with "${raw}"` } };
  }
  if (raw !== 'model_context_window_exceeded') return undefined;
  const message = 'the answer ended because the context window of the model is full';
  return { error: { code: 'context_length_exceeded', type: 'invalid_request_error', message } };
}

/** The error body for an answer that a filter took away as a whole. */
export const FILTERED = {
  error: {
    message: 'a content filter withheld the answer',
    type: 'content_filter',
    code: 'content_filter',
  },
} as const;

const hasContent = ({ message }: ChatChoice): boolean =>
  Boolean(message.content || message.refusal || message.reasoning_content || message.audio || message.function_call) ||
  (message.tool_calls !== undefined && message.tool_calls !== null && message.tool_calls.length > 0);

/**
 * Throws when a filter ended the answer and nothing at all is left of it. A filtered answer with content is a reply.
 *
 * @throws ContentPolicyViolationError
 */
export function refuseEmptyFiltered(reply: ChatReply, context: DecodeContext): void {
  if (!reply.choices.some((choice) => choice.finish_reason === 'content_filter')) return;
  if (!reply.choices.some(hasContent)) throw context.failure(FILTERED);
}

/** The parts of a base64 data URI; `undefined` for every other address. */
export function parseDataURI(url: string): { mimeType: string; data: string } | undefined {
  if (!url.startsWith('data:')) return undefined;
  const comma = url.indexOf(',');
  if (comma === -1) return undefined;
  const [mimeType = '', ...parameters] = url.slice(5, comma).split(';');
  if (!parameters.some((parameter) => parameter.trim().toLowerCase() === 'base64')) return undefined;
  return { mimeType: mimeType.trim().toLowerCase() || 'text/plain', data: url.slice(comma + 1) };
}

/**
 * The arguments of a tool call as an object: `''` is `{}`. What is no JSON object (a model can write anything)
 * is kept under `arguments`, so that a conversation with it can still be sent on.
 */
export function toolArguments(json: string): Record<string, unknown> {
  if (json.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(json);
    if (isRecord(value)) return value;
  } catch {}
  return { arguments: json };
}

/** A JSON object, not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a message's content: the string itself, or its text and refusal parts joined. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  let text = '';
  for (const part of content) {
    if (typeof part === 'string') text += part;
    else if (!isRecord(part)) continue;
    else if (typeof part.text === 'string') text += part.text;
    else if (typeof part.refusal === 'string') text += part.refusal;
  }
  return text;
}

/** Seconds since the epoch, as openai's `created`. */
export const createdAt = (context: DecodeContext): number => Math.floor(context.call.clock.now() / 1000);

/** Token counts as providers name them, to openai's shape. Cached tokens are inside `prompt`, reasoning inside `completion`. */
export function tokenUsage(counts: {
  readonly prompt: number;
  readonly completion: number;
  readonly cached?: number | undefined;
  readonly cacheWrite?: number | undefined;
  readonly reasoning?: number | undefined;
}): Usage {
  const { prompt, completion, cached, cacheWrite, reasoning } = counts;
  const usage: Usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  if (cached !== undefined || cacheWrite !== undefined) {
    usage.prompt_tokens_details = {
      ...(cached === undefined ? {} : { cached_tokens: cached }),
      ...(cacheWrite === undefined ? {} : { cache_write_tokens: cacheWrite }),
    };
  }
  if (reasoning !== undefined) usage.completion_tokens_details = { reasoning_tokens: reasoning };
  return usage;
}

/** A whole reply in openai's shape. */
export function chatReply(parts: {
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly choices: ChatChoice[];
  readonly usage?: Usage | undefined;
}): ChatReply {
  const { usage, ...rest } = parts;
  return { ...rest, object: 'chat.completion', ...(usage === undefined ? {} : { usage }) };
}
