import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import { spliced } from '../../wire/json-body.ts';
import { isRecord, textOf } from '../chat-rules.ts';
import { dropHint, unsupported } from '../params.ts';
import type { Quirks } from './quirks.ts';

/** Prepares messages for a host. Returns the very array where nothing has to change. */
export type MessageEncoder = (messages: readonly ChatMessageParam[], call: Call) => readonly object[];

type Fields = Record<string, unknown>;

/** Fields of replies and of our own that no host takes back unless it says so. */
const EXTRAS: ReadonlySet<string> = new Set([
  'cache_control',
  'thinking_blocks',
  'reasoning_content',
  'reasoning',
  'reasoning_text',
  'reasoning_details',
  'parsed',
]);

/** openai's own, but absent or null at most hosts, some of which refuse what they do not know. */
const OPENAI_ONLY: ReadonlySet<string> = new Set(['refusal', 'annotations', 'audio', 'function_call']);

const LONG = 1024;

export function messageEncoder(quirks: Quirks): MessageEncoder {
  const understood: ReadonlySet<string> = new Set(quirks.messageExtras);
  const { reasoningBack, reasoningBackOn } = quirks;
  const developerAsSystem = quirks.developerRole === 'system';
  const dropNames = quirks.messageNames === 'drop';
  const ownOnly = quirks.trusted !== true;
  const plainText = quirks.plainText === true;
  const { longestToolId = Number.POSITIVE_INFINITY } = quirks;

  const tooLong = (id: unknown): id is string => typeof id === 'string' && id.length > longestToolId;

  const removes = (key: string, value: unknown): boolean =>
    (EXTRAS.has(key) && !understood.has(key)) || (ownOnly && OPENAI_ONLY.has(key) && isNothing(key, value));

  function encodeMessage(message: Fields, call: Call): Fields {
    let copy: Fields | undefined;
    for (const key in message) {
      if (!removes(key, message[key])) continue;
      copy ??= { ...message };
      delete copy[key];
    }
    const reasoning = reasoningBack === undefined ? undefined : reasoningToReturn(message);
    if (reasoningBack !== undefined && reasoning !== undefined) {
      copy ??= { ...message };
      copy[reasoningBack] = reasoning;
    }
    if (developerAsSystem && message.role === 'developer') {
      copy ??= { ...message };
      copy.role = 'system';
    }
    if (dropNames && message.name !== undefined) {
      copy ??= { ...message };
      delete copy.name;
      if (message.role !== 'tool') dropHint(call, 'messages[].name');
    }
    if (Array.isArray(message.content) && plainText) {
      copy ??= { ...message };
      copy.content = plainContent(message.content, call);
    } else if (Array.isArray(message.content)) {
      const parts = mapped(message.content, encodePart);
      if (parts !== message.content) {
        copy ??= { ...message };
        copy.content = parts;
      }
    }
    if (tooLong(message.tool_call_id)) {
      copy ??= { ...message };
      copy.tool_call_id = message.tool_call_id.slice(-longestToolId);
    }
    if (Array.isArray(message.tool_calls)) {
      const calls = mapped(message.tool_calls, encodeToolCall);
      if (calls !== message.tool_calls) {
        copy ??= { ...message };
        copy.tool_calls = calls;
      }
    }
    return copy ?? message;
  }

  function reasoningToReturn(message: Fields): string | undefined {
    if (message.role !== 'assistant' || understoodDetails(message)) return undefined;
    if (reasoningBackOn === 'tool_calls' && !Array.isArray(message.tool_calls)) return undefined;
    const text = message.reasoning_content ?? message.reasoning;
    return typeof text === 'string' && text !== '' ? text : undefined;
  }

  const understoodDetails = (message: Fields): boolean =>
    understood.has('reasoning_details') && Array.isArray(message.reasoning_details);

  function encodePart(part: Fields): Fields {
    const plain = part.cache_control === undefined || understood.has('cache_control') ? part : without(part, 'cache_control');
    switch (part.type) {
      case 'image_url':
        return splice(plain, 'image_url', 'url');
      case 'input_audio':
        return splice(plain, 'input_audio', 'data');
      case 'file':
        return splice(plain, 'file', 'file_data');
      default:
        return plain;
    }
  }

  function encodeToolCall(toolCall: Fields): Fields {
    const known =
      toolCall.extra_content === undefined || understood.has('extra_content') ? toolCall : without(toolCall, 'extra_content');
    const plain = tooLong(known.id) ? { ...known, id: known.id.slice(-longestToolId) } : known;
    if (!isRecord(plain.function) || plain.function.parsed_arguments === undefined) return plain;
    return { ...plain, function: without(plain.function, 'parsed_arguments') };
  }

  return (messages, call) =>
    mapped(messages as readonly unknown[], (message) => encodeMessage(message, call)) as readonly object[];
}

/** Text parts as one text; any other part is refused, or left out where the caller allows it. */
function plainContent(parts: readonly unknown[], call: Call): string {
  for (const part of parts) {
    if (isRecord(part) && part.type !== 'text' && part.type !== 'refusal') {
      unsupported(call, String(part.type), 'the provider reads text only');
    }
  }
  return parts
    .map((part) => textOf([part]))
    .filter((text) => text !== '')
    .join('\n');
}

/** Whether a field of openai's says nothing: an empty list or null. A null `content` means something, so it is not asked about. */
const isNothing = (key: string, value: unknown): boolean =>
  value === null || value === undefined || (key === 'annotations' && Array.isArray(value));

function without(fields: Fields, key: string): Fields {
  const { [key]: _, ...rest } = fields;
  return rest;
}

/** Maps the objects of a list; the very list where nothing changed. */
function mapped(list: readonly unknown[], change: (item: Fields) => Fields): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const item = list[i];
    if (!isRecord(item)) continue;
    const changed = change(item);
    if (changed === item) continue;
    copy ??= list.slice();
    copy[i] = changed;
  }
  return copy ?? list;
}

/** Large base64 is copied into the body instead of being escaped. */
function splice(part: Fields, holder: string, field: string): Fields {
  const inner = part[holder];
  if (!isRecord(inner)) return part;
  const text = inner[field];
  if (typeof text !== 'string' || text.length < LONG || text.startsWith('http')) return part;
  const marked = spliced(text);
  return marked === text ? part : { ...part, [holder]: { ...inner, [field]: marked } };
}
