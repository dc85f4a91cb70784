import type { Call } from '../../contract/call.ts';
import type { ChatChunk, ChatReply } from '../../contract/chat.ts';
import { chunksOf } from '../../contract/chunks-of.ts';
import type { DecodeContext, StreamDecoder } from '../../contract/codec.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { chatReply, createdAt, isRecord, textOf } from '../../dialects/chat-rules.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { candidatesOf, isTextModel, methodPath, optionsOf, samplingOf, stopsOf } from './request.ts';

type ChatCall = Call<'chat' | 'stream'>;

const MESSAGE_PARAMS = ['messages', 'temperature', 'top_p', 'top_k', 'n', 'stream_options', 'providerOptions'];
const KNOWN_OF_MESSAGES: ReadonlySet<string> = new Set(MESSAGE_PARAMS);
const KNOWN_OF_TEXTS: ReadonlySet<string> = new Set([...MESSAGE_PARAMS, 'max_tokens', 'max_completion_tokens', 'stop']);

/** Chat models take messages (`generateMessage`), text models one rendered text (`generateText`). */
export function encodeChat(call: ChatCall): WireMessage {
  const { request } = call;
  const asText = isTextModel(call.target.model);
  refuseUnknown(call as Call, request, asText ? KNOWN_OF_TEXTS : KNOWN_OF_MESSAGES);
  const turns = turnsOf(call);
  if (!asText) {
    const messages = turns.filter(({ author }) => author !== 'context');
    const context = turns.flatMap(({ author, content }) => (author === 'context' ? content : [])).join('\n\n');
    const prompt = { ...(context === '' ? {} : { context }), messages };
    return {
      path: methodPath(call as Call, 'generateMessage'),
      body: { prompt, ...samplingOf(request), ...optionsOf(call as Call) },
    };
  }
  const limit = request.max_completion_tokens ?? request.max_tokens;
  const body = {
    prompt: { text: rendered(turns) },
    ...samplingOf(request),
    ...(limit === undefined || limit === null ? {} : { maxOutputTokens: limit }),
    ...stopsOf(call as Call, request.stop),
  };
  return { path: methodPath(call as Call, 'generateText'), body: { ...body, ...optionsOf(call as Call) } };
}

interface Turn {
  readonly author: 'context' | '0' | '1';
  readonly content: string;
}

function turnsOf(call: ChatCall): Turn[] {
  return call.request.messages.map((message, index) => {
    const { role, content } = message;
    if (role !== 'system' && role !== 'developer' && role !== 'user' && role !== 'assistant')
      unsupported(call as Call, `messages[${index}].role`, 'there are no tools');
    if (Array.isArray(content) && content.some((part) => part.type !== 'text' && part.type !== 'refusal'))
      unsupported(call as Call, `messages[${index}].content`, 'only text is understood');
    const author = role === 'system' || role === 'developer' ? 'context' : role === 'assistant' ? '1' : '0';
    return { author, content: textOf(content) };
  });
}

const SPEAKERS: Readonly<Record<Turn['author'], string>> = { context: '', '0': 'User: ', '1': 'Assistant: ' };

function rendered(turns: readonly Turn[]): string {
  const [only] = turns;
  if (only !== undefined && turns.length === 1) return only.content;
  return `${turns.map(({ author, content }) => SPEAKERS[author] + content).join('\n')}\nAssistant:`;
}

export function decodeChat(body: unknown, context: DecodeContext<'chat' | 'stream'>): ChatReply {
  const choices = candidatesOf(body, context).map((candidate, index) => {
    const content = textOf(candidate.content ?? candidate.output);
    return {
      index,
      message: { role: 'assistant' as const, content, refusal: null, ...extras(candidate) },
      finish_reason: 'stop' as const,
      logprobs: null,
    };
  });
  const { model } = context.call.target;
  return chatReply({ id: `chatcmpl-${context.call.correlationId}`, created: createdAt(context), model, choices });
}

/** Ratings and citations as they came. */
function extras({ safetyRatings, citationMetadata }: Record<string, unknown>): object {
  const own = {
    ...(Array.isArray(safetyRatings) ? { safetyRatings } : {}),
    ...(isRecord(citationMetadata) ? { citationMetadata } : {}),
  };
  return Object.keys(own).length === 0 ? {} : { provider_specific_fields: own };
}

/** The API never streamed: its whole answer comes as one piece of text and an end. */
export class WholeAnswerDecoder implements StreamDecoder<ChatChunk> {
  finished = false;
  readonly #context: DecodeContext<'stream'>;

  constructor(context: DecodeContext<'stream'>) {
    this.#context = context;
  }

  get done(): boolean {
    return this.finished;
  }

  event(): void {
    throw this.#context.invalid('the answer is an event stream, which this API does not have');
  }

  whole(body: unknown, out: ChatChunk[]): void {
    out.push(...chunksOf(decodeChat(body, this.#context)));
    this.finished = true;
  }

  end(): void {}
}
