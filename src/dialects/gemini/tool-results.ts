import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import { BadRequestError } from '../../errors/provider-errors.ts';
import { isRecord, textOf } from '../chat-rules.ts';
import type { GeminiPart } from './content-types.ts';
import { type LoadedMedia, mediaPart } from './media-parts.ts';
import { GEMINI_3, type ModelFamily } from './model-family.ts';
import type { GeminiService } from './service-traits.ts';

/** A function call made earlier in the conversation. */
export interface KnownCall {
  readonly name: string;
  /** Its place among the calls of its turn. */
  readonly position: number;
}

type ToolMessage = Extract<ChatMessageParam, { role: 'tool' }>;

/** What tool results are encoded with. */
export interface ResultScope {
  readonly call: Call;
  readonly service: GeminiService;
  readonly family: ModelFamily;
  readonly loaded: LoadedMedia;
  /** By tool call id. */
  readonly calls: ReadonlyMap<string, KnownCall>;
}

/** The results of one turn, in the order of the calls, whatever the order of the messages. */
export function resultParts(
  messages: readonly { readonly message: ToolMessage; readonly index: number }[],
  scope: ResultScope,
): GeminiPart[] {
  const results = messages.map(({ message, index }) => {
    const known = scope.calls.get(message.tool_call_id);
    if (known === undefined) throw orphan(message.tool_call_id, index, scope.call);
    return { position: known.position, parts: resultPart(message, known.name, index, scope) };
  });
  return results.sort((a, b) => a.position - b.position).flatMap(({ parts }) => parts);
}

function resultPart(message: ToolMessage, name: string, index: number, scope: ResultScope): GeminiPart[] {
  const { call, service, family, loaded } = scope;
  const media = Array.isArray(message.content)
    ? (message.content as readonly object[]).flatMap((part, at) =>
        isMedia(part) ? [mediaPart(part, `messages[${index}].content[${at}]`, call, service, loaded)] : [],
      )
    : [];
  const inside = media.length > 0 && family.generation >= GEMINI_3;
  const functionResponse = {
    ...(service.functionCallIds ? { id: message.tool_call_id } : {}),
    name,
    response: responseObject(textOf(message.content)),
    ...(inside ? { parts: media } : {}),
  };
  // older models read media only beside the response
  return [{ functionResponse }, ...(inside ? [] : media)];
}

const isMedia = (part: unknown): part is object =>
  isRecord(part) && ('image_url' in part || 'input_audio' in part || 'file' in part);

/** A function's output as the object that Gemini wants; an object with an `error` says so already. */
export function responseObject(text: string): object {
  const start = text.trimStart()[0];
  if (start === '{' || start === '[') {
    try {
      const value: unknown = JSON.parse(text);
      return isRecord(value) ? value : { output: value };
    } catch {}
  }
  return { output: text };
}

function orphan(id: string, index: number, call: Call): BadRequestError {
  const param = `messages[${index}].tool_call_id`;
  return new BadRequestError({
    message: `${param} is "${id}", but no assistant message before it has a tool call with this id`,
    provider: call.target.provider,
    model: call.target.model,
    param,
    code: 'unknown_tool_call',
  });
}
