import type { Call, OperationName } from '../contract/call.ts';
import { checkOptions, nearest } from '../contract/check-options.ts';
import type { Operation } from '../contract/codec.ts';
import type { Provider, ProviderInstance } from '../contract/provider.ts';
import type { BuiltInSettings } from '../contract/provider-settings.ts';
import { settingsOption } from '../contract/provider-settings.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { ALIASES, PROVIDERS } from './registry.ts';

/**
 * A built-in provider once more, under a name of your own: another key, region or account. Errors and `route` tell that name. Of
 * `providerOptions` it reads the entry of the built-in provider and, over it, the one of its own name.
 *
 * @param provider The id of a built-in provider, for example `azure`.
 * @param settings Those of the provider. What is left out comes from the same environment variables.
 * @throws ConfigurationError for an id that is not built in, and for an unknown setting.
 * @example
 * createClient({
 *   providers: {
 *     azure_eu: providerInstance('azure', { endpoint: 'https://eu.openai.azure.com', apiKey: euKey }),
 *     azure_us: providerInstance('azure', { endpoint: 'https://us.openai.azure.com', apiKey: usKey }),
 *   },
 * });
 * // model: 'azure_eu/gpt-5'
 */
export function providerInstance(provider: string, settings: BuiltInSettings = {}): ProviderInstance {
  const base = Object.hasOwn(ALIASES, provider) ? (ALIASES[provider] as string) : provider;
  const load = Object.hasOwn(PROVIDERS, base) ? PROVIDERS[base] : undefined;
  if (load === undefined) throw unknown(provider);
  checkOptions(settingsOption, settings, 'providerInstance');
  return {
    base,
    settings: { ...settings },
    async create(context) {
      const made = (await load()).create(context);
      const operations = Object.entries(made.operations).map(([name, operation]) => [
        name,
        (call: Call) => (operation as Operation<OperationName>)(withOptionsOf(base, context.id, call)),
      ]);
      const prefill = made.prefill && ((call: Call<'stream'>) => made.prefill?.(withOptionsOf(base, context.id, call)));
      return { ...made, operations: Object.fromEntries(operations) as Provider['operations'], prefill };
    },
  };
}

/** The entry of the built-in provider holds for its instances too; they read it under either name. */
function withOptionsOf<K extends OperationName>(base: string, name: string, call: Call<K>): Call<K> {
  const { providerOptions: all } = call.request as { readonly providerOptions?: Readonly<Record<string, object | undefined>> };
  if (all?.[base] === undefined && all?.[name] === undefined) return call;
  const own = { ...all[base], ...all[name] };
  return { ...call, request: { ...call.request, providerOptions: { ...all, [base]: own, [name]: own } } };
}

function unknown(provider: string): ConfigurationError {
  const guess = nearest(String(provider), [...Object.keys(PROVIDERS), ...Object.keys(ALIASES)]);
  return new ConfigurationError({
    message: `providerInstance: no built-in provider "${provider}"${guess === undefined ? '' : `; did you mean "${guess}"?`}`,
    code: 'unknown_provider',
    param: 'providerInstance',
  });
}
