import type { Call } from '../../contract/call.ts';
import type { ChatRequest } from '../../contract/chat.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { dropHint, refuseUnknown, unsupported } from '../../dialects/params.ts';
import type { LoadedImages } from './images.ts';
import { loadImages } from './images.ts';
import { encodeMessages } from './messages.ts';
import { isSet, modelOptions, ownFields, SAMPLING } from './options.ts';

type ChatCall = Call<'chat' | 'stream'>;

const KNOWN: ReadonlySet<string> = new Set([
  ...SAMPLING,
  'messages',
  'providerOptions',
  'stream_options',
  'stop',
  'max_tokens',
  'max_completion_tokens',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
  'logprobs',
  'top_logprobs',
  'n',
  'modalities',
]);

const THINK: Readonly<Record<string, boolean | string>> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  max: 'max',
};

/** Chat requests in Ollama's form; a promise only when images must be loaded first. */
export function chatEncoder<K extends 'chat' | 'stream'>(
  streams: boolean,
): (call: Call<K>) => WireMessage | Promise<WireMessage> {
  return (call) => {
    const loaded = loadImages(call);
    return loaded instanceof Promise ? loaded.then((images) => encode(call, streams, images)) : encode(call, streams, loaded);
  };
}

function encode(call: ChatCall, streams: boolean, images: LoadedImages): WireMessage {
  const { request } = call;
  refuseUnknown(call, request, KNOWN);
  if (isSet(request.n) && request.n !== 1) unsupported(call, 'n', 'ollama gives one choice');
  if (request.modalities?.some((modality) => modality !== 'text')) unsupported(call, 'modalities', 'ollama answers with text');
  if (request.parallel_tool_calls === false) unsupported(call, 'parallel_tool_calls');
  const body: Record<string, unknown> = { model: call.target.model, messages: encodeMessages(call, images), stream: streams };
  const tools = encodeTools(call);
  if (tools !== undefined) body.tools = tools;
  const format = encodeFormat(request.response_format);
  if (format !== undefined) body.format = format;
  const think = encodeThink(call);
  if (think !== undefined) body.think = think;
  if (isSet(request.logprobs)) body.logprobs = request.logprobs;
  if (isSet(request.top_logprobs)) body.top_logprobs = request.top_logprobs;
  const options = modelOptions(call, request, request.max_completion_tokens ?? request.max_tokens);
  if (options !== undefined) body.options = options;
  return { path: '/api/chat', body: { ...body, ...ownFields(call) } };
}

function encodeTools(call: ChatCall): object[] | undefined {
  const { tools, tool_choice: choice } = call.request;
  // The server ignores tool_choice, so anything but a free choice cannot be promised.
  if (isSet(choice) && choice !== 'auto' && choice !== 'none') {
    unsupported(call, 'tool_choice', 'ollama lets the model choose: "auto" and "none" work');
  }
  if (!tools || tools.length === 0 || choice === 'none') return undefined;
  let strict = false;
  const encoded = tools.flatMap((tool) => {
    if (tool.type !== 'function') {
      unsupported(call, 'tools', 'ollama knows function tools only');
      return [];
    }
    const { strict: wanted, ...declaration } = tool.function;
    strict ||= wanted === true;
    return [{ type: 'function', function: declaration }];
  });
  if (strict) dropHint(call, 'tools.function.strict');
  return encoded.length === 0 ? undefined : encoded;
}

function encodeFormat(format: ChatRequest['response_format']): unknown {
  switch (format?.type) {
    case 'json_object':
      return 'json';
    case 'json_schema':
      return format.json_schema.schema ?? 'json';
    default:
      return undefined;
  }
}

function encodeThink(call: ChatCall): unknown {
  const effort: unknown = call.request.reasoning_effort;
  if (typeof effort !== 'string') return undefined;
  if (Object.hasOwn(THINK, effort)) return THINK[effort];
  unsupported(call, 'reasoning_effort', `ollama knows ${Object.keys(THINK).join(', ')}`);
  return undefined;
}
