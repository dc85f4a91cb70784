import type { ProviderContext } from '../../contract/provider.ts';
import { ConfigurationError } from '../../errors/setup-errors.ts';
import { firstEnv, textSetting, wrongSetting } from '../settings.ts';

const REGIONS: ReadonlySet<string> = new Set(['us-south', 'eu-de', 'eu-gb', 'jp-tok', 'au-syd', 'ca-tor']);
const AWS_REGIONS: ReadonlySet<string> = new Set(['us-east-1', 'ap-south-1']);
const USUAL_REGION = 'us-south';

const IAM = 'https://iam.cloud.ibm.com';
const AWS_IAM = 'https://account-iam.platform.saas.ibm.com/api/2.0/apikeys/token';

export const KEY_ENV = ['WATSONX_APIKEY', 'WATSONX_API_KEY', 'WX_API_KEY', 'WATSONX_AI_APIKEY'] as const;
const TOKEN_ENV = ['WATSONX_TOKEN', 'WATSONX_AI_BEARER_TOKEN'];
const BASE_ENV = ['WATSONX_API_BASE', 'WATSONX_URL', 'WX_URL', 'WML_URL'];
const PROJECT_ENV = ['WATSONX_PROJECT_ID', 'WX_PROJECT_ID'];
const SPACE_ENV = ['WATSONX_SPACE_ID', 'WATSONX_DEPLOYMENT_SPACE_ID', 'WX_SPACE_ID'];

/** The first version of the API that knows everything that is sent here. */
const API_VERSION = '2024-10-08';

/** Where requests go. */
export interface WatsonxAddress {
  readonly baseURL: string;
  /** Where an API key is exchanged; `undefined` where nobody said. */
  readonly iamURL: string | undefined;
}

/**
 * The address by `baseURL`, `region` or the environment. A base URL of the caller's own leaves open where its keys are exchanged:
 * no host that it does not name is ever contacted.
 */
export function addressOf(context: ProviderContext): WatsonxAddress {
  const { baseURL } = context.settings;
  const ownIAM = textSetting(context, 'iamURL') ?? context.env('WATSONX_IAM_URL');
  const own = baseURL?.replace(/\/+$/, '');
  if (own !== undefined && own !== '') return { baseURL: own, iamURL: ownIAM };
  const region = textSetting(context, 'region');
  const fromEnv = firstEnv(context, BASE_ENV)?.replace(/\/+$/, '');
  if (region === undefined && fromEnv !== undefined) return { baseURL: fromEnv, iamURL: ownIAM ?? publicIAM(fromEnv) };
  const host = hostOf(context, region ?? USUAL_REGION);
  return { baseURL: host, iamURL: ownIAM ?? publicIAM(host) };
}

function hostOf(context: ProviderContext, region: string): string {
  if (REGIONS.has(region)) return `https://${region}.ml.cloud.ibm.com`;
  if (AWS_REGIONS.has(region)) return `https://${region}.aws.wxai.ibm.com`;
  throw wrongSetting(context, 'region', `one of ${[...REGIONS, ...AWS_REGIONS].join(', ')}; for other hosts give baseURL`);
}

function publicIAM(baseURL: string): string | undefined {
  if (/^https:\/\/[a-z-]+\.ml\.cloud\.ibm\.com$/.test(baseURL)) return IAM;
  return /^https:\/\/[a-z0-9-]+\.aws\.wxai\.ibm\.com$/.test(baseURL) ? AWS_IAM : undefined;
}

/** What is sent to prove who asks: a token beats a key, a setting beats the environment. */
export type WatsonxCredentials = { readonly token: string } | { readonly zenApiKey: string } | { readonly apiKey: string };

export function credentialsOf(context: ProviderContext): WatsonxCredentials {
  const token = textSetting(context, 'token');
  if (token !== undefined) return { token };
  const zen = textSetting(context, 'zenApiKey');
  if (zen !== undefined) return { zenApiKey: zen };
  const { apiKey } = context.settings;
  if (apiKey) return { apiKey };
  const envToken = firstEnv(context, TOKEN_ENV);
  if (envToken !== undefined) return { token: envToken };
  const envZen = context.env('WATSONX_ZENAPIKEY');
  if (envZen !== undefined) return { zenApiKey: envZen };
  const envKey = firstEnv(context, KEY_ENV);
  if (envKey !== undefined) return { apiKey: envKey };
  throw new ConfigurationError({
    message: `no API key: set the environment variable ${KEY_ENV.join(' or ')}, or give providers.${context.id}.apiKey (or token) to createClient`,
    provider: context.id,
    code: 'missing_setting',
    param: `providers.${context.id}.apiKey`,
  });
}

/** @throws ConfigurationError: the key may go to no host that the caller did not name. */
export function requireIAM(context: ProviderContext, { iamURL, baseURL }: WatsonxAddress): string {
  if (iamURL !== undefined) return iamURL;
  throw new ConfigurationError({
    message: `no token service for ${baseURL}: give providers.${context.id}.iamURL (for IBM Cloud "${IAM}"), where apiKey is exchanged for a token, or give a token`,
    provider: context.id,
    code: 'missing_setting',
    param: `providers.${context.id}.iamURL`,
  });
}

/** The project or the deployment space that calls are made and paid in. */
export type Scope = { readonly project_id: string } | { readonly space_id: string };

/** `undefined` where none was given: deployments need none. */
export function scopeOf(context: ProviderContext): Scope | undefined {
  const projectId = textSetting(context, 'projectId');
  const spaceId = textSetting(context, 'spaceId');
  if (projectId !== undefined && spaceId !== undefined)
    throw wrongSetting(context, 'spaceId', 'left out when projectId is given');
  if (projectId !== undefined) return { project_id: projectId };
  if (spaceId !== undefined) return { space_id: spaceId };
  const project = firstEnv(context, PROJECT_ENV);
  if (project !== undefined) return { project_id: project };
  const space = firstEnv(context, SPACE_ENV);
  return space === undefined ? undefined : { space_id: space };
}

export const missingScope = (provider: string, model: string): ConfigurationError =>
  new ConfigurationError({
    message: `no project: set the environment variable ${[PROJECT_ENV[0], SPACE_ENV[0]].join(' or ')}, or give providers.${provider}.projectId or spaceId to createClient`,
    provider,
    model,
    code: 'missing_setting',
    param: `providers.${provider}.projectId`,
  });

export function apiVersionOf(context: ProviderContext): string {
  const version = textSetting(context, 'apiVersion') ?? API_VERSION;
  if (/^\d{4}-\d{2}-\d{2}$/.test(version)) return version;
  throw wrongSetting(context, 'apiVersion', `a date such as "${API_VERSION}"`);
}
