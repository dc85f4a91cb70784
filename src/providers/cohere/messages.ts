import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import { isRecord, textOf } from '../../dialects/chat-rules.ts';
import { dropHint, unsupported } from '../../dialects/params.ts';
import { spliced } from '../../wire/json-body.ts';

type ChatCall = Call<'chat' | 'stream'>;
type Fields = Record<string, unknown>;
type Assistant = Extract<ChatMessageParam, { role: 'assistant' }>;

/** openai's messages in the form of Cohere's v2 API. */
export function encodeMessages(call: ChatCall): object[] {
  if (call.request.messages.some((message) => 'name' in message && message.name && message.role !== 'function')) {
    dropHint(call, 'messages[].name');
  }
  return call.request.messages.map((message, index) => {
    switch (message.role) {
      case 'assistant':
        return assistant(message);
      case 'tool':
        return { role: 'tool', tool_call_id: message.tool_call_id, content: joinedText(message.content) };
      case 'function':
        return { role: 'tool', tool_call_id: message.name, content: joinedText(message.content) };
      case 'user':
        return { role: 'user', content: userContent(call, message.content, `messages[${index}].content`) };
      default:
        return { role: 'system', content: joinedText(message.content) };
    }
  });
}

function userContent(call: ChatCall, content: unknown, path: string): unknown {
  if (!Array.isArray(content)) return textOf(content);
  const parts: object[] = [];
  for (const [index, part] of content.entries()) {
    if (!isRecord(part)) continue;
    if (part.type === 'image_url') parts.push(image(part));
    else if (typeof part.text === 'string') parts.push({ type: 'text', text: part.text });
    else unsupported(call, String(part.type), `${path}[${index}] holds a kind of content that Cohere does not read`);
  }
  return parts;
}

function image({ image_url: given }: Fields): object {
  const { url, detail } = isRecord(given) ? given : { url: given, detail: undefined };
  const address = typeof url === 'string' ? spliced(url) : url;
  return { type: 'image_url', image_url: { url: address, ...(typeof detail === 'string' ? { detail } : {}) } };
}

/** Beside tool calls a model's words are its plan; reasoning goes first. */
function assistant(message: Assistant): object {
  const calls = toolCalls(message);
  const text = joinedText(message.content) || (typeof message.refusal === 'string' ? message.refusal : '');
  const plan = planOf(message) ?? (calls.length > 0 ? text : '');
  const reasoning = reasoningOf(message, plan);
  const words = calls.length > 0 && plan !== '' && plan === text ? '' : text;
  const thinking = reasoning === '' ? [] : [{ type: 'thinking', thinking: reasoning }];
  const content = thinking.length === 0 ? words : [...thinking, ...(words === '' ? [] : [{ type: 'text', text: words }])];
  if (calls.length === 0) return { role: 'assistant', content };
  return {
    role: 'assistant',
    ...(content === '' ? {} : { content }),
    ...(plan === '' ? {} : { tool_plan: plan }),
    tool_calls: calls,
  };
}

const planOf = (message: object): string | undefined => {
  const { tool_plan: plan } = message as { readonly tool_plan?: unknown };
  return typeof plan === 'string' && plan !== '' ? plan : undefined;
};

/** Replies show a plan at the end of their reasoning; it goes back in its own field only. */
function reasoningOf({ reasoning_content: reasoning }: Assistant, plan: string): string {
  if (typeof reasoning !== 'string') return '';
  return plan !== '' && reasoning.endsWith(plan) ? reasoning.slice(0, -plan.length) : reasoning;
}

function toolCalls(message: Assistant): object[] {
  const calls = (message.tool_calls ?? []).map((call) => {
    const { name, json } =
      call.type === 'custom'
        ? { name: call.custom.name, json: JSON.stringify({ input: call.custom.input }) }
        : { name: call.function.name, json: call.function.arguments };
    return { id: call.id, type: 'function', function: { name, arguments: json || '{}' } };
  });
  const { function_call: old } = message;
  if (!old) return calls;
  return [...calls, { id: old.name, type: 'function', function: { name: old.name, arguments: old.arguments || '{}' } }];
}

/** The text parts of a content, one below the other. */
export function joinedText(content: unknown): string {
  if (!Array.isArray(content)) return textOf(content);
  return content
    .map((part) => textOf([part]))
    .filter((text) => text !== '')
    .join('\n');
}
