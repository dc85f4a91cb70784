import type { Completion } from 'openai/resources/completions';
import type { ChatChunk } from '../../contract/chat.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import { createdAt } from '../../dialects/chat-rules.ts';
import { decodeChat, decodeCompletion } from './decode.ts';
import { TokenText } from './token-text.ts';

type Piece<C> = (text: string, finish: 'stop' | null) => C;

/** The text of a stream in chunks of openai's; what a chunk looks like is the operation's matter. */
class TextChunks<C> implements StreamDecoder<C> {
  readonly #text: TokenText;
  readonly #piece: Piece<C>;
  readonly #wholeText: (body: unknown) => string;
  #finished = false;

  constructor(context: DecodeContext, piece: Piece<C>, wholeText: (body: unknown) => string) {
    this.#text = new TokenText(context);
    this.#piece = piece;
    this.#wholeText = wholeText;
  }

  get finished(): boolean {
    return this.#finished || this.#text.done;
  }

  get done(): boolean {
    return this.finished;
  }

  event(data: string, _name: string, out: C[]): void {
    this.#push(this.#text.take(data), out);
  }

  end(out: C[]): void {
    this.#push(this.#text.rest(), out);
    if (this.finished) out.push(this.#piece('', 'stop'));
  }

  whole(body: unknown, out: C[]): void {
    this.#push(this.#wholeText(body), out);
    this.#finished = true;
  }

  #push(text: string, out: C[]): void {
    if (text !== '') out.push(this.#piece(text, null));
  }
}

export function chatTextDecoder(context: DecodeContext<'stream'>): StreamDecoder<ChatChunk> {
  const head = {
    id: `chatcmpl-${context.call.correlationId}`,
    object: 'chat.completion.chunk' as const,
    created: createdAt(context),
    model: context.call.target.model,
  };
  let begun = false;
  const piece: Piece<ChatChunk> = (content, finish_reason) => {
    const delta = { ...(begun ? {} : { role: 'assistant' as const }), ...(content === '' ? {} : { content }) };
    begun = true;
    return { ...head, choices: [{ index: 0, delta, finish_reason, logprobs: null }] };
  };
  const whole = (body: unknown): string =>
    decodeChat(body, context as unknown as DecodeContext<'chat'>).choices[0]?.message.content ?? '';
  return new TextChunks(context, piece, whole);
}

export function completionTextDecoder(context: DecodeContext<'completeStream'>): StreamDecoder<Completion> {
  const head = {
    id: `cmpl-${context.call.correlationId}`,
    object: 'text_completion' as const,
    created: createdAt(context),
    model: context.call.target.model,
  };
  // openai's type has no null here, though its streams send one in every chunk but the last
  const piece: Piece<Completion> = (text, finish) => ({
    ...head,
    choices: [{ text, index: 0, finish_reason: finish as 'stop', logprobs: null }],
  });
  const whole = (body: unknown): string =>
    decodeCompletion(body, context as unknown as DecodeContext<'complete'>).choices[0]?.text ?? '';
  return new TextChunks(context, piece, whole);
}
