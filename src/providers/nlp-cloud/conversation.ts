import type { Call } from '../../contract/call.ts';
import { isRecord, textOf } from '../../dialects/chat-rules.ts';
import { unsupported } from '../../dialects/params.ts';

interface Turn {
  readonly role: 'user' | 'assistant';
  readonly text: string;
}

export interface Conversation {
  readonly system: string;
  /** Never two of one role in a row. */
  readonly turns: readonly Turn[];
}

export function conversationOf(call: Call<'chat' | 'stream'>): Conversation {
  const system: string[] = [];
  const turns: Turn[] = [];
  for (const [index, message] of call.request.messages.entries()) {
    const { role, content } = message;
    if (role === 'tool' || role === 'function' || ('tool_calls' in message && message.tool_calls?.length))
      unsupported(call, 'tools', 'NLP Cloud calls no tools');
    refuseMedia(call, content, index);
    const text = textOf(content);
    const last = turns.at(-1);
    if (role === 'system' || role === 'developer') system.push(text);
    else {
      const speaker = role === 'assistant' ? 'assistant' : 'user';
      if (last?.role === speaker) turns[turns.length - 1] = { role: speaker, text: `${last.text}\n${text}` };
      else turns.push({ role: speaker, text });
    }
  }
  return { system: system.filter((text) => text !== '').join('\n'), turns };
}

function refuseMedia(call: Call<'chat' | 'stream'>, content: unknown, index: number): void {
  if (!Array.isArray(content)) return;
  for (const [position, part] of content.entries()) {
    if (!isRecord(part) || part.type === 'text' || part.type === 'refusal') continue;
    unsupported(call, String(part.type ?? 'content part'), `messages[${index}].content[${position}] is not text`);
  }
}

/** The chatbot's form; `undefined` for a single message, and where question and answer do not alternate. */
export function inAlternation({ system, turns }: Conversation): Record<string, unknown> | undefined {
  const last = turns.at(-1);
  if (last?.role !== 'user' || turns[0]?.role !== 'user' || (turns.length === 1 && system === '')) return undefined;
  const history: { input: string; response: string }[] = [];
  for (let i = 0; i + 1 < turns.length; i += 2) {
    history.push({ input: turns[i]?.text ?? '', response: turns[i + 1]?.text ?? '' });
  }
  return { input: last.text, ...(system === '' ? {} : { context: system }), ...(history.length === 0 ? {} : { history }) };
}

/** One text: a single message word for word, several with a label before each. */
export function writtenOut({ system, turns }: Conversation): string {
  if (turns.length === 1 && turns[0]?.role === 'user') return system === '' ? turns[0].text : `${system}\n\n${turns[0].text}`;
  const said = turns.map(({ role, text }) => `${role === 'user' ? 'User' : 'Assistant'}: ${text}`);
  return [...(system === '' ? [] : [`${system}\n`]), ...said, 'Assistant:'].join('\n');
}
