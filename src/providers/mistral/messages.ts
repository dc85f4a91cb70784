import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import { isRecord, textOf } from '../../dialects/chat-rules.ts';
import { dropHint, unsupported } from '../../dialects/params.ts';
import { spliced } from '../../wire/json-body.ts';
import { ToolIds } from './tool-ids.ts';

type ChatCall = Call<'chat' | 'stream'>;
type Fields = Readonly<Record<string, unknown>>;
type Assistant = Extract<ChatMessageParam, { role: 'assistant' }>;

/** Stands between a tool's result and a user's word where the model said nothing: Mistral refuses that order. */
const ACKNOWLEDGED = { role: 'assistant', content: 'I have the results.' } as const;

/** A result must say something. */
const NO_OUTPUT = '(no output)';

/** openai's messages with nothing in them that Mistral's closed schema does not know. */
export function encodeMessages(call: ChatCall): object[] {
  const { messages } = call.request;
  const ids = new ToolIds();
  const toolNames = new Map<string, string>();
  const encoded: object[] = [];
  if (messages.some((message) => message.role !== 'function' && 'name' in message && message.name)) {
    dropHint(call, 'messages[].name');
  }
  for (const [index, message] of messages.entries()) {
    const last = index === messages.length - 1;
    switch (message.role) {
      case 'assistant':
        encoded.push(assistant(message, last, ids, toolNames));
        break;
      case 'tool':
        encoded.push(result(message.content, ids.of(message.tool_call_id), toolNames.get(message.tool_call_id)));
        break;
      case 'function':
        encoded.push(result(message.content, ids.of(message.name), message.name));
        break;
      case 'user':
        if (messages[index - 1]?.role === 'tool') encoded.push(ACKNOWLEDGED);
        encoded.push({ role: 'user', content: userContent(call, message.content, `messages[${index}].content`) });
        break;
      default:
        encoded.push({ role: 'system', content: joinedText(message.content) });
    }
  }
  return encoded;
}

/** Reasoning goes first. The last message is one to be continued, if it is the assistant's. */
function assistant(message: Assistant, last: boolean, ids: ToolIds, toolNames: Map<string, string>): object {
  const calls = toolCalls(message, ids, toolNames);
  const text = joinedText(message.content) || (typeof message.refusal === 'string' ? message.refusal : '');
  const { reasoning_content: reasoning } = message;
  const thinking = reasoning ? [{ type: 'thinking', thinking: [{ type: 'text', text: reasoning }] }] : [];
  const content = thinking.length === 0 ? text : [...thinking, ...(text === '' ? [] : [{ type: 'text', text }])];
  return {
    role: 'assistant',
    ...(content === '' && calls.length > 0 ? {} : { content }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(last && calls.length === 0 ? { prefix: true } : {}),
  };
}

function toolCalls(message: Assistant, ids: ToolIds, toolNames: Map<string, string>): object[] {
  const encode = (id: string, name: string, json: string): object => {
    toolNames.set(id, name);
    return { id: ids.of(id), type: 'function', function: { name, arguments: json || '{}' } };
  };
  const calls = (message.tool_calls ?? []).map((call) =>
    call.type === 'custom'
      ? encode(call.id, call.custom.name, JSON.stringify({ input: call.custom.input }))
      : encode(call.id, call.function.name, call.function.arguments),
  );
  const { function_call: old } = message;
  return old ? [...calls, encode(old.name, old.name, old.arguments)] : calls;
}

const result = (content: unknown, id: string, name: string | undefined): object => ({
  role: 'tool',
  tool_call_id: id,
  ...(name === undefined ? {} : { name }),
  content: joinedText(content) || NO_OUTPUT,
});

function userContent(call: ChatCall, content: unknown, path: string): unknown {
  if (!Array.isArray(content)) return textOf(content);
  const parts: object[] = [];
  for (const [index, part] of content.entries()) {
    if (!isRecord(part)) continue;
    const encoded = encodePart(part);
    if (encoded !== undefined) parts.push(encoded);
    else unsupported(call, String(part.type), `${path}[${index}] holds a kind of content that Mistral does not read`);
  }
  return parts;
}

function encodePart(part: Fields): object | undefined {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: textOf([part]) };
    case 'image_url':
      return image(part.image_url);
    case 'input_audio':
      // a text here, not openai's object
      return { type: 'input_audio', input_audio: isRecord(part.input_audio) ? long(part.input_audio.data) : part.input_audio };
    case 'file':
      return isRecord(part.file) ? file(part.file) : undefined;
    // what only Mistral has goes through as it is
    case 'document_url':
    case 'reference':
      return part;
    default:
      return undefined;
  }
}

function image(given: unknown): object {
  const { url, detail } = isRecord(given) ? given : { url: given, detail: undefined };
  const detailed = typeof detail === 'string' && detail !== 'original' ? { detail } : {};
  return { type: 'image_url', image_url: { url: long(url), ...detailed } };
}

function file({ file_id: id, file_data: data, filename: name }: Fields): object | undefined {
  if (typeof id === 'string') return { type: 'file', file_id: id };
  if (typeof data !== 'string') return undefined;
  const url = /^(?:data:|https?:)/i.test(data) ? data : `data:application/pdf;base64,${data}`;
  return { type: 'document_url', document_url: long(url), ...(typeof name === 'string' ? { document_name: name } : {}) };
}

const long = (text: unknown): unknown => (typeof text === 'string' ? spliced(text) : text);

function joinedText(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content);
  return content
    .map((part) => textOf([part]))
    .filter((text) => text !== '')
    .join('\n');
}
