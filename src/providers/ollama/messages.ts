import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import { isRecord, textOf, toolArguments } from '../../dialects/chat-rules.ts';
import { dropHint, unsupported } from '../../dialects/params.ts';
import type { LoadedImages } from './images.ts';
import { imageAddress, imageData } from './images.ts';

type ChatCall = Call<'chat' | 'stream'>;

/** A message of Ollama's chat API. */
export interface OllamaMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  thinking?: string;
  images?: string[];
  tool_calls?: { id?: string; function: { name: string; arguments: Record<string, unknown>; index: number } }[];
  tool_name?: string;
  tool_call_id?: string;
}

/** openai's messages in Ollama's form: content is one string, images stand beside it, arguments are objects. */
export function encodeMessages(call: ChatCall, loaded: LoadedImages): OllamaMessage[] {
  const toolNames = new Map<string, string>();
  return call.request.messages.map((message, index) => {
    const path = `messages[${index}].content`;
    switch (message.role) {
      case 'assistant':
        return assistant(message, toolNames);
      case 'tool':
        return toolResult(message.content, toolNames.get(message.tool_call_id), message.tool_call_id);
      case 'function':
        return toolResult(message.content, message.name, undefined);
      case 'user':
        return { role: 'user', ...encodeParts(call, message.content, loaded, path) };
      default:
        return { role: 'system', content: joined(message.content) };
    }
  });
}

function encodeParts(
  call: ChatCall,
  content: unknown,
  loaded: LoadedImages,
  path: string,
): Pick<OllamaMessage, 'content' | 'images'> {
  if (!Array.isArray(content)) return { content: joined(content) };
  const images: string[] = [];
  for (const [index, part] of content.entries()) {
    const url = imageAddress(part);
    if (url !== undefined) {
      if (isRecord(part.image_url) && part.image_url.detail && part.image_url.detail !== 'auto')
        dropHint(call, 'image_url.detail');
      images.push(imageData(call, url, loaded, `${path}[${index}]`));
    } else if (isRecord(part) && part.type !== 'text' && part.type !== 'refusal') {
      unsupported(call, String(part.type ?? 'content part'), `${path}[${index}] holds a kind of content that ollama cannot read`);
    }
  }
  return { content: joined(content), ...(images.length === 0 ? {} : { images }) };
}

function assistant(message: Extract<ChatMessageParam, { role: 'assistant' }>, toolNames: Map<string, string>): OllamaMessage {
  const encoded: OllamaMessage = { role: 'assistant', content: joined(message.content) };
  if (typeof message.reasoning_content === 'string' && message.reasoning_content !== '') {
    encoded.thinking = message.reasoning_content;
  }
  const calls: NonNullable<OllamaMessage['tool_calls']> = [];
  for (const call of message.tool_calls ?? []) {
    const isFunction = call.type !== 'custom';
    const name = isFunction ? call.function.name : call.custom.name;
    const args = isFunction ? toolArguments(call.function.arguments) : { input: call.custom.input };
    toolNames.set(call.id, name);
    calls.push({ id: call.id, function: { index: calls.length, name, arguments: args } });
  }
  if (message.function_call) {
    const { name, arguments: json } = message.function_call;
    calls.push({ function: { index: calls.length, name, arguments: toolArguments(json) } });
  }
  if (calls.length > 0) encoded.tool_calls = calls;
  return encoded;
}

// Older servers know a result's tool by its name only, newer ones by the id of the call.
const toolResult = (content: unknown, name: string | undefined, id: string | undefined): OllamaMessage => ({
  role: 'tool',
  content: joined(content),
  ...(name === undefined ? {} : { tool_name: name }),
  ...(id === undefined ? {} : { tool_call_id: id }),
});

function joined(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content);
  return content
    .map((part) => textOf([part]))
    .filter((text) => text !== '')
    .join('\n');
}
