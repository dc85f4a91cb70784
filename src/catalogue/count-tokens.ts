import type { ModelTarget, TokenCounts } from '../contract/catalogue.ts';
import type { MaybePromise } from '../contract/store.ts';
import type { PartialOutput } from '../errors/partial.ts';
import type { ModelFamily } from './model-family.ts';
import { familyOf } from './model-family.ts';
import type { PromptParts } from './prompt-parts.ts';
import { partsOf } from './prompt-parts.ts';
import type { CountText } from './tokenizer.ts';
import { estimateText, tokenizerFor } from './tokenizer.ts';

/** Longer prompts are counted by samples, so that none holds up the process for more than some 20 ms. */
const COUNTED_WHOLE = 200_000;
const SAMPLES = 48;
const SAMPLE = 4096;

/** No text of a language has more tokens for a character; strings of rare symbols have. */
const MOST_PER_CHARACTER = 2;
/** The estimate is off by no more than this factor, upwards or downwards. */
const ESTIMATE_ERROR = 1.5;

export function countTokens({ model }: ModelTarget, request: object, room?: number): MaybePromise<number> {
  const family = familyOf(model);
  const parts = partsIn(request, model, family);
  if (room !== undefined) {
    const most = parts.tokens + charactersOf(parts.texts) * MOST_PER_CHARACTER * family.ratio;
    if (most <= room) return Math.ceil(most);
    const estimate = tokensOf(parts, family, estimateText);
    if (estimate * ESTIMATE_ERROR <= room || estimate > room * ESTIMATE_ERROR) return estimate;
  }
  const count = tokenizerFor(family.encoding);
  if (count instanceof Promise) return count.then((loaded) => tokensOf(parts, family, loaded));
  return tokensOf(parts, family, count);
}

export function estimateTokens({ model }: ModelTarget, request: object): number {
  const family = familyOf(model);
  return tokensOf(partsIn(request, model, family), family, estimateText);
}

/** For an attempt that told no counts: its prompt, and what had been written when it ended. */
export function estimateUsage(target: ModelTarget, request: object, written: PartialOutput | null): TokenCounts {
  const prompt = estimateTokens(target, request);
  const texts = written === null ? [] : [written.content, written.reasoning_content, ...calls(written)];
  const completion = Math.ceil(textTokens(texts, estimateText) * familyOf(target.model).ratio);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

const calls = ({ tool_calls }: PartialOutput): string[] => tool_calls.flatMap((call) => [call.name, call.arguments]);

function partsIn(request: object, model: string, family: ModelFamily): PromptParts {
  try {
    return partsOf(request, model, family);
  } catch {
    // a schema that is no JSON, or an object with getters that throw; the provider's encoder will say so
    return { texts: [], tokens: 0 };
  }
}

const tokensOf = ({ texts, tokens }: PromptParts, { ratio }: ModelFamily, count: CountText): number =>
  Math.ceil(tokens + textTokens(texts, count) * ratio);

const charactersOf = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + text.length, 0);

function textTokens(texts: readonly string[], count: CountText): number {
  const total = charactersOf(texts);
  if (total > COUNTED_WHOLE) return sampled(texts, total, count);
  let tokens = 0;
  for (const text of texts) tokens += count(text);
  return tokens;
}

/** Pieces from evenly spread places stand for the whole. */
function sampled(texts: readonly string[], total: number, count: CountText): number {
  let tokens = 0;
  let characters = 0;
  let index = 0;
  let before = 0;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const at = Math.floor((total * sample) / SAMPLES);
    while (index < texts.length - 1 && at >= before + (texts[index]?.length ?? 0)) before += texts[index++]?.length ?? 0;
    const piece = texts[index]?.slice(at - before, at - before + SAMPLE) ?? '';
    tokens += count(piece);
    characters += piece.length;
  }
  return characters === 0 ? 0 : (tokens / characters) * total;
}
