import type { Call } from '../../contract/call.ts';
import type { OllamaOptions } from '../../contract/provider-options.ts';
import { isRecord } from '../../dialects/chat-rules.ts';

/** Parameters that Ollama has under the same name in `options`. */
export const SAMPLING: readonly string[] = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'seed',
  'presence_penalty',
  'frequency_penalty',
];

/** The `options` of a request: sampling parameters and limits, overridden by `providerOptions.ollama.options`. */
export function modelOptions(call: Call, request: object, maxTokens: unknown): Record<string, unknown> | undefined {
  const given = request as Readonly<Record<string, unknown>>;
  const options: Record<string, unknown> = {};
  for (const name of SAMPLING) if (isSet(given[name])) options[name] = given[name];
  if (isSet(given.stop)) options.stop = Array.isArray(given.stop) ? given.stop : [given.stop];
  if (isSet(maxTokens)) options.num_predict = maxTokens;
  Object.assign(options, ownOptions(call).options);
  return Object.keys(options).length === 0 ? undefined : options;
}

/** The fields of `providerOptions.ollama` that go to the top level of the body. */
export function ownFields(call: Call): Record<string, unknown> {
  const { options: _, ...fields } = ownOptions(call);
  return fields;
}

export const isSet = (value: unknown): boolean => value !== undefined && value !== null;

function ownOptions(call: Call): OllamaOptions {
  const all = (call.request as { readonly providerOptions?: Readonly<Record<string, unknown>> }).providerOptions;
  if (!isRecord(all)) return {};
  // `ollama_chat` is another name of the same provider
  const name = [call.target.provider, 'ollama'].find((id) => Object.hasOwn(all, id));
  const own = name === undefined ? undefined : all[name];
  return isRecord(own) ? own : {};
}
