/** What the members of a model family accept and refuse. */
export interface ModelFamily {
  /** The largest `max_tokens`; sent where the caller gave none, because the field is required. */
  readonly maxTokens: number;
  /** `temperature`, `top_p` and `top_k`: all refused; one of temperature and top_p; both. */
  readonly sampling: 'refused' | 'one' | 'both';
  /** How thinking is asked for: with an effort, with a budget of tokens, or not at all. */
  readonly thinking: 'adaptive' | 'budget' | 'none';
  /** What turns thinking off. `low`: nothing does, the lowest effort comes nearest. */
  readonly withoutThinking: 'disabled' | 'between_tools' | 'low';
  readonly efforts: readonly string[];
  /** Whether `tool_choice` may force a tool. */
  readonly forcedChoice: boolean;
  /** Whether `output_config.format` and strict tools are understood. */
  readonly structuredOutput: boolean;
  /** Whether an assistant message that ends the prompt is gone on with; since 4.6 it is refused. */
  readonly prefill: boolean;
}

const FIVE_EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'];

const CURRENT: ModelFamily = {
  maxTokens: 128_000,
  sampling: 'refused',
  thinking: 'adaptive',
  withoutThinking: 'disabled',
  efforts: FIVE_EFFORTS,
  forcedChoice: true,
  structuredOutput: true,
  prefill: false,
};
const ALWAYS_THINKING: ModelFamily = { ...CURRENT, withoutThinking: 'low' };
const FOUR_SIX: ModelFamily = { ...CURRENT, sampling: 'both', efforts: ['low', 'medium', 'high', 'max'] };
const FOUR_FIVE: ModelFamily = {
  ...CURRENT,
  maxTokens: 64_000,
  sampling: 'one',
  thinking: 'budget',
  efforts: [],
  prefill: true,
};
const OPUS_FOUR_ONE: ModelFamily = { ...FOUR_FIVE, maxTokens: 32_000 };
const THREE: ModelFamily = {
  ...FOUR_FIVE,
  maxTokens: 4096,
  sampling: 'both',
  thinking: 'none',
  structuredOutput: false,
};

/**
 * By a part of the model's id, first match wins; ids of Vertex, Bedrock and gateways contain the same parts.
 * A part ends where a word ends: the date in `fable-5-20261001` makes no `fable-5-2` of it.
 * Source: the models table of Anthropic's documentation and the types of its SDK.
 */
const FAMILIES: readonly (readonly [part: string, family: ModelFamily])[] = [
  ['opus-5-5', { ...ALWAYS_THINKING, forcedChoice: false }],
  ['sonnet-5-5', { ...CURRENT, withoutThinking: 'between_tools', forcedChoice: false }],
  ['fable-5-1', { ...ALWAYS_THINKING, forcedChoice: false }],
  ['fable-5-2', { ...ALWAYS_THINKING, forcedChoice: false }],
  ['mythos-5-1', { ...ALWAYS_THINKING, forcedChoice: false }],
  ['mythos-5-2', { ...ALWAYS_THINKING, forcedChoice: false }],
  ['fable-5', ALWAYS_THINKING],
  ['mythos', ALWAYS_THINKING],
  ['haiku-5-5', CURRENT],
  ['opus-5', CURRENT],
  ['sonnet-5', CURRENT],
  ['opus-4-8', CURRENT],
  ['opus-4-7', CURRENT],
  ['opus-4-6', FOUR_SIX],
  ['sonnet-4-6', FOUR_SIX],
  ['opus-4-5', FOUR_FIVE],
  ['sonnet-4-5', FOUR_FIVE],
  ['haiku-4-5', FOUR_FIVE],
  ['opus-4-1', OPUS_FOUR_ONE],
  ['opus-4', { ...OPUS_FOUR_ONE, structuredOutput: false }],
  ['sonnet-4', { ...FOUR_FIVE, structuredOutput: false }],
  ['claude-3-7', { ...THREE, maxTokens: 64_000, thinking: 'budget' }],
  ['claude-3-5', { ...THREE, maxTokens: 8192 }],
  ['claude-3', THREE],
  ['claude-2', THREE],
  ['claude-instant', THREE],
];

/** A Claude that is newer than the table: the current rules, but an output limit that every model has. */
const NEWER: ModelFamily = { ...CURRENT, maxTokens: 4096 };

/** Other models behind an Anthropic-compatible server: nothing is refused beforehand, only the oldest features are used. */
const FOREIGN: ModelFamily = { ...THREE, thinking: 'budget', prefill: false };

/** The family of a model, as far as the host of the model lets it. */
export function familyAt(model: string, host: { readonly structuredOutput?: boolean | undefined } | undefined): ModelFamily {
  const family = familyOf(model);
  return host?.structuredOutput === false ? { ...family, structuredOutput: false } : family;
}

/** The family of a model, by its id. */
export function familyOf(model: string): ModelFamily {
  const id = `${model.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-`;
  const known = FAMILIES.find(([part]) => id.includes(`${part}-`));
  if (known !== undefined) return known[1];
  return id.includes('claude-') ? NEWER : FOREIGN;
}
