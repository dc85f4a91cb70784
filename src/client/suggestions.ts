import { nearest } from '../contract/check-options.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { KNOWN_MODELS } from './model-ids.ts';

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

const familyOf = (model: string): string => /^[a-z]+/.exec(model.toLowerCase())?.[0] ?? '';

/** The one of `providers` that a model name without a prefix belongs to, as `provider/model`. */
export function prefixed(model: string, providers: ReadonlySet<string>): string | undefined {
  const family = familyOf(model);
  let byFamily: string | undefined;
  for (const [provider, models] of Object.entries<readonly string[]>(KNOWN_MODELS)) {
    if (!providers.has(provider)) continue;
    if (models.includes(model)) return `${provider}/${model}`;
    if (family !== '' && byFamily === undefined && models.some((known) => familyOf(known) === family)) {
      byFamily = `${provider}/${model}`;
    }
  }
  return byFamily;
}
