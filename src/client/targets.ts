import type { TargetPool } from '../contract/pool.ts';
import type { Target } from '../contract/target.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { isObject, wrongInput } from './call-input.ts';
import { prefixed, unknownProvider } from './suggestions.ts';

/** Whom a client can speak to. */
export interface TargetBook {
  /** Ids of the built-in providers and of the client's own. */
  readonly ids: ReadonlySet<string>;
  readonly aliases: ReadonlyMap<string, string>;
  readonly defaultProvider: string | undefined;
  /** From the settings, `''` for the provider's default. */
  baseURL(provider: string): string;
  /** The built-in provider behind an instance of it. */
  base(provider: string): string | undefined;
  /** What stands under a name that is no provider's. */
  pool(name: string): TargetPool | undefined;
}

const MAX_REMEMBERED = 1000;
/** Bedrock's ARNs are the longest names. */
const MAX_NAME = 2048;

/** Reads model strings. What was read is remembered, up to a thousand strings. */
export class Targets {
  readonly #book: TargetBook;
  readonly #read = new Map<string, Target>();

  constructor(book: TargetBook) {
    this.#book = book;
  }

  /** @throws ConfigurationError for an unknown provider, or a bare model name without a default provider. */
  readonly resolve = (model: string): Target => {
    const known = this.#read.get(model);
    if (known !== undefined) return known;
    const target = this.#parse(model);
    if (this.#read.size >= MAX_REMEMBERED) this.#read.clear();
    this.#read.set(model, target);
    return target;
  };

  /** A provider without a model, for operations that concern none. */
  provider(name: string, path: string): Target {
    const provider = this.#idOf(name);
    if (provider === undefined) throw this.#unknown(name, path);
    return this.#target(provider, '');
  }

  /** @throws ConfigurationError for an entry that no provider reads. Each reads the one under its id, not under another name. */
  checkOptions(providerOptions: unknown): void {
    if (providerOptions === undefined || providerOptions === null) return;
    if (!isObject(providerOptions)) throw wrongInput('providerOptions', 'an object by provider id', providerOptions);
    for (const name in providerOptions) {
      if (!this.#book.ids.has(name)) throw unknownProvider(name, this.#book, `providerOptions.${name}`);
    }
  }

  #parse(model: string): Target {
    if (typeof model !== 'string' || model === '')
      throw wrongInput('model', 'a string such as "provider/model"', model || undefined);
    if (model.length > MAX_NAME) throw wrongModel(`"${model.slice(0, 40)}…" is too long`, 'model');
    const slash = model.indexOf('/');
    const named = slash > 0 ? this.#idOf(model.slice(0, slash)) : undefined;
    if (named !== undefined) {
      const rest = model.slice(slash + 1);
      if (rest === '') throw noModel(model, named);
      return this.#target(named, rest);
    }
    if (slash < 0 && this.#book.pool(model) !== undefined) return this.#target(model, '');
    const { defaultProvider } = this.#book;
    if (slash < 0 && defaultProvider !== undefined) return this.#target(defaultProvider, model);
    throw slash < 0 ? this.#bare(model) : this.#unknown(model.slice(0, slash), 'model', model);
  }

  #target(provider: string, model: string): Target {
    const book = this.#book;
    const base = book.base(provider);
    const pool = book.pool(provider);
    const target: Target = { provider, model, baseURL: book.baseURL(provider) };
    return base === undefined && pool === undefined ? target : { ...target, base, pool };
  }

  #idOf(name: string): string | undefined {
    const { ids, aliases } = this.#book;
    const id = ids.has(name) ? name : aliases.get(name);
    return id !== undefined && ids.has(id) ? id : undefined;
  }

  #bare(model: string): ConfigurationError {
    const provider = this.#idOf(model);
    if (provider !== undefined) return noModel(model, provider);
    const guess = prefixed(model, this.#book.ids);
    const advice = guess === undefined ? 'write "provider/model"' : `did you mean "${guess}"?`;
    return wrongModel(`"${model}" names no provider: ${advice} (or set defaultProvider)`, 'missing_provider');
  }

  #unknown(name: string, path: string, model = name): ConfigurationError {
    return unknownProvider(name, this.#book, path, model.slice(name.length));
  }
}

const noModel = (model: string, provider: string): ConfigurationError =>
  wrongModel(`"${model}" names a provider but no model; write "${provider}/<model>"`, 'model');

const wrongModel = (what: string, code: string): ConfigurationError =>
  new ConfigurationError({ message: `model: ${what}`, code, param: 'model' });
