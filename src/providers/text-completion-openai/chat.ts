import type { Completion, CompletionChoice } from 'openai/resources/completions';
import type { Call } from '../../contract/call.ts';
import type { ChatChoice, ChatChunk, ChatReply } from '../../contract/chat.ts';
import { ChatTally } from '../../contract/chat-tally.ts';
import type { DecodeContext, ReplyCodec, StreamCodec, StreamDecoder } from '../../contract/codec.ts';
import { chatReply, isRecord } from '../../dialects/chat-rules.ts';
import { CompletionStreamDecoder, completionEncoder, decodeCompletion } from '../../dialects/openai/completions.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { completionRequest } from './prompt.ts';

type Logprobs = NonNullable<ChatChoice['logprobs']>;

/** Chat over `/completions`: the messages become one prompt, the text becomes the message. */
export function chatOverCompletions(
  quirks: Quirks,
  separator: string,
): { readonly chat: ReplyCodec<'chat'>; readonly stream: StreamCodec<'stream'> } {
  const whole = completionEncoder<'complete'>(quirks, false);
  const streamed = completionEncoder<'completeStream'>(quirks, true);
  const converted = <K extends 'complete' | 'completeStream'>(call: Call<'chat' | 'stream'>, operation: K): Call<K> =>
    ({ ...call, operation, request: completionRequest(call, separator) }) as unknown as Call<K>;
  return {
    chat: {
      encode: (call) => whole(converted(call, 'complete')),
      decode: (body, context) => replyOf(decodeCompletion(body, context)),
    },
    stream: {
      encode: (call) => streamed(converted(call, 'completeStream')),
      framing: 'sse',
      decoder: (context) => new ChatOfCompletions(context),
      tally: () => new ChatTally(),
    },
  };
}

function replyOf({ id, created, model, choices, usage, system_fingerprint: fingerprint }: Completion): ChatReply {
  const reply = chatReply({
    id,
    created,
    model,
    choices: choices.map(({ index, text, finish_reason, logprobs }) => ({
      index,
      message: { role: 'assistant', content: text, refusal: null },
      finish_reason,
      logprobs: chatLogprobs(logprobs),
    })),
    usage,
  });
  return fingerprint === undefined ? reply : { ...reply, system_fingerprint: fingerprint };
}

/** Chunks of a text completion as chunks of a chat. */
class ChatOfCompletions implements StreamDecoder<ChatChunk> {
  readonly #inner: CompletionStreamDecoder;
  readonly #begun = new Set<number>();

  constructor(context: DecodeContext<'stream'>) {
    this.#inner = new CompletionStreamDecoder(context as unknown as DecodeContext<'completeStream'>);
  }

  get finished(): boolean {
    return this.#inner.finished;
  }

  get done(): boolean {
    return this.#inner.done;
  }

  event(data: string, name: string, out: ChatChunk[]): void {
    this.#convert(out, (pieces) => this.#inner.event(data, name, pieces));
  }

  end(out: ChatChunk[]): void {
    this.#convert(out, (pieces) => this.#inner.end(pieces));
  }

  whole(body: unknown, out: ChatChunk[]): void {
    this.#convert(out, (pieces) => this.#inner.whole(body, pieces));
  }

  #convert(out: ChatChunk[], decode: (pieces: Completion[]) => void): void {
    const pieces: Completion[] = [];
    try {
      decode(pieces);
    } finally {
      for (const piece of pieces) out.push(this.#chunkOf(piece));
    }
  }

  #chunkOf({ id, created, model, choices, usage }: Completion): ChatChunk {
    return {
      id,
      object: 'chat.completion.chunk',
      created,
      model,
      choices: choices.map((choice) => this.#choiceOf(choice)),
      ...(usage === undefined ? {} : { usage }),
    };
  }

  #choiceOf({ index, text, finish_reason, logprobs }: CompletionChoice): ChatChunk['choices'][number] {
    const role = this.#begun.has(index) ? {} : ({ role: 'assistant' } as const);
    this.#begun.add(index);
    const delta = { ...role, ...(text === '' ? {} : { content: text }) };
    return { index, delta, finish_reason, logprobs: chatLogprobs(logprobs) };
  }
}

/** Parallel lists, as text completions have them, to one entry per token. */
function chatLogprobs(raw: CompletionChoice.Logprobs | null | undefined): Logprobs | null {
  if (!isRecord(raw)) return null;
  const { tokens, token_logprobs: values, top_logprobs: tops } = raw as CompletionChoice.Logprobs;
  if (!Array.isArray(tokens)) return null;
  const content = tokens.map((token, i) => {
    const top = Array.isArray(tops) && isRecord(tops[i]) ? Object.entries(tops[i]) : [];
    return {
      token: String(token),
      logprob: numberOf(Array.isArray(values) ? values[i] : undefined),
      bytes: null,
      top_logprobs: top.map(([other, logprob]) => ({ token: other, logprob: numberOf(logprob), bytes: null })),
    };
  });
  return { content, refusal: null };
}

/** openai's stand-in for a probability that is not known. */
const numberOf = (value: unknown): number => (typeof value === 'number' ? value : -9999);
