import type { Call } from '../../contract/call.ts';
import type { ChatMessageParam } from '../../contract/chat.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { chatEncoder } from '../../dialects/openai/encode.ts';
import { hostQuirks } from '../../dialects/openai/quirks.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';

type ChatCall = Call<'chat' | 'stream'>;
type Body = Record<string, unknown>;

/** What the native routes know of openai's parameters: their names are the same. */
const QUIRKS = hostQuirks({
  lacks: ['n', 'logit_bias', 'logprobs', 'top_logprobs', 'user', 'parallel_tool_calls', 'verbosity', 'reasoning_effort', 'stop'],
  strictTools: 'drop',
  streamOptions: false,
});

const encodeWhole = chatEncoder<'chat'>(QUIRKS, false);
const encodeStreamed = chatEncoder<'stream'>(QUIRKS, true);

/** The native form: no model in the body, text as content, a bare schema. The slashes of the model stay in the path. */
export function encodeRun(call: ChatCall, prefix: string, streams: boolean): WireMessage {
  const encoded = streams ? encodeStreamed(call as Call<'stream'>) : encodeWhole(call as Call<'chat'>);
  const { model: _, ...body } = encoded.body as Body;
  body.messages = (body.messages as readonly ChatMessageParam[]).map(plainMessage);
  const format = body.response_format;
  if (isRecord(format) && format.type === 'json_schema' && isRecord(format.json_schema)) {
    body.response_format = { type: 'json_schema', json_schema: format.json_schema.schema ?? format.json_schema };
  }
  return { path: pathOf(call, prefix), body };
}

const pathOf = ({ target }: Call, prefix: string): string =>
  prefix +
  target.model
    .split('/')
    .map((part) => encodeURIComponent(part).replace(/^%40/, '@'))
    .join('/');

/** Older models take no null and no parts where they are text alone. */
function plainMessage(message: ChatMessageParam): object {
  const { content } = message;
  if (content === null || content === undefined) return { ...message, content: '' };
  if (!Array.isArray(content)) return message;
  const parts: readonly unknown[] = content;
  if (!parts.every((part) => isRecord(part) && part.type === 'text')) return message;
  return { ...message, content: parts.map((part) => (part as { text: string }).text).join('') };
}

const EMBED_KNOWN: ReadonlySet<string> = new Set(['input', 'encoding_format', 'providerOptions']);

export function encodeRunEmbeddings(call: Call<'embed'>, prefix: string): WireMessage {
  refuseUnknown(call, call.request, EMBED_KNOWN);
  const input: unknown = call.request.input;
  if (Array.isArray(input) && input.some((item) => typeof item !== 'string')) {
    unsupported(call, 'input', 'Workers AI reads text, not token numbers');
  }
  const options = call.request.providerOptions;
  const own = options !== undefined && Object.hasOwn(options, 'cloudflare') ? options.cloudflare : undefined;
  return { path: pathOf(call, prefix), body: { text: input, ...own } };
}
