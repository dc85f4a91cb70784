import type { Completion } from 'openai/resources/completions';
import type { ChatReply } from '../../contract/chat.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import type { EmbedReply } from '../../contract/vectors.ts';
import { chatReply, createdAt, isRecord, tokenUsage } from '../../dialects/chat-rules.ts';
import { toBase64 } from '../../dialects/openai/embeddings.ts';

interface Answer {
  readonly texts: readonly string[];
  readonly finish: 'stop' | 'length';
  readonly usage: Usage | undefined;
}

export function decodeChat(body: unknown, context: DecodeContext<'chat'>): ChatReply {
  const { texts, finish, usage } = read(body, context);
  return chatReply({
    id: `chatcmpl-${context.call.correlationId}`,
    created: createdAt(context),
    model: context.call.target.model,
    choices: texts.map((content, index) => ({
      index,
      message: { role: 'assistant', content, refusal: null },
      finish_reason: finish,
      logprobs: null,
    })),
    usage,
  });
}

export function decodeCompletion(body: unknown, context: DecodeContext<'complete'>): Completion {
  const { texts, finish, usage } = read(body, context);
  return {
    id: `cmpl-${context.call.correlationId}`,
    object: 'text_completion',
    created: createdAt(context),
    model: context.call.target.model,
    choices: texts.map((text, index) => ({ text, index, finish_reason: finish, logprobs: null })),
    ...(usage === undefined ? {} : { usage }),
  };
}

/** Why an answer ended is not told: at the limit it was cut there. */
function read(body: unknown, context: DecodeContext<'chat' | 'complete'>): Answer {
  const answer = opened(body, context);
  const given = answer.generated_text ?? answer.response;
  const texts = (Array.isArray(given) ? given : [given]).filter((text): text is string => typeof text === 'string');
  if (texts.length === 0) throw context.invalid('neither "generated_text" nor "response" in the answer');
  const { nb_input_tokens: prompt, nb_generated_tokens: completion } = answer;
  const counted = typeof prompt === 'number' && typeof completion === 'number';
  const request = context.call.request as unknown as Readonly<Record<string, unknown>>;
  const limit = request.max_completion_tokens ?? request.max_tokens;
  const cut = counted && typeof limit === 'number' && completion >= limit;
  return {
    texts: texts.map((text) => text.replaceAll('\0', '')),
    finish: cut ? 'length' : 'stop',
    usage: counted ? tokenUsage({ prompt, completion }) : undefined,
  };
}

export function decodeEmbeddings(body: unknown, context: DecodeContext<'embed'>): EmbedReply {
  const { embeddings } = opened(body, context);
  if (!Array.isArray(embeddings) || !embeddings.every(Array.isArray)) throw context.invalid('no "embeddings" in the answer');
  const asBase64 = context.call.request.encoding_format === 'base64';
  return {
    object: 'list',
    model: context.call.target.model,
    data: embeddings.map((vector: number[], index) => ({
      object: 'embedding',
      index,
      embedding: (asBase64 ? toBase64(vector) : vector) as number[],
    })),
    usage: { prompt_tokens: 0, total_tokens: 0 },
  };
}

function opened(body: unknown, context: DecodeContext): Record<string, unknown> {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  if (body.detail || body.error) throw context.failure(body);
  return body;
}
