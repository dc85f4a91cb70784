import type { Call } from '../../contract/call.ts';
import type { Capabilities } from '../../contract/capabilities.ts';
import type { Provider, ProviderContext, ProviderDefinition, ProviderSettings } from '../../contract/provider.ts';
import { openaiCapabilities } from '../../dialects/openai/capabilities.ts';
import { openaiOperations } from '../../dialects/openai/openai-dialect.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { NotFoundError } from '../../errors/provider-errors.ts';
import { defineProvider } from '../define-provider.ts';
import { firstEnv, missing, requireKey } from '../settings.ts';
import type { clientLogin } from './client-login.ts';
import type { Host } from './host.ts';

/** What comes with a definition itself. */
interface Given {
  readonly settings?: ProviderSettings;
  /** For rows with `clientCredentials`. */
  readonly login?: typeof clientLogin;
}

/** A host as a provider. */
export function hostDefinition(host: Host, id: string, { settings, login }: Given = {}): ProviderDefinition {
  const declares = declared(settings === undefined ? host : { ...host, quirks: quirksOf(host, settings) });
  return defineProvider({ id, settings, declares, create: (context) => createHost(host, id, context, login) });
}

function createHost(host: Host, table: string, context: ProviderContext, loginOf: Given['login']): Provider {
  const { id, settings } = context;
  const given = settings.baseURL ?? firstEnv(context, host.envBase ?? []);
  if (host.retired !== undefined && given === undefined) return retiredHost(host.retired, context);
  const baseURL = given === undefined ? addressOf(host, context) : withSDKPath(given, host);
  const login = loginOf?.(host, context, baseURL);
  const key = login === undefined ? keyOf(host, context) : login.secret;
  const wire = context.connect({
    baseURL,
    headers: { ...(login === undefined && authorization(host, key)), ...settingHeaders(host, context) },
    ...login?.connection,
    failures: { requestIdHeaders: host.requestIdHeaders },
    loadFailures: async () => (await import('./failures.ts')).hostFailures(table),
    secrets: [key],
  });
  const quirks = quirksOf(host, settings);
  const spoken = given === undefined ? quirks : { ...quirks, foreignAddress: true };
  const operations = openaiOperations(wire, spoken);
  return { id, wire, operations: login?.renewing(operations) ?? operations, prefill: () => quirks.prefill };
}

const keyOf = ({ keyless, envKeys }: Host, context: ProviderContext): string | undefined =>
  keyless ? (context.settings.apiKey ?? firstEnv(context, envKeys)) : requireKey(context, envKeys);

const withSDKPath = (given: string, { sdkPath }: Host): string =>
  sdkPath === undefined || /\/v\d+\/*$/.test(given) ? given : given.replace(/\/+$/, '') + sdkPath;

const quirksOf = (host: Host, settings: ProviderSettings): Quirks => ({
  ...host.quirks,
  ...(settings.quirks as Quirks | undefined),
});

const DEFAULT_ID_HEADERS = ['x-request-id'] as const;

function declared(host: Host): Capabilities {
  const { envKeys, keyless = false, retired, address, quirks } = host;
  const placed = host.baseURL !== undefined || retired !== undefined;
  return openaiCapabilities(quirks, {
    keys: envKeys,
    keyless,
    needs: placed ? [] : [address?.setting ?? 'baseURL'],
    requestIdHeaders: host.requestIdHeaders ?? DEFAULT_ID_HEADERS,
    retired,
  });
}

function addressOf(host: Host, context: ProviderContext): string {
  if (host.baseURL !== undefined) return host.baseURL;
  const { address, envBase = [], usualURL } = host;
  if (address === undefined) {
    throw missing(context, usualURL === undefined ? 'base URL' : `base URL (usually ${usualURL})`, 'baseURL', envBase);
  }
  const value = context.settings[address.setting] ?? firstEnv(context, address.env);
  if (typeof value !== 'string' || value === '')
    throw missing(context, address.setting, address.setting, [...address.env, ...envBase]);
  return address.url.replace('{}', value.replace(/^https?:\/\//, '').replace(/\/+$/, ''));
}

function authorization({ auth }: Host, key: string | undefined): Record<string, string> {
  if (key === undefined || key === '') return {};
  return auth === undefined ? { authorization: `Bearer ${key}` } : { [auth.header]: auth.scheme + key };
}

function settingHeaders(host: Host, context: ProviderContext): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [setting, { header, env = [] }] of Object.entries(host.settingHeaders ?? {})) {
    const value = context.settings[setting] ?? firstEnv(context, env);
    if (value === undefined || value === null) continue;
    headers[header] = typeof value === 'object' ? JSON.stringify(value) : String(value);
  }
  return headers;
}

/** Every operation of a service that is gone fails by itself: nothing is sent to an address that may belong to others by now. */
function retiredHost(advice: string, context: ProviderContext): Provider {
  const wire = context.connect({ baseURL: 'https://retired.invalid', secrets: [] });
  const gone = async (call: Call): Promise<never> => {
    throw new NotFoundError({ message: advice, provider: context.id, model: call.target.model, code: 'model_retired' });
  };
  const operations = { chat: gone, stream: gone, complete: gone, completeStream: gone, embed: gone, rerank: gone, models: gone };
  return { id: context.id, wire, operations };
}
