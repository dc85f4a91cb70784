import type { Call } from '../../contract/call.ts';
import { unsupported, warn } from '../../dialects/params.ts';

/** Efforts from the least to the most. */
const EFFORTS: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

/** Which efforts a family of models knows; none at all where it does not reason. Models that are not listed get what the caller said. */
const FAMILIES: readonly (readonly [models: RegExp, efforts: readonly string[]])[] = [
  [/^(?:codestral|ministral|voxtral)|^mistral-large-(?:2512|latest)/, []],
  [/^mistral-large-4/, ['low', 'medium', 'high']],
  [/^(?:mistral-(?:medium|small)|magistral)/, ['none', 'high']],
  [/^zai-glm-5/, ['low', 'high', 'max']],
];

/** The effort as the model names it: the nearest that is not less, else the most there is. */
export function encodeEffort(call: Call<'chat' | 'stream'>): string | undefined {
  const { reasoning_effort: asked } = call.request;
  if (!asked) return undefined;
  const { model, provider } = call.target;
  const known = FAMILIES.find(([models]) => models.test(model))?.[1];
  if (known === undefined || known.includes(asked)) return asked;
  if (known.length === 0) {
    if (asked !== 'none') unsupported(call, 'reasoning_effort', `${model} does not reason`);
    return undefined;
  }
  const enough = known.find((effort) => EFFORTS.indexOf(effort) >= EFFORTS.indexOf(asked)) ?? known.at(-1);
  warn(call, `${provider} has no "reasoning_effort" of ${asked} for ${model}; sent as ${enough}`);
  return enough;
}
