import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import { isRecord, textOf, toolArguments } from '../../dialects/chat-rules.ts';
import { unsupported } from '../../dialects/params.ts';
import { joinedText } from './messages.ts';

type ChatCall = Call<'chat' | 'stream'>;
type Assistant = Extract<ChatMessageParam, { role: 'assistant' }>;

interface CalledTool {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

interface ToolResult {
  readonly call: CalledTool;
  readonly outputs: readonly object[];
}

type Turn =
  | { readonly role: 'USER' | 'SYSTEM'; readonly message: string }
  | { readonly role: 'CHATBOT'; readonly message: string; readonly tool_calls?: readonly CalledTool[] }
  | { readonly role: 'TOOL'; readonly tool_results: ToolResult[] };

/** A conversation as the v1 API wants it: instructions, what was said before, and the last word by itself. */
export interface Conversation {
  readonly preamble?: string;
  readonly chat_history?: readonly Turn[];
  readonly message: string;
  readonly tool_results?: readonly ToolResult[];
}

export function encodeConversation(call: ChatCall): Conversation {
  const preamble: string[] = [];
  const turns: Turn[] = [];
  const called = new Map<string, CalledTool>();
  for (const message of call.request.messages) {
    switch (message.role) {
      case 'assistant':
        turns.push(chatbot(message, called));
        break;
      case 'tool':
        addResult(turns, called.get(message.tool_call_id) ?? unknownCall(message.tool_call_id), message.content);
        break;
      case 'function':
        addResult(turns, called.get(message.name) ?? unknownCall(message.name), message.content);
        break;
      case 'user':
        turns.push({ role: 'USER', message: userText(call, message.content) });
        break;
      default:
        if (turns.length === 0) preamble.push(joinedText(message.content));
        else turns.push({ role: 'SYSTEM', message: joinedText(message.content) });
    }
  }
  return { ...(preamble.length === 0 ? {} : { preamble: preamble.join('\n') }), ...lastWord(turns) };
}

function lastWord(turns: readonly Turn[]): Conversation {
  const last = turns.at(-1);
  const spoken = last?.role === 'USER' || last?.role === 'TOOL';
  const before = spoken ? turns.slice(0, -1) : turns;
  return {
    ...(before.length === 0 ? {} : { chat_history: before }),
    message: last?.role === 'USER' ? last.message : '',
    ...(last?.role === 'TOOL' ? { tool_results: last.tool_results } : {}),
  };
}

function chatbot(message: Assistant, called: Map<string, CalledTool>): Turn {
  const calls: CalledTool[] = [];
  const add = (id: string, name: string, parameters: Record<string, unknown>): void => {
    const tool = { name, parameters };
    called.set(id, tool);
    calls.push(tool);
  };
  for (const call of message.tool_calls ?? []) {
    if (call.type === 'custom') add(call.id, call.custom.name, { input: call.custom.input });
    else add(call.id, call.function.name, toolArguments(call.function.arguments));
  }
  const { function_call: old } = message;
  if (old) add(old.name, old.name, toolArguments(old.arguments));
  const text = joinedText(message.content);
  return { role: 'CHATBOT', message: text, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
}

const unknownCall = (id: string): CalledTool => ({ name: id, parameters: {} });

/** Results of one turn stand together. */
function addResult(turns: Turn[], call: CalledTool, content: unknown): void {
  const result = { call, outputs: outputsOf(joinedText(content)) };
  const last = turns.at(-1);
  if (last?.role === 'TOOL') last.tool_results.push(result);
  else turns.push({ role: 'TOOL', tool_results: [result] });
}

/** Outputs are objects here; anything else is put into one. */
function outputsOf(text: string): object[] {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return [value];
    if (Array.isArray(value) && value.length > 0 && value.every(isRecord)) return value;
  } catch {}
  return [{ output: text }];
}

function userText(call: ChatCall, content: unknown): string {
  if (!Array.isArray(content)) return textOf(content);
  for (const part of content) {
    if (isRecord(part) && part.type !== 'text') unsupported(call, String(part.type), "Cohere's v1 chat reads text only");
  }
  return joinedText(content);
}
