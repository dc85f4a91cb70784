import type { Completion, CompletionChoice } from 'openai/resources/completions';
import type { ChatChunk } from '../../contract/chat.ts';
import { chunksOf } from '../../contract/chunks-of.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { Usage } from '../../contract/usage.ts';
import { createdAt, type FinishReason, finishReason, isRecord } from '../../dialects/chat-rules.ts';
import { answerId, decodeGeneratedChat, decodeGeneratedText, usageOf } from './generated.ts';

/** How a piece of generated text becomes a chunk. */
interface Chunks<C> {
  text(text: string): C;
  finish(reason: FinishReason): C;
  usage(usage: Usage): C;
  /** A whole answer where a stream was asked for. */
  whole(body: unknown): { readonly chunks: readonly C[]; readonly usage: Usage | undefined };
}

/** Tokens of TGI and DJL as chunks. The last token brings the whole text, how it ended and the counts. */
class GenerationDecoder<C> implements StreamDecoder<C> {
  finished = false;
  readonly #context: DecodeContext;
  readonly #chunks: Chunks<C>;
  #usage: Usage | undefined;

  constructor(context: DecodeContext, chunks: Chunks<C>) {
    this.#context = context;
    this.#chunks = chunks;
  }

  get done(): boolean {
    return this.finished;
  }

  event(data: string, _name: string, out: C[]): void {
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      throw this.#context.invalid('an event of the stream is no JSON');
    }
    if (!isRecord(event)) return;
    if (event.error !== undefined && event.error !== null) throw this.#context.failure(event);
    const { token, details, generated_text: all } = event;
    if (isRecord(token) && token.special !== true && typeof token.text === 'string' && token.text !== '') {
      out.push(this.#chunks.text(token.text));
    }
    const ended = isRecord(details) && typeof details.finish_reason === 'string';
    if (!ended && typeof all !== 'string') return;
    if (isRecord(details)) this.#usage = usageOf(details);
    out.push(this.#chunks.finish(finishReason(ended ? String(details.finish_reason) : undefined, false)));
    this.finished = true;
  }

  end(out: C[]): void {
    if (this.#usage !== undefined) out.push(this.#chunks.usage(this.#usage));
  }

  whole(body: unknown, out: C[]): void {
    if (isRecord(body) && 'token' in body) return this.event(JSON.stringify(body), '', out);
    const { chunks, usage } = this.#chunks.whole(body);
    out.push(...chunks);
    this.#usage = usage;
    this.finished = true;
  }
}

export function chatGeneration(context: DecodeContext<'stream'>): StreamDecoder<ChatChunk> {
  const own = context as DecodeContext;
  const head = {
    id: answerId(own, 'chatcmpl'),
    object: 'chat.completion.chunk' as const,
    created: createdAt(own),
    model: context.call.target.model,
  };
  let role: { role?: 'assistant' } = { role: 'assistant' };
  const chunk = (content: { content?: string }, finish_reason: FinishReason | null): ChatChunk => {
    const delta = { ...role, ...content };
    role = {};
    return { ...head, choices: [{ index: 0, delta, finish_reason, logprobs: null }] };
  };
  return new GenerationDecoder(own, {
    text: (content) => chunk({ content }, null),
    finish: (reason) => chunk({}, reason),
    usage: (usage) => ({ ...head, choices: [], usage }),
    whole(body) {
      const reply = decodeGeneratedChat(body, context);
      return { chunks: chunksOf(reply), usage: reply.usage };
    },
  });
}

export function textGeneration(context: DecodeContext<'completeStream'>): StreamDecoder<Completion> {
  const own = context as DecodeContext;
  const head = {
    id: answerId(own, 'cmpl'),
    object: 'text_completion' as const,
    created: createdAt(own),
    model: context.call.target.model,
  };
  const chunk = (text: string, reason: CompletionChoice['finish_reason'] | null): Completion => ({
    ...head,
    choices: [{ index: 0, text, finish_reason: reason as CompletionChoice['finish_reason'], logprobs: null }],
  });
  return new GenerationDecoder(own, {
    text: (text) => chunk(text, null),
    finish: (reason) => chunk('', reason as CompletionChoice['finish_reason']),
    usage: (usage) => ({ ...head, choices: [], usage }),
    whole(body) {
      const { usage, ...completion } = decodeGeneratedText(body, context);
      return { chunks: [completion], usage };
    },
  });
}
