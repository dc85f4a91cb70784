import type { Call } from '../../contract/call.ts';
import type { AnthropicOptions } from '../../contract/provider-options.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../chat-rules.ts';
import { dropHint, refuseUnknown, unsupported } from '../params.ts';
import { type Block, CacheMarks } from './cache.ts';
import { encodeConversation } from './messages.ts';
import { familyAt } from './model-families.ts';
import { answersThroughTool, encodeFormat, formatInstruction, withJSONTool } from './output-format.ts';
import type { Placement } from './placement.ts';
import { encodeSampling } from './sampling.ts';
import { planThinking } from './thinking.ts';
import { allowForcing, encodeTools } from './tools.ts';

type ChatCall = Call<'chat' | 'stream'>;

const KNOWN: ReadonlySet<string> = new Set([
  'messages',
  'providerOptions',
  'max_tokens',
  'max_completion_tokens',
  'stop',
  'stream_options',
  'temperature',
  'top_p',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'response_format',
  'reasoning_effort',
  'user',
  'safety_identifier',
  'service_tier',
  'web_search_options',
  'prompt_cache_options',
  'n',
  'logprobs',
  'frequency_penalty',
  'presence_penalty',
  'logit_bias',
  'modalities',
]);

const FAST_MODE_BETA = 'fast-mode-2026-02-01';

/** A chat request as a Messages API request. */
export function encodeChat(call: ChatCall, placement: Placement, stream: boolean): WireMessage {
  const { request } = call;
  refuseUnknown(call, request, KNOWN);
  refuseForeign(call);
  const given = request.providerOptions?.[call.target.provider];
  const options: AnthropicOptions = isRecord(given) ? given : {};
  const { thinking: _thinking, top_k: _topK, betas, version, tools: native, output_config, metadata, ...further } = options;
  const family = familyAt(call.target.model, placement);

  const marks = new CacheMarks(call);
  const asked = encodeTools(call, family, native, marks);
  const conversation = encodeConversation(call, marks);
  marks.finish();
  const thought = planThinking(call, family, options, conversation.openToolLoop);
  const throughTool = answersThroughTool(call, family) && !thought.budgeted;
  if (answersThroughTool(call, family) && !throughTool) unsupported(call, 'response_format', 'not while this model reasons');
  const { tools, choice: chosen } = throughTool ? withJSONTool(call, asked) : asked;
  const choice = allowForcing(call, chosen, family.forcedChoice && !thought.budgeted);
  const format = encodeFormat(call, family);
  const outputConfig = {
    ...(thought.effort === undefined ? {} : { effort: thought.effort }),
    ...(format === undefined ? {} : { format }),
    ...(isRecord(output_config) ? output_config : {}),
  };
  const tier = serviceTier(call);
  const system = encodeSystem(conversation.system, formatInstruction(call));
  const user = request.safety_identifier ?? request.user;

  const body = {
    model: call.target.model,
    max_tokens: thought.maxTokens,
    ...(system === undefined ? {} : { system }),
    messages: conversation.messages,
    ...(tools.length === 0 ? {} : { tools }),
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(thought.thinking === undefined ? {} : { thinking: thought.thinking }),
    ...(Object.keys(outputConfig).length === 0 ? {} : { output_config: outputConfig }),
    ...encodeSampling(call, options, placement.version, family, thought.thinks),
    ...stopSequences(call),
    ...(user || isRecord(metadata)
      ? { metadata: { ...(user ? { user_id: user } : {}), ...(isRecord(metadata) ? metadata : {}) } }
      : {}),
    ...tier.fields,
    ...further,
    ...(stream ? { stream: true } : {}),
  };
  const wanted = [...(Array.isArray(betas) ? betas : []), ...tier.betas];
  return placement.place(body, {
    model: call.target.model,
    stream,
    betas: wanted,
    version: typeof version === 'string' ? version : undefined,
  });
}

function encodeSystem(blocks: readonly Block[], instruction: string | undefined): string | readonly Block[] | undefined {
  const all = instruction === undefined ? blocks : [...blocks, { type: 'text', text: instruction }];
  const [first] = all;
  if (first === undefined) return undefined;
  return all.length === 1 && first.type === 'text' && first.cache_control === undefined ? String(first.text) : all;
}

/** Parameters of openai's that do not exist here, unless their value changes nothing. */
function refuseForeign(call: ChatCall): void {
  const { n, logprobs, frequency_penalty, presence_penalty, logit_bias, modalities } = call.request;
  if (n !== undefined && n !== null && n !== 1) unsupported(call, 'n', 'anthropic gives one answer');
  if (logprobs) unsupported(call, 'logprobs');
  if (frequency_penalty) unsupported(call, 'frequency_penalty');
  if (presence_penalty) unsupported(call, 'presence_penalty');
  if (logit_bias && Object.keys(logit_bias).length > 0) unsupported(call, 'logit_bias');
  if (modalities?.some((modality) => modality !== 'text')) unsupported(call, 'modalities', 'anthropic answers with text');
}

function stopSequences(call: ChatCall): { stop_sequences?: readonly string[] } {
  const { stop } = call.request;
  if (stop === undefined || stop === null) return {};
  const all = typeof stop === 'string' ? [stop] : stop;
  const visible = all.filter((sequence) => sequence.trim() !== '');
  if (visible.length < all.length) unsupported(call, 'stop', 'anthropic takes no stop sequence of white space only');
  return visible.length === 0 ? {} : { stop_sequences: visible };
}

function serviceTier(call: ChatCall): { readonly fields: object; readonly betas: readonly string[] } {
  const { service_tier: tier } = call.request;
  if (tier === undefined || tier === null) return { fields: {}, betas: [] };
  if (tier === 'auto' || tier === 'priority') return { fields: { service_tier: 'auto' }, betas: [] };
  if (tier === 'default') return { fields: { service_tier: 'standard_only' }, betas: [] };
  if (tier === 'fast') return { fields: { speed: 'fast' }, betas: [FAST_MODE_BETA] };
  dropHint(call, 'service_tier');
  return { fields: {}, betas: [] };
}
