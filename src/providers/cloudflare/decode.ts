import type { ChatMessage, ChatReply, ChatToolCall } from '../../contract/chat.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import type { EmbedReply } from '../../contract/vectors.ts';
import { chatReply, createdAt, finishReason, isRecord } from '../../dialects/chat-rules.ts';
import { decodeChat } from '../../dialects/openai/decode.ts';
import { toBase64 } from '../../dialects/openai/embeddings.ts';
import { argumentsText, newCallId } from '../../dialects/openai/tool-deltas.ts';
import { usageOf } from '../../dialects/openai/usage.ts';

/**
 * What the native envelope holds.
 *
 * @throws the failure that it tells of.
 */
export function resultOf(body: unknown, context: DecodeContext): Record<string, unknown> {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  const failed = body.success === false || body.error || (Array.isArray(body.errors) && body.errors.length > 0);
  if (failed && body.success !== true) throw context.failure(body);
  const result = body.result ?? body;
  if (!isRecord(result)) throw context.invalid('no "result" in the answer');
  return result;
}

/** A whole native answer. Newer models put one in OpenAI's form into `result`. */
export function decodeRun(body: unknown, context: DecodeContext): ChatReply {
  const result = resultOf(body, context);
  if (Array.isArray(result.choices)) return decodeChat(result, context);
  if (!('response' in result) && !Array.isArray(result.tool_calls)) throw context.invalid('no "response" in the answer');
  const calls = toolCallsOf(result.tool_calls, context);
  const content = contentOf(result.response);
  const message: ChatMessage = { role: 'assistant', content: content === '' && calls.length > 0 ? null : content, refusal: null };
  if (calls.length > 0) message.tool_calls = calls;
  const reason = typeof result.finish_reason === 'string' ? result.finish_reason : null;
  return chatReply({
    id: `chatcmpl-${context.call.correlationId}`,
    created: createdAt(context),
    model: context.call.target.model,
    choices: [{ index: 0, message, finish_reason: finishReason(reason, calls.length > 0), logprobs: null }],
    usage: usageOf(result.usage),
  });
}

/** In JSON mode the answer may come parsed. */
export function contentOf(response: unknown): string {
  if (typeof response === 'string') return response;
  return response === undefined || response === null ? '' : JSON.stringify(response);
}

/** Flat or in OpenAI's form, arguments as an object. */
export function toolCallsOf(raw: unknown, context: DecodeContext): ChatToolCall[] {
  if (!Array.isArray(raw)) return [];
  return raw.filter(isRecord).flatMap((call) => {
    const inner = isRecord(call.function) ? call.function : call;
    if (typeof inner.name !== 'string' || inner.name === '') return [];
    const id = typeof call.id === 'string' && call.id !== '' ? call.id : newCallId(context);
    return [{ id, type: 'function' as const, function: { name: inner.name, arguments: argumentsText(inner.arguments) || '{}' } }];
  });
}

export function decodeRunEmbeddings(body: unknown, context: DecodeContext<'embed'>): EmbedReply {
  const { data } = resultOf(body, context);
  if (!Array.isArray(data) || !data.every(Array.isArray)) throw context.invalid('no vectors in the answer');
  const { model } = context.call.target;
  const asBase64 = context.call.request.encoding_format === 'base64';
  return {
    object: 'list',
    model,
    data: data.map((vector: number[], index) => ({
      object: 'embedding',
      index,
      embedding: (asBase64 ? toBase64(vector) : vector) as number[],
    })),
    usage: { prompt_tokens: 0, total_tokens: 0 },
  };
}
