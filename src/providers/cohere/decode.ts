import type { ChatReply, ChatToolCall } from '../../contract/chat.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import { chatReply, createdAt, isRecord } from '../../dialects/chat-rules.ts';
import { argumentsText, newCallId } from '../../dialects/openai/tool-deltas.ts';
import type { CohereMessage, Fields } from './answer.ts';
import { finishOf, logprobsOf, openAnswer, text, usageOf } from './answer.ts';

/** A whole answer of the v2 chat. */
export function decodeChat(body: unknown, context: DecodeContext): ChatReply {
  const answer = openAnswer(body, 'message', context);
  if (!isRecord(answer.message)) throw context.failure(answer);
  const message = decodeMessage(answer.message, context);
  const said = { anything: Boolean(message.content || message.tool_calls), tools: message.tool_calls !== undefined };
  return chatReply({
    id: text(answer.id) || `chatcmpl-${context.call.correlationId}`,
    created: createdAt(context),
    model: context.call.target.model,
    choices: [
      {
        index: 0,
        message,
        finish_reason: finishOf(answer.finish_reason, said, context, answer.error),
        logprobs: logprobsOf(answer.logprobs),
      },
    ],
    usage: usageOf(answer.usage),
  });
}

function decodeMessage(raw: Fields, context: DecodeContext): CohereMessage {
  const parts: readonly unknown[] = Array.isArray(raw.content) ? raw.content : [{ text: raw.content }];
  const joined = (field: string): string => parts.map((part) => (isRecord(part) ? text(part[field]) : '')).join('');
  const calls = decodeToolCalls(raw.tool_calls, context);
  const plan = text(raw.tool_plan);
  const content = joined('text');
  const reasoning = joined('thinking') + plan;
  return {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    refusal: null,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(plan === '' ? {} : { tool_plan: plan }),
    ...(Array.isArray(raw.citations) && raw.citations.length > 0 ? { citations: raw.citations } : {}),
  };
}

/** Tool calls of either version of the API: v1 has neither ids nor `function`. */
export function decodeToolCalls(raw: unknown, context: DecodeContext): ChatToolCall[] {
  if (!Array.isArray(raw)) return [];
  return raw.filter(isRecord).map((call) => {
    const { name, arguments: json, parameters } = isRecord(call.function) ? { parameters: undefined, ...call.function } : call;
    const id = text(call.id) || newCallId(context);
    return { id, type: 'function', function: { name: text(name), arguments: argumentsText(json ?? parameters) || '{}' } };
  });
}
