import type { Call } from '../../contract/call.ts';
import type { AnthropicOptions } from '../../contract/provider-options.ts';
import { unsupported, warn } from '../params.ts';
import type { ModelFamily } from './model-families.ts';

/** The part of a request that says how much the model shall think. */
export interface ThinkingPlan {
  readonly thinking?: object;
  readonly effort?: string;
  readonly maxTokens: number;
  /** Whether thinking has a budget: forced tools and sampling parameters are refused then. */
  readonly budgeted: boolean;
  /** Whether the model is asked to think at all. */
  readonly thinks: boolean;
}

/** Tokens by effort, of our own choosing; 1024 is the least that is accepted. */
const BUDGETS: Readonly<Record<string, number>> = {
  minimal: 1024,
  low: 1024,
  medium: 2048,
  high: 4096,
  xhigh: 8192,
  max: 16_384,
};
const SMALLEST_BUDGET = 1024;

/** `thinking`, effort and the output limit, from `providerOptions.anthropic.thinking`, else `reasoning_effort`. */
export function planThinking(
  call: Call<'chat' | 'stream'>,
  family: ModelFamily,
  options: AnthropicOptions,
  openToolLoop: boolean,
): ThinkingPlan {
  const { reasoning_effort: effort, max_completion_tokens, max_tokens } = call.request;
  const wanted = max_completion_tokens ?? max_tokens ?? undefined;
  const maxTokens = wanted ?? family.maxTokens;
  const off: ThinkingPlan = { maxTokens, budgeted: false, thinks: false };

  const { thinking } = options;
  if (thinking !== undefined) {
    if (thinking.type === 'enabled' && openToolLoop) return withoutBudget(call, 'thinking', off);
    if (thinking.type !== 'enabled') return { ...off, thinking, thinks: thinking.type !== 'disabled' };
    const room = wanted === undefined && maxTokens <= thinking.budget_tokens ? thinking.budget_tokens : 0;
    return { thinking, maxTokens: maxTokens + room, budgeted: true, thinks: true };
  }
  if (effort === undefined || effort === null) return off;
  if (effort === 'none') return { ...off, ...withoutThinking(family) };
  if (family.thinking === 'none') {
    unsupported(call, 'reasoning_effort', 'this model does not reason');
    return off;
  }
  if (family.thinking === 'adaptive') {
    const plan = { ...off, thinks: true, effort: nearestEffort(effort, family) };
    return { ...plan, thinking: { type: 'adaptive', display: 'summarized' } };
  }
  if (openToolLoop) return withoutBudget(call, 'reasoning_effort', off);
  return withBudget(BUDGETS[effort] ?? SMALLEST_BUDGET, wanted, family);
}

/** The API wants the thinking of the turn that called the tools, which another provider's turn does not have. */
function withoutBudget(call: Call, param: string, off: ThinkingPlan): ThinkingPlan {
  warn(call, `the tool calls to be continued carry no thinking blocks; sent without "${param}"`);
  return off;
}

function withoutThinking(family: ModelFamily): Pick<ThinkingPlan, 'thinking' | 'effort'> {
  if (family.thinking === 'none') return {};
  return family.withoutThinking === 'low' ? { effort: 'low' } : { thinking: { type: family.withoutThinking } };
}

function nearestEffort(effort: string, family: ModelFamily): string {
  if (family.efforts.includes(effort)) return effort;
  return effort === 'minimal' ? 'low' : 'high';
}

function withBudget(budget: number, wanted: number | undefined, family: ModelFamily): ThinkingPlan {
  const limit = Math.max(family.maxTokens, wanted ?? 0, budget * 2);
  const maxTokens = Math.min((wanted ?? family.maxTokens) + budget, limit);
  const budget_tokens = Math.max(SMALLEST_BUDGET, Math.min(budget, maxTokens - 1));
  return { thinking: { type: 'enabled', budget_tokens }, maxTokens, budgeted: true, thinks: true };
}
