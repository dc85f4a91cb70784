import type { Call, OperationName } from '../../contract/call.ts';
import { withKeyFor } from '../../contract/idempotency.ts';
import type { Stop } from './chain.ts';

/** The caller's call, addressed to another target and with the changes that hold for it alone. */
export function redirect<K extends OperationName>(given: Call<K>, { target, entry, seat }: Stop): Call<K> {
  const { params, providerOptions } = entry;
  const options = withKeyFor(`${target.provider}/${target.model}`, given.options);
  // another member is a better second try than the same one after a wait
  const call = { ...given, target, options: seat?.others === true ? { ...options, maxRetries: 0 } : options };
  if (params === undefined && providerOptions === undefined) return call;
  const request: Call<K>['request'] & { readonly providerOptions?: ProviderOptions | undefined } = { ...call.request, ...params };
  if (providerOptions === undefined) return { ...call, request };
  return { ...call, request: { ...request, providerOptions: mergeOptions(request.providerOptions, providerOptions) } };
}

type ProviderOptions = Readonly<Record<string, object | undefined>>;

/** Two entries of `providerOptions`, merged provider by provider. */
export function mergeOptions(base: ProviderOptions = {}, own: ProviderOptions = {}): ProviderOptions {
  const merged = Object.entries(own).map(([provider, settings]) => [provider, { ...base[provider], ...settings }]);
  return { ...base, ...Object.fromEntries(merged) };
}
