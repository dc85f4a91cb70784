import type { Call } from '../../contract/call.ts';
import type { BedrockOptions } from '../../contract/provider-options.ts';
import { encodeSampling } from '../../dialects/anthropic/sampling.ts';
import { planThinking } from '../../dialects/anthropic/thinking.ts';
import { unsupported } from '../../dialects/params.ts';
import type { BedrockFamily } from './model-family.ts';

type ChatCall = Call<'chat' | 'stream'>;
type Fields = Record<string, unknown>;

/** How the model shall sample and reason, in the places where its maker wants that. */
export interface Inference {
  /** `inferenceConfig`. */
  readonly config: Fields;
  /** `additionalModelRequestFields`. */
  readonly fields: Fields;
  /** Claude's `output_config`, or Converse's own `outputConfig`. */
  readonly effort?: string;
  /** Claude reasons within a budget: it cannot be forced to call a tool. */
  readonly budgeted: boolean;
}

/** The API version in the sense of Anthropic's own API; Bedrock's is older than its newer rules. */
const CLAUDE_VERSION = '2023-06-01';

export function encodeInference(
  call: ChatCall,
  family: BedrockFamily,
  options: BedrockOptions,
  openToolLoop: boolean,
): Inference {
  const stops = stopSequences(call, family);
  const planned = family.claude === undefined ? others(call, family, options) : claudes(call, family, options, openToolLoop);
  return { ...planned, config: { ...planned.config, ...stops } };
}

function claudes(call: ChatCall, { claude }: BedrockFamily, options: BedrockOptions, openToolLoop: boolean): Inference {
  if (claude === undefined) return { config: {}, fields: {}, budgeted: false };
  const { thinking, top_k } = options;
  const given = { ...(thinking === undefined ? {} : { thinking }), ...(top_k === undefined ? {} : { top_k }) };
  const plan = planThinking(call, claude, given, openToolLoop);
  const sampling = encodeSampling(call, given, CLAUDE_VERSION, claude, plan.thinks);
  const wanted = maxTokensOf(call);
  const config: Fields = {};
  // a budget must be smaller than the limit, whose default nobody knows
  if (wanted !== undefined || plan.budgeted) config.maxTokens = plan.maxTokens;
  if (sampling.temperature !== undefined) config.temperature = sampling.temperature;
  if (sampling.top_p !== undefined) config.topP = sampling.top_p;
  const fields: Fields = {};
  if (plan.thinking !== undefined) fields.thinking = plan.thinking;
  if (sampling.top_k !== undefined) fields.top_k = sampling.top_k;
  return { config, fields, budgeted: plan.budgeted, ...(plan.effort === undefined ? {} : { effort: plan.effort }) };
}

function others(call: ChatCall, family: BedrockFamily, options: BedrockOptions): Inference {
  const { temperature, top_p, reasoning_effort: effort } = call.request;
  const config: Fields = {};
  const fields: Fields = {};
  const maxTokens = maxTokensOf(call);
  if (maxTokens !== undefined) config.maxTokens = maxTokens;
  if (isSet(temperature)) {
    if (temperature < 0 || temperature > 1) unsupported(call, 'temperature', `bedrock takes 0 to 1, not ${temperature}`);
    else if (!family.noSampling) config.temperature = temperature;
    else if (temperature !== 1) unsupported(call, 'temperature', 'this model has no sampling parameters');
  }
  if (isSet(top_p)) {
    if (!family.noSampling) config.topP = top_p;
    else if (top_p !== 1) unsupported(call, 'top_p', 'this model has no sampling parameters');
  }
  if (typeof options.top_k === 'number') {
    if (family.maker === 'nova') fields.inferenceConfig = { topK: options.top_k };
    else fields.top_k = options.top_k;
  }
  if (!isSet(effort)) return { config, fields, budgeted: false };
  switch (family.effort) {
    case 'reasoning_effort':
      return { config, fields: { ...fields, reasoning_effort: effort }, budgeted: false };
    case 'reasoning':
      return { config, fields: { ...fields, reasoning: { effort } }, budgeted: false };
    case 'reasoning_config': {
      const reasoningConfig = novaReasoning(effort);
      // at this effort Nova refuses a limit
      if (reasoningConfig.maxReasoningEffort === 'high') delete config.maxTokens;
      return { config, fields: { ...fields, reasoningConfig }, budgeted: false };
    }
    default:
      return { config, fields, effort, budgeted: false };
  }
}

function novaReasoning(effort: string): { readonly type: string; readonly maxReasoningEffort?: string } {
  if (effort === 'none') return { type: 'disabled' };
  const known = effort === 'minimal' ? 'low' : effort === 'low' || effort === 'medium' ? effort : 'high';
  return { type: 'enabled', maxReasoningEffort: known };
}

function stopSequences(call: ChatCall, family: BedrockFamily): { readonly stopSequences?: readonly string[] } {
  const { stop } = call.request;
  if (!isSet(stop)) return {};
  const all = typeof stop === 'string' ? [stop] : stop;
  if (family.noStops && all.length > 0) {
    unsupported(call, 'stop', 'this model takes no stop sequences');
    return {};
  }
  const visible = all.filter((sequence) => sequence.trim() !== '');
  if (visible.length < all.length) unsupported(call, 'stop', 'bedrock takes no stop sequence of white space only');
  return visible.length === 0 ? {} : { stopSequences: visible };
}

const maxTokensOf = ({ request }: ChatCall): number | undefined =>
  request.max_completion_tokens ?? request.max_tokens ?? undefined;

const isSet = <T>(value: T | null | undefined): value is T => value !== undefined && value !== null;
