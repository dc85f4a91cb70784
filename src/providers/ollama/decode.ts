import type { ChatChoice, ChatMessage, ChatReply, ChatToolCall } from '../../contract/chat.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import { chatReply, finishReason, isRecord } from '../../dialects/chat-rules.ts';
import { jsonText } from '../../wire/json-text.ts';
import { created, modelOf, openAnswer, seedOf, text, usageOf } from './answer.ts';

type Logprobs = NonNullable<ChatChoice['logprobs']>;
type TokenLogprob = NonNullable<Logprobs['content']>[number];

export function decodeChat(body: unknown, context: DecodeContext<'chat'>): ChatReply {
  const answer = openAnswer(body, context);
  if (!isRecord(answer.message)) throw context.invalid('no "message" in the answer');
  const toolCalls = decodeToolCalls(answer.message.tool_calls, seedOf(context), 0);
  const message: ChatMessage = { role: 'assistant', content: text(answer.message.content), refusal: null };
  const thinking = text(answer.message.thinking);
  if (thinking !== '') message.reasoning_content = thinking;
  if (toolCalls.length > 0) {
    message.tool_calls = toolCalls;
    message.content ||= null;
  }
  return chatReply({
    id: `chatcmpl-${seedOf(context)}`,
    created: created(answer, context),
    model: modelOf(answer, context),
    choices: [
      {
        index: 0,
        message,
        finish_reason: finishReason(text(answer.done_reason), toolCalls.length > 0),
        logprobs: decodeLogprobs(answer.logprobs),
      },
    ],
    usage: usageOf(answer),
  });
}

/** Tool calls in openai's form: arguments as JSON text, an id where none was given. `from` is the number of the first. */
export function decodeToolCalls(raw: unknown, seed: string, from: number): ChatToolCall[] {
  if (!Array.isArray(raw)) return [];
  return raw
    .filter((call): call is { id?: unknown; function: Record<string, unknown> } => isRecord(call) && isRecord(call.function))
    .map(({ id, function: { name, arguments: args } }, i) => ({
      id: text(id) || `call_${seed}_${from + i}`,
      type: 'function',
      function: { name: text(name), arguments: typeof args === 'string' ? args : jsonText(args ?? {}) },
    }));
}

export function decodeLogprobs(raw: unknown): Logprobs | null {
  if (!Array.isArray(raw)) return null;
  return { content: raw.filter(isRecord).map(tokenLogprob), refusal: null };
}

function tokenLogprob(raw: Record<string, unknown>): TokenLogprob {
  const top = Array.isArray(raw.top_logprobs) ? raw.top_logprobs.filter(isRecord) : [];
  return { ...logprobOf(raw), top_logprobs: top.map(logprobOf) };
}

const logprobOf = (raw: Record<string, unknown>): { token: string; logprob: number; bytes: number[] | null } => ({
  token: text(raw.token),
  logprob: typeof raw.logprob === 'number' ? raw.logprob : -9999,
  bytes: Array.isArray(raw.bytes) ? raw.bytes.filter((byte) => typeof byte === 'number') : null,
});
