import type { Call } from '../../contract/call.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { dropHint, refuseUnknown, unsupported, warn } from '../../dialects/params.ts';
import { encodeMessages } from './messages.ts';
import { encodeEffort } from './reasoning-effort.ts';

type ChatCall = Call<'chat' | 'stream'>;

/** Parameters that Mistral takes as they are. Its schema is closed: whatever is not here or made below is not sent. */
const SAME = [
  'top_p',
  'stop',
  'n',
  'frequency_penalty',
  'presence_penalty',
  'prediction',
  'metadata',
  'prompt_cache_key',
] as const;

const KNOWN: ReadonlySet<string> = new Set([
  ...SAME,
  'messages',
  'providerOptions',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'seed',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
  'service_tier',
  'modalities',
]);

const HOTTEST = 1.5;

export function chatEncoder<K extends 'chat' | 'stream'>(streams: boolean): (call: Call<K>) => WireMessage {
  return (call) => {
    const { request } = call;
    refuseUnknown(call, request, KNOWN);
    if (request.modalities?.some((modality) => modality !== 'text')) unsupported(call, 'modalities', 'Mistral answers with text');
    const body: Record<string, unknown> = { model: call.target.model, messages: encodeMessages(call) };
    for (const param of SAME) if (isSet(request[param])) body[param] = request[param];
    const limit = request.max_completion_tokens ?? request.max_tokens;
    if (isSet(limit)) body.max_tokens = limit;
    if (isSet(request.seed)) body.random_seed = request.seed;
    Object.assign(body, temperatureOf(call), toolsOf(call), tierOf(call));
    // greedy sampling leaves a nucleus nothing to choose, and is refused together with one
    if (body.temperature === 0) delete body.top_p;
    if (isSet(request.response_format)) body.response_format = request.response_format;
    const effort = encodeEffort(call);
    if (effort !== undefined) body.reasoning_effort = effort;
    if (streams) body.stream = true;
    return { path: '/v1/chat/completions', body: { ...body, ...ownFields(call) } };
  };
}

export const isSet = (value: unknown): boolean => value !== undefined && value !== null;

export function temperatureOf(call: Call): { temperature?: number } {
  const { temperature } = call.request as { readonly temperature?: number | null };
  if (temperature === undefined || temperature === null) return {};
  if (temperature <= HOTTEST) return { temperature };
  warn(call, `${call.target.provider} takes no "temperature" of ${temperature}; sent as ${HOTTEST}`);
  return { temperature: HOTTEST };
}

/** Tools with what may only be said along with them. */
function toolsOf(call: ChatCall): object {
  const { tools, tool_choice: choice, parallel_tool_calls: parallel } = call.request;
  const encoded = (tools ?? []).flatMap((tool) => {
    if (tool.type !== 'function') {
      unsupported(call, 'tools', 'Mistral knows function tools only');
      return [];
    }
    const { parameters = { type: 'object', properties: {} }, ...declared } = tool.function;
    return [{ type: 'function', function: { ...declared, parameters } }];
  });
  if (encoded.length === 0) return {};
  return {
    tools: encoded,
    ...(isSet(choice) ? choiceOf(call, choice) : {}),
    ...(isSet(parallel) ? { parallel_tool_calls: parallel } : {}),
  };
}

function choiceOf(call: ChatCall, choice: unknown): object {
  if (choice === 'required') return { tool_choice: 'any' };
  if (typeof choice === 'string' || (isRecord(choice) && isRecord(choice.function))) return { tool_choice: choice };
  unsupported(call, 'tool_choice', 'Mistral knows auto, none, required and one function by name');
  return {};
}

const TIERS: Readonly<Record<string, string>> = { default: 'standard', standard: 'standard', priority: 'priority' };

function tierOf(call: ChatCall): object {
  const tier: unknown = call.request.service_tier;
  if (typeof tier !== 'string' || tier === 'auto') return {};
  if (Object.hasOwn(TIERS, tier)) return { service_tier: TIERS[tier] };
  dropHint(call, 'service_tier');
  return {};
}

/** The fields that a caller gave for this provider alone: `safe_prompt`, `guardrails`, `prompt_mode` … */
export function ownFields(call: Call): Readonly<Record<string, unknown>> {
  const all = (call.request as { readonly providerOptions?: Readonly<Record<string, unknown>> }).providerOptions;
  const { provider } = call.target;
  const own = isRecord(all) && Object.hasOwn(all, provider) ? all[provider] : undefined;
  return isRecord(own) ? own : {};
}
