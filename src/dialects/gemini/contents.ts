import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import { BadRequestError } from '../../errors/provider-errors.ts';
import { isRecord, textOf } from '../chat-rules.ts';
import { unsupported } from '../params.ts';
import type { GeminiContent, GeminiPart } from './content-types.ts';
import { type LoadedMedia, mediaPart } from './media-parts.ts';
import type { ModelFamily } from './model-family.ts';
import { type AssistantMessage, modelParts } from './model-turn.ts';
import type { GeminiService } from './service-traits.ts';
import { type KnownCall, responseObject, resultParts } from './tool-results.ts';

/** Gemini answers 400 to a turn without parts, so this stands where a user turn must be and none was given. */
const BLANK: GeminiPart = { text: ' ' };

export interface EncodedContents {
  readonly contents: readonly GeminiContent[];
  readonly system: string;
}

/** A conversation as Gemini's turns: system apart, neighbours of one role merged, the first turn the user's. */
export function encodeContents(
  messages: readonly ChatMessageParam[],
  call: Call,
  service: GeminiService,
  family: ModelFamily,
  loaded: LoadedMedia,
): EncodedContents {
  const contents: GeminiContent[] = [];
  const system: string[] = [];
  const calls = new Map<string, KnownCall>();
  const add = (role: GeminiContent['role'], parts: readonly GeminiPart[]): void => {
    if (parts.length === 0) return;
    const last = contents.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else contents.push({ role, parts: [...parts] });
  };

  for (let index = 0; index < messages.length; index++) {
    const message = messages[index] as ChatMessageParam;
    const path = `messages[${index}]`;
    switch (message.role) {
      case 'system':
      case 'developer':
        system.push(textOf(message.content));
        break;
      case 'user':
        add('user', userParts(message.content, path, call, service, loaded));
        break;
      case 'assistant':
        add('model', modelParts(message, path, call, service, family));
        remember(message, calls);
        break;
      case 'tool': {
        const results = [{ message, index }];
        for (let next = messages[index + 1]; next?.role === 'tool'; next = messages[index + 1]) {
          results.push({ message: next, index: ++index });
        }
        add('user', resultParts(results, { call, service, family, loaded, calls }));
        break;
      }
      case 'function':
        add('user', [{ functionResponse: { name: message.name, response: responseObject(message.content ?? '') } }]);
        break;
      default:
        throw unknownRole(path, call);
    }
  }
  const text = system.filter(Boolean).join('\n\n');
  if (contents[0]?.role !== 'user') contents.unshift({ role: 'user', parts: family.gemma && text !== '' ? [] : [BLANK] });
  if (!family.gemma || text === '') return { contents, system: text };
  contents[0]?.parts.unshift({ text });
  return { contents, system: '' };
}

function userParts(content: unknown, path: string, call: Call, service: GeminiService, loaded: LoadedMedia): GeminiPart[] {
  if (typeof content === 'string') return content === '' ? [] : [{ text: content }];
  if (!Array.isArray(content)) return [];
  return content.flatMap((part: unknown, index): GeminiPart[] => {
    const place = `${path}.content[${index}]`;
    if (!isRecord(part)) return typeof part === 'string' && part !== '' ? [{ text: part }] : [];
    if (part.type === 'text') return textOf([part]) === '' ? [] : [{ text: textOf([part]) }];
    if (part.type === 'image_url' || part.type === 'input_audio' || part.type === 'file') {
      return [mediaPart(part, place, call, service, loaded)];
    }
    unsupported(call, `${place}.type`, `"${String(part.type)}" parts have no counterpart`);
    return [];
  });
}

function remember(message: AssistantMessage, calls: Map<string, KnownCall>): void {
  message.tool_calls?.forEach((toolCall, position) => {
    const name = toolCall.type === 'custom' ? toolCall.custom.name : toolCall.function.name;
    calls.set(toolCall.id, { name, position });
  });
}

function unknownRole(path: string, call: Call): BadRequestError {
  const { provider, model } = call.target;
  const roles = 'system, developer, user, assistant or tool';
  return new BadRequestError({ message: `${path}.role must be ${roles}`, provider, model, param: `${path}.role` });
}
