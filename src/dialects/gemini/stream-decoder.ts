import type { ChatChunk, ChatDelta } from '../../contract/chat.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import { isRecord } from '../chat-rules.ts';
import { type AnswerHead, candidatesOf, failureOf, readHead, serviceTierOf } from './answer-head.ts';
import { blockedAnswer } from './blocked.ts';
import type { GoogleExtras, ReplyImage } from './content-types.ts';
import { isEmpty, nativeReason } from './decode.ts';
import { finishOf } from './finish.ts';
import { logprobsOf } from './logprobs.ts';
import { PartialCalls } from './partial-calls.ts';
import { CallIds, type CandidateContent, readCandidate } from './read-candidate.ts';
import { usageOf } from './usage.ts';

interface OpenChoice {
  begun: boolean;
  finished: boolean;
  toolCalls: number;
  readonly partial: PartialCalls;
}

/** Fragments of `generateContent` answers as chunks. The end of the bytes is the good end, once every candidate has finished. */
export class GeminiStreamDecoder implements StreamDecoder<ChatChunk> {
  readonly done = false;
  readonly #context: DecodeContext<'stream'>;
  readonly #choices = new Map<number, OpenChoice>();
  #head: AnswerHead | undefined;
  #ids: CallIds | undefined;
  #usageMetadata: Record<string, unknown> | undefined;
  #hasContent = false;

  constructor(context: DecodeContext<'stream'>) {
    this.#context = context;
  }

  get finished(): boolean {
    if (this.#choices.size === 0) return false;
    for (const choice of this.#choices.values()) if (!choice.finished) return false;
    return true;
  }

  event(data: string, _name: string, out: ChatChunk[]): void {
    let fragment: unknown;
    try {
      fragment = JSON.parse(data);
    } catch {
      throw this.#context.invalid('an event of the stream is not JSON');
    }
    this.whole(fragment, out);
  }

  /** One fragment, or the list of them that comes without `alt=sse`. */
  whole(body: unknown, out: ChatChunk[]): void {
    if (Array.isArray(body)) {
      for (const fragment of body) this.#read(fragment, out);
    } else this.#read(body, out);
  }

  end(out: ChatChunk[]): void {
    const usage = usageOf(this.#usageMetadata);
    if (usage === undefined || this.#head === undefined) return;
    const tier = serviceTierOf(this.#usageMetadata, this.#context);
    out.push({ ...this.#head, object: 'chat.completion.chunk', choices: [], usage, ...tier });
  }

  #read(fragment: unknown, out: ChatChunk[]): void {
    if (!isRecord(fragment)) throw this.#context.invalid('an event of the stream is not a JSON object');
    const failure = failureOf(fragment, this.#context);
    if (failure !== undefined) throw failure;
    this.#head ??= readHead(fragment, this.#context);
    this.#ids ??= new CallIds(this.#head.id);
    if (isRecord(fragment.usageMetadata)) this.#usageMetadata = { ...this.#usageMetadata, ...fragment.usageMetadata };
    candidatesOf(fragment).forEach((candidate, position) => {
      const index = typeof candidate.index === 'number' ? candidate.index : position;
      this.#readChoice(candidate, index, out);
    });
  }

  #readChoice(given: Record<string, unknown>, index: number, out: ChatChunk[]): void {
    let choice = this.#choices.get(index);
    if (choice === undefined) {
      choice = { begun: false, finished: false, toolCalls: 0, partial: new PartialCalls() };
      this.#choices.set(index, choice);
    }
    const candidate = choice.partial.join(given);
    const content = readCandidate(candidate, this.#ids as CallIds);
    if (!isEmpty(content)) this.#hasContent = true;
    const delta = deltaOf(content, choice);
    const raw = typeof candidate.finishReason === 'string' ? candidate.finishReason : undefined;
    const reason = raw === undefined ? null : finishOf(raw, choice.toolCalls > 0);
    const logprobs = logprobsOf(candidate.logprobsResult);
    const repeated = reason !== null && choice.finished;
    if (reason !== null) choice.finished = true;
    if (reason === 'content_filter' && !this.#hasContent && (this.#context.call.request.n ?? 1) === 1) {
      throw this.#context.failure(blockedAnswer([candidate]));
    }
    if (Object.keys(delta).length === 0 && logprobs === undefined && (reason === null || repeated)) return;
    if (!choice.begun) delta.role = 'assistant';
    choice.begun = true;
    out.push({
      ...(this.#head as AnswerHead),
      object: 'chat.completion.chunk',
      choices: [
        {
          index,
          delta,
          finish_reason: reason,
          ...(logprobs === undefined ? {} : { logprobs }),
          ...(raw === undefined ? {} : nativeReason(raw, candidate.finishMessage)),
        },
      ],
    });
  }
}

/** Fields of a delta beyond openai's. */
interface GeminiDelta extends ChatDelta, GoogleExtras {
  images?: ReplyImage[];
  audio?: object;
}

function deltaOf({ text, reasoning, toolCalls, images, audio, google }: CandidateContent, choice: OpenChoice): GeminiDelta {
  const delta: GeminiDelta = {};
  if (text !== '') delta.content = text;
  if (reasoning !== '') delta.reasoning_content = reasoning;
  if (toolCalls.length > 0) delta.tool_calls = toolCalls.map((toolCall) => ({ index: choice.toolCalls++, ...toolCall }));
  if (images.length > 0) delta.images = images;
  if (audio !== undefined) delta.audio = audio;
  if (google !== undefined) delta.extra_content = { google };
  return delta;
}
