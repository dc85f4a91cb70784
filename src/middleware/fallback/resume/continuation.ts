import type { Call } from '../../../contract/call.ts';
import type { ChatMessageParam, ChatRequest } from '../../../contract/chat.ts';
import { withKeyFor } from '../../../contract/idempotency.ts';
import type { PartialOutput } from '../../../errors/partial.ts';
import { settledPart } from './seam.ts';

/** What is asked of a model that does not go on with an answer by itself. */
const GO_ON =
  'Your answer was cut off in transmission. Go on with it exactly where it stopped, with the very next character: repeat nothing of it, say nothing about the interruption, and begin with a space or a line break if one belongs there.';

/** A call for the rest of an answer. */
export interface Continuation {
  readonly call: Call<'stream'>;
  /** The model was made to go on with its own message, and not told to in words. */
  readonly prefilled: boolean;
}

/**
 * The call that asks for the rest of an answer of which something was written: with it as the beginning of the answer where the
 * target can go on with that, otherwise with a word on what to do.
 */
export async function continuationOf(given: Call<'stream'>, written: PartialOutput, inWords: boolean): Promise<Continuation> {
  const text = settledPart(written.content);
  // another question than before: a service that remembers keys would answer with the first stream
  const call = { ...given, options: withKeyFor(`rest after ${text.length}`, given.options) };
  if (text === '') return { call, prefilled: false };
  const prefill = inWords ? undefined : await call.prefill?.(call);
  const messages = withAnswer(call.request.messages, text, prefill?.message);
  if (prefill === undefined) messages.push({ role: 'user', content: GO_ON });
  const request: ChatRequest = { ...call.request, ...prefill?.request, ...(await limitsLeft(call, written)), messages };
  return { call: { ...call, request }, prefilled: prefill !== undefined };
}

/** The text as the assistant's last message; added to one that the caller began the answer with. */
function withAnswer(messages: readonly ChatMessageParam[], text: string, marks: object | undefined): ChatMessageParam[] {
  const last = messages.at(-1);
  const begun =
    last?.role === 'assistant' && typeof last.content === 'string' && last.tool_calls === undefined ? last : undefined;
  const content = begun === undefined ? text : String(begun.content) + text;
  return [...(begun === undefined ? messages : messages.slice(0, -1)), { ...begun, role: 'assistant', content, ...marks }];
}

/** The limit of an answer holds for its parts together. */
async function limitsLeft(call: Call<'stream'>, written: PartialOutput): Promise<Partial<ChatRequest>> {
  const { max_tokens, max_completion_tokens } = call.request;
  if (!isLimit(max_tokens) && !isLimit(max_completion_tokens)) return {};
  const used = written.usage?.completion_tokens ?? (await tokensOf(call, written));
  return {
    ...(isLimit(max_tokens) && { max_tokens: Math.max(1, max_tokens - used) }),
    ...(isLimit(max_completion_tokens) && { max_completion_tokens: Math.max(1, max_completion_tokens - used) }),
  };
}

async function tokensOf({ catalogue, target }: Call<'stream'>, { content }: PartialOutput): Promise<number> {
  return (await catalogue()).estimateTokens(target, { messages: [{ role: 'assistant', content }] });
}

const isLimit = (limit: unknown): limit is number => typeof limit === 'number';
