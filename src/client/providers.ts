import type { Call } from '../contract/call.ts';
import { headerEntries } from '../contract/headers.ts';
import type { TargetPool } from '../contract/pool.ts';
import { isPool } from '../contract/pool.ts';
import type { ConnectionSpec, Provider, ProviderDefinition, ProviderInstance, ProviderSettings } from '../contract/provider.ts';
import type { BuiltInSettings } from '../contract/provider-settings.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { AbortError } from '../errors/wire-errors.ts';
import { ALIASES, PROVIDERS } from '../providers/registry.ts';
import type { ConnectionEnvironment } from '../wire/connection.ts';
import { createConnection } from '../wire/connection.ts';
import { unknownProvider } from './suggestions.ts';
import type { TargetBook } from './targets.ts';

/** Settings by provider id, or under a name of your own: a provider, another instance of a built-in one, or a pool of several. */
export type ProviderEntry = BuiltInSettings | ProviderDefinition | ProviderInstance | TargetPool;

/** What all connections of a client share. */
export type SharedEnvironment = Omit<ConnectionEnvironment, 'provider'>;

type Made = ProviderDefinition | ProviderInstance;

export const isMade = (entry: unknown): entry is Made => typeof (entry as Partial<Made> | null)?.create === 'function';

const environment = (name: string): string | undefined => {
  const value = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env?.[name];
  return value === undefined || value === '' ? undefined : value;
};

/** The providers of one client: each is loaded and made at its first call and kept until the client ends. */
export class Providers implements TargetBook {
  readonly ids: ReadonlySet<string>;
  readonly aliases: ReadonlyMap<string, string> = new Map(Object.entries(ALIASES));
  readonly defaultProvider: string | undefined;
  readonly #settings = new Map<string, ProviderSettings>();
  readonly #definitions = new Map<string, Made>();
  readonly #pools = new Map<string, TargetPool>();
  readonly #made = new Map<string, Provider | Promise<Provider>>();
  readonly #environment: SharedEnvironment;
  #closed = false;

  /** @throws ConfigurationError for ids that are neither built in nor providers of your own. */
  constructor(
    entries: Readonly<Record<string, ProviderEntry | undefined>>,
    defaultProvider: string | undefined,
    shared: SharedEnvironment,
  ) {
    this.#environment = shared;
    const ids = new Set(Object.keys(PROVIDERS));
    for (const [name, entry] of Object.entries(entries)) {
      if (entry === undefined || !(isMade(entry) || isPool(entry))) continue;
      ids.add(checkedName(name));
      if (isPool(entry)) this.#pools.set(name, entry);
      else this.#definitions.set(name, entry);
      if (isMade(entry) && entry.settings !== undefined) this.#settings.set(name, entry.settings);
    }
    this.ids = ids;
    for (const [name, entry] of Object.entries(entries)) {
      if (entry !== undefined && !isMade(entry) && !isPool(entry)) this.#addSettings(name, entry);
    }
    if (defaultProvider !== undefined) this.defaultProvider = this.#idOf(defaultProvider, 'defaultProvider');
  }

  baseURL(provider: string): string {
    return this.#settings.get(provider)?.baseURL ?? '';
  }

  base(provider: string): string | undefined {
    const definition = this.#definitions.get(provider);
    return definition !== undefined && 'base' in definition ? definition.base : undefined;
  }

  /** Whether the user has made it. */
  isOwn(provider: string): boolean {
    return this.#definitions.has(provider);
  }

  pool(name: string): TargetPool | undefined {
    return this.#pools.get(name);
  }

  /** The `timeout` of a provider's settings. */
  timeout(provider: string): number | undefined {
    return this.#settings.get(provider)?.timeout;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** A promise only at the first call to a provider. */
  get(id: string): Provider | Promise<Provider> {
    const made = this.#made.get(id);
    if (made !== undefined) return made;
    const making = this.#make(id).then(
      (provider) => {
        this.#made.set(id, provider);
        return provider;
      },
      (error: unknown) => {
        this.#made.delete(id);
        throw error;
      },
    );
    this.#made.set(id, making);
    return making;
  }

  /** Calls that are still on their way find no provider any more. */
  close(): void {
    this.#closed = true;
    this.#made.clear();
  }

  async #make(id: string): Promise<Provider> {
    if (this.#pools.has(id)) throw unchosen(id);
    const definition = this.#definitions.get(id) ?? (await PROVIDERS[id]?.());
    if (definition === undefined) throw new ConfigurationError({ message: `unknown provider "${id}"`, code: 'unknown_provider' });
    const settings = this.#settings.get(id) ?? {};
    const headers = [...headerEntries(this.#environment.headers), ...headerEntries(settings.headers ?? {})];
    return definition.create({
      id,
      settings,
      env: environment,
      connect: (spec: ConnectionSpec) => createConnection(spec, { ...this.#environment, provider: id, headers }),
    });
  }

  #addSettings(name: string, settings: BuiltInSettings): void {
    const id = this.#idOf(name, `providers.${name}`);
    if (this.#settings.has(id)) {
      throw new ConfigurationError({
        message: `providers.${name}: "${name}" is another name of "${id}", which has settings already; give them once`,
        code: 'wrong_option',
        param: `providers.${name}`,
      });
    }
    this.#settings.set(id, { ...settings });
  }

  #idOf(name: string, path: string): string {
    const id = this.ids.has(name) ? name : this.aliases.get(name);
    if (id !== undefined && this.ids.has(id)) return id;
    throw unknownProvider(name, this, path);
  }
}

const unchosen = (pool: string): ConfigurationError =>
  new ConfigurationError({
    message: `"${pool}" is a pool, of which the fallback layer takes a member (for everything but lists of models): put fallback([]) into createClient.use`,
    provider: pool,
    code: 'pool_without_fallback',
    param: 'createClient.use',
  });

export const closedClient = (): ConfigurationError =>
  new ConfigurationError({ message: 'the client was closed; make a new one with createClient', code: 'client_closed' });

/** For a call that the end of its client interrupts. */
export const closedUnder = ({ target: { provider, model } }: Call): AbortError =>
  new AbortError({ message: 'the client was closed while the call was running', provider, model, code: 'client_closed' });

function checkedName(name: string): string {
  if (/^[\w-]+$/.test(name)) return name;
  throw new ConfigurationError({
    message: `providers.${name}: the name of a provider may hold letters, digits, "-" and "_" only`,
    code: 'wrong_option',
    param: `providers.${name}`,
  });
}
