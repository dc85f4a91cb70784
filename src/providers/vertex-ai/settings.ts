import type { ProviderContext } from '../../contract/provider.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { firstEnv, missing, textSetting, wrongSetting } from '../settings.ts';

const PROJECT_ENV = ['GOOGLE_CLOUD_PROJECT', 'GOOGLE_VERTEX_PROJECT', 'VERTEXAI_PROJECT', 'ANTHROPIC_VERTEX_PROJECT_ID'];
const LOCATION_ENV = ['GOOGLE_CLOUD_LOCATION', 'GOOGLE_VERTEX_LOCATION', 'VERTEXAI_LOCATION', 'CLOUD_ML_REGION'];
/** Not GOOGLE_API_KEY, which is the Gemini API's. */
export const KEY_ENV = ['GOOGLE_VERTEX_API_KEY'] as const;

/** Their hosts have a form of their own. */
const MULTI_REGIONS: ReadonlySet<string> = new Set(['us', 'eu']);

/** What proves who asks. `adc`: whatever credentials the machine has. */
export type VertexCredentials =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'provider'; readonly getToken: () => unknown }
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'adc'; readonly project: string };

export interface VertexSettings {
  readonly credentials: VertexCredentials;
  /** Where the API's versions are, or one of them. */
  readonly baseURL: string;
  /** `projects/…/locations/…`; `undefined` in express mode, with a key and no project. */
  readonly root: string | undefined;
  /** Schemas of Claude's answers and strict tools: an organisation must allow them. */
  readonly structuredOutputs: boolean;
}

/** @throws ConfigurationError naming what is missing or wrong. */
export function settingsOf(context: ProviderContext): VertexSettings {
  const credentials = credentialsOf(context);
  const ownKey = credentials.kind === 'key' && Boolean(context.settings.apiKey);
  // a key given here beats a project of the environment, as in Google's SDK
  const project = textSetting(context, 'project') ?? (ownKey ? undefined : firstEnv(context, PROJECT_ENV));
  if (project === undefined && credentials.kind !== 'key') throw missing(context, 'project', 'project', PROJECT_ENV);
  if (project !== undefined && !/^[\w-][\w.:-]*$/.test(project)) throw wrongSetting(context, 'project', 'the id of a project');
  const location = project === undefined ? 'global' : locationOf(context);
  return {
    credentials,
    baseURL: givenURL(context) ?? `https://${hostOf(location)}`,
    root: project === undefined ? undefined : `projects/${project}/locations/${location}`,
    structuredOutputs: context.settings.structuredOutputs === true,
  };
}

function credentialsOf(context: ProviderContext): VertexCredentials {
  const { accessToken, apiKey } = context.settings;
  if (typeof accessToken === 'function') return { kind: 'provider', getToken: accessToken as () => unknown };
  if (typeof accessToken === 'string' && accessToken !== '') return { kind: 'token', token: accessToken };
  if (accessToken !== undefined && accessToken !== null && accessToken !== '')
    throw wrongSetting(context, 'accessToken', 'a token or a function that returns one');
  if (apiKey) return { kind: 'key', key: apiKey };
  const project = textSetting(context, 'project') ?? firstEnv(context, PROJECT_ENV);
  // credentials of the machine are got from Google's hosts, which a base URL rules out
  if (project !== undefined && givenURL(context) === undefined) return { kind: 'adc', project };
  const key = firstEnv(context, KEY_ENV);
  if (key !== undefined) return { kind: 'key', key };
  const { id } = context;
  throw new ConfigurationError({
    message: `no credentials: give providers.${id}.project and accessToken to createClient, or set the environment variable ${KEY_ENV.join(' or ')} or give providers.${id}.apiKey for Gemini without a project${givenURL(context) === undefined ? '; with a project alone the credentials of this machine are used' : ''}`,
    provider: id,
    code: 'missing_setting',
    param: `providers.${id}.accessToken`,
  });
}

function givenURL(context: ProviderContext): string | undefined {
  const given = context.settings.baseURL || context.env('GOOGLE_VERTEX_BASE_URL');
  return given === undefined ? undefined : given.replace(/\/+$/, '');
}

function locationOf(context: ProviderContext): string {
  const location = textSetting(context, 'location') ?? firstEnv(context, LOCATION_ENV) ?? 'global';
  if (/^[a-z0-9-]+$/.test(location)) return location;
  throw wrongSetting(context, 'location', 'a location such as "global", "us" or "us-central1"');
}

function hostOf(location: string): string {
  if (location === 'global') return 'aiplatform.googleapis.com';
  if (MULTI_REGIONS.has(location)) return `aiplatform.${location}.rep.googleapis.com`;
  return `${location}-aiplatform.googleapis.com`;
}

/** A base URL that ends with a version keeps it. */
export const versioned = (baseURL: string, version: string): string =>
  /\/v\d\w*$/.test(baseURL) ? baseURL : `${baseURL}/${version}`;
