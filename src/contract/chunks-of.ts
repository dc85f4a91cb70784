import type { ChatChunk, ChatChunkChoice, ChatReply } from './chat.ts';

/** A whole reply as the chunks of a stream, its usage left to the caller: one chunk with the content, one with the finish reason, per choice. */
export function chunksOf(reply: ChatReply): ChatChunk[] {
  const { id, created, model } = reply;
  const chunk = (choice: ChatChunkChoice): ChatChunk => ({
    id,
    object: 'chat.completion.chunk',
    created,
    model,
    choices: [choice],
  });
  return reply.choices.flatMap(({ index, message, finish_reason, logprobs }) => {
    const { tool_calls: calls, function_call: call, annotations: _, audio: __, ...said } = message;
    const delta: ChatChunkChoice['delta'] = { ...said, role: 'assistant', ...(call ? { function_call: call } : {}) };
    const parts = calls?.flatMap((call, position) => (call.type === 'function' ? [{ index: position, ...call }] : []));
    if (parts !== undefined && parts.length > 0) delta.tool_calls = parts;
    return [
      chunk({ index, delta, finish_reason: null, logprobs: logprobs ?? null }),
      chunk({ index, delta: {}, finish_reason, logprobs: null }),
    ];
  });
}
