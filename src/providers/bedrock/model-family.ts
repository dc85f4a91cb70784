import type { Call } from '../../contract/call.ts';
import { familyOf as claudeFamilyOf, type ModelFamily } from '../../dialects/anthropic/model-families.ts';
import { optionsOf } from './options.ts';

/** What Converse must be told differently for models of one maker. */
export interface BedrockFamily {
  readonly maker: 'claude' | 'nova' | 'openai' | 'mistral' | 'other';
  /** Claude's own rules on sampling, thinking and forced tools. */
  readonly claude?: ModelFamily;
  /** Where a schema for the answer goes: Converse's field, Claude's field, or the input of a tool. */
  readonly schema: 'text_format' | 'output_config' | 'tool';
  /** Whether `strict` may stand in a tool. */
  readonly strictTools: boolean;
  /** Whether the model may take cache points; also where its name does not tell. */
  readonly cachePoints: boolean;
  /** Where the effort of reasoning goes. */
  readonly effort: 'thinking' | 'reasoning_effort' | 'reasoning' | 'reasoning_config' | 'output_config';
  /** Stop sequences are refused. */
  readonly noStops?: boolean;
  /** `temperature` and `top_p` are refused. */
  readonly noSampling?: boolean;
}

/** Claudes whose own format and strict tools Bedrock refuses. */
const NEWEST_CLAUDE = /claude-(?:opus-(?:4-[78]|5)|sonnet-5|haiku-5|fable|mythos)/;
const NO_CACHE = /(?:^|[./])(?:meta|cohere|ai21|deepseek|qwen|moonshot|minimax|zai|nvidia|google|writer|twelvelabs)\./;
const OTHER: BedrockFamily = {
  maker: 'other',
  schema: 'text_format',
  strictTools: true,
  cachePoints: true,
  effort: 'output_config',
};

/**
 * The family of a call's model by its id, with or without a region before it. An application profile's ARN hides the model:
 * then `providerOptions.bedrock.baseModel` says it.
 */
export function bedrockFamily(call: Call<'chat' | 'stream'>): BedrockFamily {
  const { baseModel } = optionsOf(call);
  return familyOfId(typeof baseModel === 'string' ? baseModel : call.target.model);
}

function familyOfId(model: string): BedrockFamily {
  const id = model.toLowerCase();
  if (id.includes('claude')) return claude(id);
  if (/\bnova\b/.test(id)) return { ...OTHER, maker: 'nova', schema: 'tool', effort: 'reasoning_config' };
  if (/openai\.|gpt-/.test(id)) {
    const open = id.includes('gpt-oss');
    return {
      ...OTHER,
      maker: 'openai',
      cachePoints: false,
      effort: open ? 'reasoning_effort' : 'reasoning',
      noStops: true,
      noSampling: !open,
    };
  }
  if (/mi[sx]tral|devstral|magistral|voxtral/.test(id)) return { ...OTHER, maker: 'mistral', cachePoints: false };
  return NO_CACHE.test(id) ? { ...OTHER, cachePoints: false } : OTHER;
}

function claude(id: string): BedrockFamily {
  const family = claudeFamilyOf(id);
  const newest = NEWEST_CLAUDE.test(id);
  return {
    maker: 'claude',
    claude: family,
    schema: family.structuredOutput && !newest ? 'output_config' : 'tool',
    strictTools: family.structuredOutput && !newest,
    cachePoints: true,
    effort: 'thinking',
  };
}

/** The model may be forced to call a tool while it is asked to reason in this way. */
export const canBeForced = ({ claude }: BedrockFamily, budgeted: boolean): boolean =>
  claude === undefined || (claude.forcedChoice && !budgeted);
