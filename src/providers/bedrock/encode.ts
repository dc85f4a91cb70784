import type { Call } from '../../contract/call.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { dropHint, refuseUnknown, unsupported } from '../../dialects/params.ts';
import { type Block, CachePoints } from './cache-points.ts';
import { encodeInference } from './inference.ts';
import type { LoadedMedia } from './media.ts';
import { loadMedia } from './media.ts';
import { encodeConversation } from './messages.ts';
import { bedrockFamily, canBeForced } from './model-family.ts';
import { modelPath, optionsOf } from './options.ts';
import { answerTool, encodeFormat, formatInstruction, withJSONTool } from './output-format.ts';
import { allowForcing, encodeToolConfig, encodeTools } from './tools.ts';

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
  'service_tier',
  'metadata',
  'n',
  'logprobs',
  'frequency_penalty',
  'presence_penalty',
  'logit_bias',
  'modalities',
]);

const EVENT_STREAM = { accept: 'application/vnd.amazon.eventstream' } as const;
const TIERS: ReadonlySet<string> = new Set(['default', 'flex', 'priority', 'reserved']);

/** Chat requests for Converse; a promise only when images must be loaded first. */
export function converseEncoder<K extends 'chat' | 'stream'>(
  streams: boolean,
): (call: Call<K>) => WireMessage | Promise<WireMessage> {
  return (call) => {
    const loaded = loadMedia(call);
    return loaded instanceof Promise ? loaded.then((media) => encode(call, streams, media)) : encode(call, streams, loaded);
  };
}

function encode(call: ChatCall, streams: boolean, loaded: LoadedMedia): WireMessage {
  const { request } = call;
  refuseUnknown(call, request, KNOWN);
  refuseForeign(call);
  const options = optionsOf(call);
  const { baseModel, thinking, top_k, betas, inferenceConfig, additionalModelRequestFields, requestMetadata, ...further } =
    options;
  const family = bedrockFamily(call);
  const marks = new CachePoints(call, family.cachePoints);

  const asked = encodeTools(call, family, marks);
  const answersThroughTool = answerTool(call) !== undefined;
  const conversation = encodeConversation(call, {
    maker: family.maker,
    marks,
    loaded,
    hasTools: asked.tools.length > 0 || answersThroughTool,
  });
  const inference = encodeInference(call, family, options, conversation.openToolLoop);
  if (answersThroughTool && inference.budgeted) unsupported(call, 'response_format', 'not while this model reasons');
  const plan = answersThroughTool && !inference.budgeted ? withJSONTool(call, asked) : asked;
  const choice = allowForcing(call, plan.choice, canBeForced(family, inference.budgeted));
  const { toolConfig, claudeFields } = encodeToolConfig(call, { ...plan, choice }, family);
  const { outputConfig, claudeFormat } = encodeFormat(call, family);
  const effort = inference.effort === undefined ? {} : { effort: inference.effort };
  const claudeOutput = { ...(family.claude === undefined ? {} : effort), ...(claudeFormat ? { format: claudeFormat } : {}) };

  const body = {
    messages: conversation.messages,
    ...section('system', withInstruction(conversation.system, formatInstruction(call, family))),
    ...(toolConfig === undefined ? {} : { toolConfig }),
    ...section('inferenceConfig', { ...inference.config, ...inferenceConfig }),
    ...section('additionalModelRequestFields', {
      ...inference.fields,
      ...claudeFields,
      ...section('output_config', claudeOutput),
      ...(Array.isArray(betas) && betas.length > 0 ? { anthropic_beta: betas } : {}),
      ...additionalModelRequestFields,
    }),
    ...section('outputConfig', { ...outputConfig, ...(family.claude === undefined ? effort : {}) }),
    ...serviceTier(call),
    ...section('requestMetadata', { ...metadataOf(call), ...requestMetadata }),
    ...further,
  };
  const path = modelPath(call, streams ? 'converse-stream' : 'converse');
  return streams ? { path, body, headers: EVENT_STREAM } : { path, body };
}

/** A field that is left out when there is nothing in it. */
const section = (name: string, value: object): object => (Object.keys(value).length === 0 ? {} : { [name]: value });

const withInstruction = (system: readonly Block[], instruction: string | undefined): readonly Block[] =>
  instruction === undefined ? system : [...system, { text: instruction }];

/** Parameters of openai's that do not exist here, unless their value changes nothing. */
function refuseForeign(call: ChatCall): void {
  const { n, logprobs, frequency_penalty, presence_penalty, logit_bias, modalities } = call.request;
  if (n !== undefined && n !== null && n !== 1) unsupported(call, 'n', 'bedrock gives one answer');
  if (logprobs) unsupported(call, 'logprobs');
  if (frequency_penalty) unsupported(call, 'frequency_penalty');
  if (presence_penalty) unsupported(call, 'presence_penalty');
  if (logit_bias && Object.keys(logit_bias).length > 0) unsupported(call, 'logit_bias');
  if (modalities?.some((modality) => modality !== 'text')) unsupported(call, 'modalities', 'bedrock answers with text');
}

function serviceTier(call: ChatCall): object {
  const tier: unknown = call.request.service_tier;
  if (tier === undefined || tier === null || tier === 'auto') return {};
  if (typeof tier === 'string' && TIERS.has(tier)) return { serviceTier: { type: tier } };
  dropHint(call, 'service_tier');
  return {};
}

function metadataOf({ request: { metadata } }: ChatCall): Record<string, unknown> {
  return isRecord(metadata) ? metadata : {};
}
