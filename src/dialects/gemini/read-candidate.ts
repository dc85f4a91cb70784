import type { ChatCompletionAudio } from 'openai/resources/chat/completions/completions';
import type { ChatToolCall } from '../../contract/chat.ts';
import { jsonText } from '../../wire/json-text.ts';
import { isRecord } from '../chat-rules.ts';
import type { GoogleExtras, ReplyImage } from './content-types.ts';

type GoogleFields = NonNullable<NonNullable<GoogleExtras['extra_content']>['google']>;

/** What one candidate says, in a whole answer or in one event of a stream. */
export interface CandidateContent {
  text: string;
  reasoning: string;
  toolCalls: ChatToolCall[];
  images: ReplyImage[];
  /** `mime_type` tells of the raw PCM that Gemini sends. */
  audio: (ChatCompletionAudio & { mime_type: string }) | undefined;
  google: GoogleFields | undefined;
}

/** Ids for tool calls that came without one: derived from the answer's own id, unlike over the calls of a conversation. */
export class CallIds {
  readonly #stem: string;
  #next = 0;

  constructor(answerId: string) {
    // openai takes at most 40 characters, Anthropic no others than these
    this.#stem = answerId.replace(/[^\w-]/g, '_').slice(-28);
  }

  next(): string {
    return `call_${this.#stem}_${this.#next++}`;
  }
}

export function readCandidate(candidate: Record<string, unknown>, ids: CallIds): CandidateContent {
  const content: CandidateContent = { text: '', reasoning: '', toolCalls: [], images: [], audio: undefined, google: undefined };
  const parts: unknown = isRecord(candidate.content) ? candidate.content.parts : undefined;
  if (Array.isArray(parts)) for (const part of parts) if (isRecord(part)) readPart(part, ids, content);
  const { groundingMetadata, citationMetadata, continuationToken } = candidate;
  if (isRecord(groundingMetadata)) google(content).grounding_metadata = groundingMetadata;
  if (isRecord(citationMetadata)) google(content).citation_metadata = citationMetadata;
  if (typeof continuationToken === 'string') google(content).continuation_token = continuationToken;
  return content;
}

const google = (content: CandidateContent): GoogleFields => (content.google ??= {});

function readPart(part: Record<string, unknown>, ids: CallIds, into: CandidateContent): void {
  const signature = typeof part.thoughtSignature === 'string' && part.thoughtSignature !== '' ? part.thoughtSignature : undefined;
  if (typeof part.text === 'string') {
    if (part.thought === true) into.reasoning += part.text;
    else into.text += part.text;
    if (signature !== undefined) google(into).thought_signature = signature;
  } else if (isRecord(part.functionCall)) {
    const toolCall = readCall(part.functionCall, ids);
    if (toolCall !== undefined) into.toolCalls.push(signed(toolCall, signature));
  } else if (isRecord(part.inlineData)) readMedia(part.inlineData, signature, ids, into);
  else if (Object.keys(part).some((key) => key !== 'thoughtSignature' && key !== 'thought')) {
    google(into).parts = [...(into.google?.parts ?? []), part];
  } else if (signature !== undefined) google(into).thought_signature = signature;
}

function readCall(functionCall: Record<string, unknown>, ids: CallIds): ChatToolCall | undefined {
  const { id, name, args } = functionCall;
  if (typeof name !== 'string' || name === '') return undefined;
  return {
    id: typeof id === 'string' && id !== '' ? id : ids.next(),
    type: 'function',
    function: { name, arguments: typeof args === 'string' ? args : jsonText(args ?? {}) },
  };
}

function readMedia(
  inlineData: Record<string, unknown>,
  signature: string | undefined,
  ids: CallIds,
  into: CandidateContent,
): void {
  const mimeType = typeof inlineData.mimeType === 'string' ? inlineData.mimeType : 'application/octet-stream';
  const data = typeof inlineData.data === 'string' ? inlineData.data : '';
  if (!mimeType.startsWith('audio/')) {
    into.images.push(signed({ type: 'image_url', image_url: { url: `data:${mimeType};base64,${data}` } }, signature));
    return;
  }
  into.audio = { id: ids.next().replace('call_', 'audio_'), data, expires_at: 0, transcript: '', mime_type: mimeType };
  if (signature !== undefined) google(into).thought_signature = signature;
}

const signed = <T extends object>(carrier: T, signature: string | undefined): T & GoogleExtras =>
  signature === undefined ? carrier : { ...carrier, extra_content: { google: { thought_signature: signature } } };
