import type { ChatChoice, ChatMessage, ChatReply } from '../../contract/chat.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import { createdAt, finishFailure, finishReason, isRecord, refuseEmptyFiltered } from '../chat-rules.ts';
import type { Fields } from './body-failure.ts';
import { notTheProtocol, refuseFailure } from './body-failure.ts';
import { flattenContent, liftReasoning } from './reasoning.ts';
import { argumentsText, idText, newCallId } from './tool-deltas.ts';
import { findUsage, usageOf } from './usage.ts';

/** A whole chat answer. The parsed body itself becomes the reply; what a host left out or named otherwise is mended in place. */
export function decodeChat(body: unknown, context: DecodeContext): ChatReply {
  if (!isRecord(body)) throw notTheProtocol(body, 'choices', context);
  refuseFailure(body, context);
  const { choices } = body;
  if (!Array.isArray(choices) || choices.length === 0) throw notTheProtocol(body, 'choices', context);
  fillHead(body, 'chat.completion', context);
  const usage = usageOf(findUsage(body));
  for (let i = 0; i < choices.length; i++) mendChoice(choices[i], i, choices, context);
  const reply = body as unknown as ChatReply;
  if (usage !== undefined) reply.usage = usage;
  else delete reply.usage;
  refuseEmptyFiltered(reply, context);
  return reply;
}

/** Fills what every object of the protocol has: `id`, `object`, `created`, `model`. */
export function fillHead(body: Fields, object: string, context: DecodeContext): void {
  if (typeof body.id !== 'string' || body.id === '') body.id = `chatcmpl-${context.call.correlationId}`;
  body.object = object;
  if (typeof body.created !== 'number' || body.created === 0) body.created = createdAt(context);
  if (typeof body.model !== 'string' || body.model === '') body.model = context.call.target.model;
}

function mendChoice(choice: unknown, position: number, choices: unknown[], context: DecodeContext): void {
  if (!isRecord(choice)) throw context.invalid('a choice that is no object');
  const { message: raw = lastOf(choice.messages) ?? choice.text } = choice;
  const message: Fields = isRecord(raw) ? raw : { content: typeof raw === 'string' ? raw : null };
  mendMessage(message, context);
  const reason = typeof choice.finish_reason === 'string' ? choice.finish_reason : null;
  const failure = reason === null ? undefined : finishFailure(reason);
  if (failure !== undefined) throw context.failure(failure);
  const mended: Fields & ChatChoice = Object.assign(choice, {
    index: typeof choice.index === 'number' ? choice.index : position,
    message: message as unknown as ChatMessage,
    finish_reason: finishReason(reason, Array.isArray(message.tool_calls)),
    logprobs: isRecord(choice.logprobs) ? (choice.logprobs as unknown as ChatChoice['logprobs']) : null,
  });
  choices[position] = mended;
}

/** Several messages (Mistral's server tools): the last one answers. Snowflake's older route has text in that place. */
const lastOf = (messages: unknown): unknown => (Array.isArray(messages) ? messages.filter(isRecord).at(-1) : messages);

function mendMessage(message: Fields, context: DecodeContext): void {
  message.role = 'assistant';
  if (typeof message.content !== 'string') flattenContent(message);
  liftReasoning(message);
  if (typeof message.refusal !== 'string') message.refusal = null;
  const calls = message.tool_calls;
  if (calls === undefined) return;
  if (!Array.isArray(calls) || calls.length === 0) {
    delete message.tool_calls;
    return;
  }
  message.tool_calls = calls.filter(isRecord);
  for (const call of calls) if (isRecord(call)) mendToolCall(call, context);
}

function mendToolCall(call: Fields, context: DecodeContext): void {
  if (idText(call.id) === '') call.id = newCallId(context);
  if (idText(call.type) === '') call.type = 'function';
  if (call.type !== 'function' && !isRecord(call.function)) return;
  const inner: Fields = isRecord(call.function) ? call.function : {};
  call.function = inner;
  inner.arguments = argumentsText(inner.arguments);
  if (typeof inner.name !== 'string') inner.name = '';
}
