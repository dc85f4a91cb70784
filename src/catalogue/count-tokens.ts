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

export function countTokens({ model }: ModelTarget, request: object): MaybePromise<number> {
  const family = familyOf(model);
  const count = tokenizerFor(family.encoding);
  if (count instanceof Promise) return count.then((loaded) => promptTokens(model, request, family, loaded));
  return promptTokens(model, request, family, count);
}

export function estimateTokens({ model }: ModelTarget, request: object): number {
  return promptTokens(model, request, familyOf(model), estimateText);
}

/** For an attempt that told no counts: its prompt, and what had been written when it ended. */
export function estimateUsage(target: ModelTarget, request: object, written: PartialOutput | null): TokenCounts {
  const prompt = estimateTokens(target, request);
  const texts = written === null ? [] : [written.content, written.reasoning_content, ...calls(written)];
  const completion = Math.ceil(textTokens(texts, estimateText) * familyOf(target.model).ratio);
  return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
}

const calls = ({ tool_calls }: PartialOutput): string[] => tool_calls.flatMap((call) => [call.name, call.arguments]);

function promptTokens(model: string, request: object, family: ModelFamily, count: CountText): number {
  try {
    const { texts, tokens }: PromptParts = partsOf(request, model, family);
    return Math.ceil(tokens + textTokens(texts, count) * family.ratio);
  } catch {
    // a schema that is no JSON, or an object with getters that throw; the provider's encoder will say so
    return 0;
  }
}

function textTokens(texts: readonly string[], count: CountText): number {
  let total = 0;
  for (const text of texts) total += text.length;
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
