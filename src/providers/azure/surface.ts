import type { ProviderContext } from '../../contract/provider.ts';
import type { WireMessage } from '../../contract/wire.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { firstEnv, missing, textSetting } from '../settings.ts';

/** Where a resource answers, and which of Azure's two surfaces is spoken there. */
export interface AzureSurface {
  readonly baseURL: string;
  /** `undefined`: the v1 API. */
  readonly datedVersion: string | undefined;
  /** Appended to every request of the v1 API, where the user named a version such as `preview`. */
  readonly query: string;
}

const ENDPOINT_ENV = ['AZURE_OPENAI_ENDPOINT', 'AZURE_API_BASE'] as const;
const VERSION_ENV = ['OPENAI_API_VERSION', 'AZURE_API_VERSION'] as const;

/**
 * Reads address and version. `endpoint` is the resource's address, `baseURL` the address below which routes hang,
 * as in `AzureOpenAI`: `…/openai` for a dated version, `…/openai/v1` without.
 *
 * @throws ConfigurationError when there is no address, or two.
 */
export function azureSurface(context: ProviderContext): AzureSurface {
  const version = textSetting(context, 'apiVersion') ?? firstEnv(context, VERSION_ENV);
  const datedVersion = version !== undefined && /^\d{4}-\d{2}-\d{2}/.test(version) ? version : undefined;
  const query = version === undefined || datedVersion !== undefined ? '' : `?api-version=${encodeURIComponent(version)}`;
  const baseURL = addressOf(context, datedVersion !== undefined);
  if (datedVersion === undefined && baseURL.includes('/deployments/')) {
    throw refused(context, 'apiVersion', 'an address with "/deployments/" is of the dated API, which needs an apiVersion');
  }
  return { baseURL, datedVersion, query };
}

function addressOf(context: ProviderContext, dated: boolean): string {
  const { baseURL } = context.settings;
  const endpoint = textSetting(context, 'endpoint');
  if (baseURL !== undefined && endpoint !== undefined) {
    throw refused(context, 'endpoint', 'endpoint and baseURL exclude each other; give one of them');
  }
  if (baseURL !== undefined) return baseURL.replace(/\/+$/, '');
  const given = endpoint ?? firstEnv(context, ENDPOINT_ENV) ?? resourceAddress(context);
  if (given === undefined) throw missing(context, 'endpoint', 'endpoint', [...ENDPOINT_ENV, 'AZURE_RESOURCE_NAME']);
  const address = given.replace(/\/+$/, '');
  if (address.includes('/deployments/')) return address;
  return address.replace(/\/openai(?:\/v1)?$/, '') + (dated ? '/openai' : '/openai/v1');
}

function resourceAddress(context: ProviderContext): string | undefined {
  const resource = context.env('AZURE_RESOURCE_NAME');
  return resource === undefined ? undefined : `https://${resource}.openai.azure.com`;
}

const refused = (context: ProviderContext, setting: string, what: string): ConfigurationError =>
  new ConfigurationError({
    message: `providers.${context.id}: ${what}`,
    provider: context.id,
    code: 'wrong_option',
    param: `providers.${context.id}.${setting}`,
  });

const DEPLOYMENT_ROUTES: ReadonlySet<string> = new Set(['/chat/completions', '/completions', '/embeddings']);

/** Puts the deployment where the surface wants it: into the path of the dated API, into the body of the v1 API. */
export function toSurface(
  message: WireMessage,
  { datedVersion, baseURL, query }: AzureSurface,
  deployment: string | undefined,
): WireMessage {
  const body = message.body as { readonly model?: string } | undefined;
  const scoped = DEPLOYMENT_ROUTES.has(message.path);
  if (datedVersion === undefined) {
    const path = message.path + (message.path.includes('?') ? query.replace('?', '&') : query);
    return scoped && deployment !== undefined ? { ...message, path, body: { ...body, model: deployment } } : { ...message, path };
  }
  const inPath = scoped && !baseURL.includes('/deployments/');
  const prefix = inPath ? `/deployments/${encodeURIComponent(deployment ?? body?.model ?? '')}` : '';
  const separator = message.path.includes('?') ? '&' : '?';
  return { ...message, path: `${prefix}${message.path}${separator}api-version=${encodeURIComponent(datedVersion)}` };
}
