import { nearest } from '../contract/check-options.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';

/** `did you mean "x"?`; `undefined` if nothing is near. */
export function didYouMean(word: string, known: Iterable<string>): string | undefined {
  const guess = nearest(word.slice(0, 64), known);
  return guess === undefined ? undefined : `did you mean "${guess}"?`;
}

const OWN_SERVER = 'a server of your own is declared as openaiCompatible({ baseURL })';

interface Names {
  readonly ids: ReadonlySet<string>;
  readonly aliases: ReadonlyMap<string, string>;
}

/** `rest` is what followed the name in a model string. */
export function unknownProvider(name: string, { ids, aliases }: Names, path: string, rest = ''): ConfigurationError {
  const guess = aliases.get(name) ?? nearest(name.slice(0, 64), [...ids, ...aliases.keys()]);
  const meant = guess === undefined ? '' : ` did you mean "${guess}${rest}"?`;
  const own = guess === undefined || path.startsWith('providers.') ? ` ${OWN_SERVER}` : '';
  return new ConfigurationError({
    message: `${path}: unknown provider "${name}";${meant}${own}`,
    code: 'unknown_provider',
    param: path,
  });
}

/** How the names of models begin, and who makes or runs them. */
const FAMILIES: Readonly<Record<string, string>> = {
  openai: 'gpt chatgpt o text dall tts whisper',
  anthropic: 'claude',
  gemini: 'gemini',
  mistral: 'mistral ministral magistral devstral codestral',
  deepseek: 'deepseek',
  xai: 'grok',
  perplexity: 'sonar',
  moonshot: 'kimi',
  zai: 'glm',
  dashscope: 'qwen',
  cohere: 'command embed rerank',
  ollama: 'llama gemma phi nomic',
};

/** The one of `providers` that a model name without a prefix belongs to, as `provider/model`. */
export function prefixed(model: string, providers: ReadonlySet<string>): string | undefined {
  const family = /^[a-z]+/.exec(model.toLowerCase())?.[0] ?? '';
  for (const [provider, families] of Object.entries(FAMILIES)) {
    if (providers.has(provider) && families.split(' ').includes(family)) return `${provider}/${model}`;
  }
  return undefined;
}
