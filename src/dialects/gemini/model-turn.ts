import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import { spliced } from '../../wire/json-body.ts';
import { isRecord, parseDataURI, textOf, toolArguments } from '../chat-rules.ts';
import { unsupported } from '../params.ts';
import type { GeminiPart, GoogleExtras } from './content-types.ts';
import { GEMINI_3, type ModelFamily } from './model-family.ts';
import type { GeminiService } from './service-traits.ts';

export type AssistantMessage = Extract<ChatMessageParam, { role: 'assistant' }>;

/** Stands for a signature that never was: calls made by another model (ai.google.dev/gemini-api/docs/thought-signatures). */
const NO_SIGNATURE = 'skip_thought_signature_validator';

/** What Gemini's own replies put into an assistant message, beyond openai's fields. */
interface ReplyFields extends GoogleExtras {
  readonly images?: unknown;
  readonly audio?: unknown;
}

/** An assistant message as the parts of a model turn, with the signatures where they were. */
export function modelParts(
  message: AssistantMessage,
  path: string,
  call: Call,
  service: GeminiService,
  family: ModelFamily,
): GeminiPart[] {
  const fields = message as unknown as ReplyFields;
  const google = googleOf(fields);
  const parts: GeminiPart[] = Array.isArray(google.parts) ? google.parts.filter(isRecord) : [];
  const text = textOf(message.content) || (typeof message.refusal === 'string' ? message.refusal : '');
  const signature = signatureOf(fields);
  if (text !== '' || signature !== undefined) {
    parts.push({ text, ...(signature === undefined ? {} : { thoughtSignature: signature }) });
  }
  if (Array.isArray(fields.images)) parts.push(...fields.images.flatMap(imagePart));
  if (isRecord(fields.audio)) parts.push(...audioPart(fields.audio, path, call));
  parts.push(...callParts(message, service, family));
  return parts;
}

function callParts(message: AssistantMessage, service: GeminiService, family: ModelFamily): GeminiPart[] {
  const parts: GeminiPart[] = [];
  for (const toolCall of message.tool_calls ?? []) {
    const { name, args } =
      toolCall.type === 'custom'
        ? { name: toolCall.custom.name, args: { input: toolCall.custom.input } }
        : { name: toolCall.function.name, args: toolArguments(toolCall.function.arguments) };
    const thoughtSignature = signatureOf(toolCall as GoogleExtras);
    parts.push({
      functionCall: { ...(service.functionCallIds ? { id: toolCall.id } : {}), name, args },
      ...(thoughtSignature === undefined ? {} : { thoughtSignature }),
    });
  }
  const legacy = message.function_call;
  if (legacy) parts.push({ functionCall: { name: legacy.name, args: toolArguments(legacy.arguments) } });
  const [first] = parts;
  // of parallel calls only the first is signed
  const unsigned = first !== undefined && parts.every((part) => part.thoughtSignature === undefined);
  if (unsigned && family.generation >= GEMINI_3) first.thoughtSignature = NO_SIGNATURE;
  return parts;
}

function imagePart(image: unknown): GeminiPart[] {
  const url = isRecord(image) && isRecord(image.image_url) ? image.image_url.url : undefined;
  const media = typeof url === 'string' ? parseDataURI(url) : undefined;
  if (media === undefined) return [];
  const thoughtSignature = signatureOf(image as GoogleExtras);
  return [
    {
      inlineData: { mimeType: media.mimeType, data: spliced(media.data) },
      ...(thoughtSignature === undefined ? {} : { thoughtSignature }),
    },
  ];
}

function audioPart(audio: Record<string, unknown>, path: string, call: Call): GeminiPart[] {
  if (typeof audio.data === 'string') {
    const mimeType = typeof audio.mime_type === 'string' ? audio.mime_type : 'audio/wav';
    return [{ inlineData: { mimeType, data: spliced(audio.data) } }];
  }
  unsupported(call, `${path}.audio`, 'recordings are not stored; send the message as the reply carried it, with its data');
  return [];
}

type GoogleFields = NonNullable<NonNullable<GoogleExtras['extra_content']>['google']>;

function googleOf(carrier: GoogleExtras): GoogleFields {
  const { extra_content: extra } = carrier;
  return isRecord(extra) && isRecord(extra.google) ? extra.google : {};
}

function signatureOf(carrier: GoogleExtras): string | undefined {
  const signature = googleOf(carrier).thought_signature;
  return typeof signature === 'string' && signature !== '' ? signature : undefined;
}
