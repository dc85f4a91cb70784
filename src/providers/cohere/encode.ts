import type { Call } from '../../contract/call.ts';
import type { ChatRequest } from '../../contract/chat.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { refuseUnknown, unsupported } from '../../dialects/params.ts';
import { encodeMessages } from './messages.ts';
import { isSet, ownFields, refuseChoices, SAMPLING, sampling } from './options.ts';

type ChatCall = Call<'chat' | 'stream'>;

const KNOWN: ReadonlySet<string> = new Set([
  ...SAMPLING,
  'messages',
  'providerOptions',
  'stream_options',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
  'logprobs',
  'modalities',
]);

/** Chat requests of Cohere's v2 API. */
export function chatEncoder<K extends 'chat' | 'stream'>(streams: boolean): (call: Call<K>) => WireMessage {
  return (call) => {
    const { request } = call;
    refuseUnknown(call, request, KNOWN);
    refuseChoices(call, request.n);
    refuseModalities(call);
    if (request.parallel_tool_calls === false) unsupported(call, 'parallel_tool_calls');
    const tools = encodeTools(call);
    const format = encodeFormat(call, tools !== undefined);
    const thinking = encodeThinking(call);
    const body = {
      model: call.target.model,
      messages: encodeMessages(call),
      stream: streams,
      ...sampling(call, 'stop_sequences'),
      ...tools,
      ...(format === undefined ? {} : { response_format: format }),
      ...(thinking === undefined ? {} : { thinking }),
      ...(request.logprobs === true ? { logprobs: true } : {}),
      ...ownFields(call),
    };
    return { path: '/v2/chat', body };
  };
}

export function refuseModalities(call: ChatCall): void {
  if (call.request.modalities?.some((modality) => modality !== 'text')) {
    unsupported(call, 'modalities', 'Cohere answers with text');
  }
}

/** Tools with the choice among them. `strict` holds for all tools at once; a tool chosen by name is sent alone. */
function encodeTools(call: ChatCall): object | undefined {
  const { tools, tool_choice: choice } = call.request;
  let strict = false;
  const encoded = (tools ?? []).flatMap((tool) => {
    if (tool.type !== 'function') {
      unsupported(call, 'tools', 'Cohere knows function tools only');
      return [];
    }
    const { strict: wanted, ...declared } = tool.function;
    strict ||= wanted === true;
    return [{ type: 'function', function: { ...declared, parameters: declared.parameters ?? NO_PARAMETERS } }];
  });
  if (encoded.length === 0) return undefined;
  const named = nameOf(call, choice);
  return {
    tools: named === undefined ? encoded : encoded.filter((tool) => tool.function.name === named),
    ...(strict ? { strict_tools: true } : {}),
    ...(named !== undefined || choice === 'required' ? { tool_choice: 'REQUIRED' } : {}),
    ...(choice === 'none' ? { tool_choice: 'NONE' } : {}),
  };
}

const NO_PARAMETERS = { type: 'object', properties: {} } as const;

function nameOf(call: ChatCall, choice: ChatRequest['tool_choice']): string | undefined {
  if (!isRecord(choice)) return undefined;
  const name: unknown = isRecord(choice.function) ? choice.function.name : undefined;
  if (typeof name === 'string') return name;
  unsupported(call, 'tool_choice', 'Cohere knows auto, none, required and one function by name');
  return undefined;
}

function encodeFormat(call: ChatCall, hasTools: boolean): object | undefined {
  const { response_format: format } = call.request;
  if (!format || format.type === 'text') return undefined;
  if (hasTools) {
    unsupported(call, 'response_format', 'Cohere gives JSON only without tools');
    return undefined;
  }
  if (format.type === 'json_object') return { type: 'json_object' };
  const { schema } = format.json_schema;
  return { type: 'json_object', ...(schema === undefined ? {} : { json_schema: schema }) };
}

/** Tokens to think with, by effort; without a number the model thinks as long as it likes. */
const BUDGETS: Readonly<Record<string, number | undefined>> = {
  minimal: 1024,
  low: 1024,
  medium: 8192,
  high: undefined,
  xhigh: undefined,
  max: undefined,
};

function encodeThinking(call: ChatCall): object | undefined {
  const { reasoning_effort: effort, max_completion_tokens, max_tokens } = call.request;
  if (!isSet(effort)) return undefined;
  if (effort === 'none') return { type: 'disabled' };
  if (typeof effort !== 'string' || !Object.hasOwn(BUDGETS, effort)) {
    unsupported(call, 'reasoning_effort', `Cohere knows none, ${Object.keys(BUDGETS).join(', ')}`);
    return undefined;
  }
  const budget = BUDGETS[effort];
  const limit = max_completion_tokens ?? max_tokens ?? Number.POSITIVE_INFINITY;
  if (budget === undefined || limit <= 1) return { type: 'enabled' };
  return { type: 'enabled', token_budget: Math.min(budget, limit - 1) };
}
