import type { Call } from '../../contract/call.ts';
import { NotFoundError } from '../../errors/provider-errors.ts';

/** What to use instead, by a part of the old name; the first that fits. */
const SUCCESSORS: readonly (readonly [RegExp, string])[] = [
  [/gecko|embedding/, 'gemini/gemini-embedding-001'],
  [/code/, 'gemini/gemini-2.5-pro'],
  [/./, 'gemini/gemini-2.5-flash'],
];

export const RETIRED = 'Google has shut down the PaLM API; use gemini/… instead';

/** The failure of every call to a service that is gone. Nothing is sent. */
export function retired(call: Call): NotFoundError {
  const { provider, model } = call.target;
  return new NotFoundError({
    message: `"${model}": ${adviceFor(model)}`,
    provider,
    model,
    status: 404,
    code: 'model_retired',
  });
}

function adviceFor(model: string): string {
  if (/^(?:models\/)?gemini/.test(model))
    return `Gemini models are not served by the PaLM API, which is shut down; write "gemini/${model.replace(/^models\//, '')}"`;
  const successor = SUCCESSORS.find(([names]) => names.test(model))?.[1] ?? 'gemini/gemini-2.5-flash';
  return `Google has shut down the PaLM API and its models; use for example "${successor}"`;
}
