import type { Call } from '../../contract/call.ts';
import { isRecord, textOf } from '../../dialects/chat-rules.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';

type ChatCall = Call<'chat' | 'stream'>;

const SAME_NAME = [
  'temperature',
  'top_p',
  'n',
  'stop',
  'seed',
  'user',
  'logit_bias',
  'presence_penalty',
  'frequency_penalty',
  'stream_options',
  'suffix',
  'echo',
  'best_of',
  'providerOptions',
] as const;

const KNOWN: ReadonlySet<string> = new Set([
  ...SAME_NAME,
  'messages',
  'max_tokens',
  'max_completion_tokens',
  'logprobs',
  'top_logprobs',
]);

/** Parameters of chat that text completions have no counterpart for. */
export const LACKS: readonly string[] = [
  'reasoning_effort',
  'response_format',
  'modalities',
  'verbosity',
  'prediction',
  'audio',
  'web_search_options',
];

const MOST_LOGPROBS = 5;

/** A chat request as the request of a text completion. */
export function completionRequest(call: ChatCall, separator: string): Record<string, unknown> {
  const { request } = call;
  refuseUnknown(call, withoutNeutral(request), KNOWN);
  const given = request as unknown as Readonly<Record<string, unknown>>;
  const body: Record<string, unknown> = { prompt: promptOf(call, separator) };
  for (const name of SAME_NAME) if (given[name] !== undefined && given[name] !== null) body[name] = given[name];
  const limit = request.max_completion_tokens ?? request.max_tokens;
  if (typeof limit === 'number') body.max_tokens = limit;
  if (request.logprobs === true) body.logprobs = Math.min(MOST_LOGPROBS, Math.max(1, request.top_logprobs ?? 1));
  return body;
}

/** A single user message word for word; several messages joined. Base models get no labels of roles. */
function promptOf(call: ChatCall, separator: string): string {
  const texts = call.request.messages.map((message, index) => {
    const { content, role } = message;
    if (role === 'tool' || role === 'function' || ('tool_calls' in message && message.tool_calls?.length))
      unsupported(call, 'tools', 'a text completion calls no tools');
    if (Array.isArray(content)) {
      for (const [position, part] of content.entries()) {
        if (!isRecord(part) || part.type === 'text' || part.type === 'refusal') continue;
        const place = `messages[${index}].content[${position}]`;
        unsupported(call, String(part.type ?? 'content part'), `${place} is not text, all that a text completion reads`);
      }
    }
    return textOf(content);
  });
  return texts.filter((text) => text !== '').join(separator);
}

/** Values that ask for what happens anyway. */
function withoutNeutral(request: object): object {
  const kept = Object.entries(request).filter(([name, value]) => {
    if (name === 'response_format') return !(isRecord(value) && value.type === 'text');
    if (name === 'modalities') return !(Array.isArray(value) && value.every((modality) => modality === 'text'));
    return value !== false && !(Array.isArray(value) && value.length === 0);
  });
  return Object.fromEntries(kept);
}
