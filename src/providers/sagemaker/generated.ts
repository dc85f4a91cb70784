import type { Completion, CompletionChoice } from 'openai/resources/completions';
import type { ChatReply } from '../../contract/chat.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { chatReply, createdAt, finishReason, isRecord, tokenUsage } from '../../dialects/chat-rules.ts';
import { refuseServiceError } from './openai-container.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Generated {
  readonly text: string;
  readonly finish: string | undefined;
}

/** An answer is named after its request: the containers give it no id. */
export function answerId({ headers, call }: DecodeContext, prefix: string): string {
  const id = headers['x-amzn-requestid'];
  return `${prefix}-${typeof id === 'string' ? id : call.correlationId}`;
}

export function decodeGeneratedChat(body: unknown, context: DecodeContext<'chat' | 'stream'>): ChatReply {
  const { answers, usage } = read(body, context as DecodeContext);
  return chatReply({
    id: answerId(context as DecodeContext, 'chatcmpl'),
    created: createdAt(context as DecodeContext),
    model: context.call.target.model,
    choices: answers.map(({ text, finish }, index) => ({
      index,
      message: { role: 'assistant', content: text, refusal: null },
      finish_reason: finishReason(finish, false),
      logprobs: null,
    })),
    usage,
  });
}

export function decodeGeneratedText(body: unknown, context: DecodeContext<'complete' | 'completeStream'>): Completion {
  const { answers, usage } = read(body, context as DecodeContext);
  return {
    id: answerId(context as DecodeContext, 'cmpl'),
    object: 'text_completion',
    created: createdAt(context as DecodeContext),
    model: context.call.target.model,
    choices: answers.map(({ text, finish }, index) => ({
      index,
      text,
      finish_reason: finishReason(finish, false) as CompletionChoice['finish_reason'],
      logprobs: null,
    })),
    ...(usage === undefined ? {} : { usage }),
  };
}

function read(
  body: unknown,
  context: DecodeContext,
): { readonly answers: readonly Generated[]; readonly usage: Usage | undefined } {
  refuseServiceError(body, context);
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (!isRecord(first)) throw context.invalid('the answer is no object');
  if (first.error !== undefined && first.error !== null) throw context.failure(first);
  if (typeof first.generated_text !== 'string') throw context.invalid('no "generated_text" in the answer');
  const details = isRecord(first.details) ? first.details : {};
  const others = Array.isArray(details.best_of_sequences) ? details.best_of_sequences.filter(isRecord) : [];
  const answers = [{ text: first.generated_text, finish: textOf(details.finish_reason) }];
  for (const other of others) answers.push({ text: textOf(other.generated_text) ?? '', finish: textOf(other.finish_reason) });
  return { answers, usage: usageOf(details) };
}

/** Token counts from the details of an answer; `undefined` where the container gives none. */
export function usageOf(details: Fields): Usage | undefined {
  const { generated_tokens: completion, prefill } = details;
  if (typeof completion !== 'number') return undefined;
  return tokenUsage({ prompt: Array.isArray(prefill) ? prefill.length : 0, completion });
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
