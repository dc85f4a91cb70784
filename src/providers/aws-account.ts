import type { Call } from '../contract/call.ts';
import type { ProviderContext } from '../contract/provider.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { AuthenticationError } from '../errors/provider-errors.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import type { AWSCredentials } from '../wire/auth/aws-credentials.ts';
import { CredentialStore } from '../wire/auth/aws-credentials.ts';
import { firstEnv, missing, wrongSetting } from './settings.ts';

/** Environment variables with the region, first set wins. */
const REGIONS = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_REGION_NAME'] as const;

const SUFFIXES: readonly (readonly [prefix: string, suffix: string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-iso-', 'c2s.ic.gov'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
  ['us-isof-', 'csp.hci.ic.gov'],
];

/** The domain of a region's endpoints. */
export const awsDomain = (region: string): string =>
  SUFFIXES.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'amazonaws.com';

/**
 * The region from the settings, the environment, or the host of a given base URL.
 * Servers that only speak like AWS are signed for as `us-east-1`, which they expect.
 *
 * @throws ConfigurationError when there is none, or when it cannot be part of a host's name.
 */
export function awsRegion(context: ProviderContext, baseURL: string | undefined): string {
  const { region } = context.settings;
  const given = region || firstEnv(context, REGIONS) || regionOfHost(baseURL);
  if (!given) throw missing(context, 'region', 'region', REGIONS.slice(0, 2));
  if (typeof given === 'string' && /^[a-z]{2,8}(?:-[a-z0-9]+)+-\d+$/.test(given)) return given;
  throw wrongSetting(context, 'region', 'an AWS region such as "eu-central-1"');
}

const OTHER_SERVERS = 'us-east-1';

function regionOfHost(baseURL: string | undefined): string | undefined {
  if (baseURL === undefined) return undefined;
  return (
    /^https:\/\/[\w.-]+?\.([a-z]{2,8}(?:-[a-z0-9]+)+-\d+)\.(?:vpce\.)?(?:amazonaws|api\.aws)/.exec(baseURL)?.[1] ?? OTHER_SERVERS
  );
}

/** Keys that a service takes instead of signatures. */
export interface OtherKeys {
  readonly settings: readonly string[];
  readonly variables: readonly string[];
}

/**
 * Credentials for signatures: from the settings, the environment, else from AWS' default chain.
 *
 * @param others Further ways to prove who one is, for the message when there is none.
 */
export function awsCredentials(context: ProviderContext, others: OtherKeys): CredentialStore {
  const given = explicitCredentials(context) ?? environmentCredentials(context);
  if (given !== undefined) return new CredentialStore(given);
  let chain: Promise<() => Promise<unknown>> | undefined;
  return new CredentialStore(async (call) => {
    chain ??= defaultChain(context, others);
    chain.catch(() => {
      chain = undefined;
    });
    const provide = await chain;
    try {
      return checked(await provide(), context, 'AWS default chain');
    } catch (cause) {
      throw noCredentials(context, others, "AWS' default chain found none either", call, cause);
    }
  });
}

/** Whether the settings hold AWS credentials. */
export const hasExplicitCredentials = ({ settings }: ProviderContext): boolean =>
  Boolean(settings.accessKeyId || settings.secretAccessKey || settings.credentials);

type Load = (call: Call) => Promise<AWSCredentials>;

function explicitCredentials(context: ProviderContext): Load | undefined {
  const { accessKeyId, secretAccessKey, sessionToken, credentials } = context.settings;
  if (accessKeyId || secretAccessKey) {
    const keys = checked({ accessKeyId, secretAccessKey, sessionToken }, context, 'accessKeyId');
    return () => Promise.resolve(keys);
  }
  if (credentials === undefined || credentials === null) return undefined;
  if (typeof credentials !== 'function') throw wrongSetting(context, 'credentials', 'a function that returns AWS credentials');
  return async (call) => {
    let given: unknown;
    try {
      given = await (credentials as () => unknown)();
    } catch (cause) {
      if (isLLMError(cause)) throw cause;
      const { provider, model } = call.target;
      throw new AuthenticationError({
        message: 'credentials() gave none: it failed',
        provider,
        model,
        code: 'token_provider_failed',
        cause,
      });
    }
    return checked(given, context, 'credentials');
  };
}

function environmentCredentials(context: ProviderContext): Load | undefined {
  const accessKeyId = context.env('AWS_ACCESS_KEY_ID');
  const secretAccessKey = context.env('AWS_SECRET_ACCESS_KEY');
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const keys = { accessKeyId, secretAccessKey, sessionToken: context.env('AWS_SESSION_TOKEN') };
  return () => Promise.resolve(keys);
}

async function defaultChain(context: ProviderContext, others: OtherKeys): Promise<() => Promise<unknown>> {
  try {
    const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
    return defaultProvider();
  } catch (cause) {
    const advice = 'install @aws-sdk/credential-provider-node to have profiles, roles and containers looked through';
    throw noCredentials(context, others, advice, undefined, cause);
  }
}

function noCredentials(
  context: ProviderContext,
  { settings, variables }: OtherKeys,
  why: string,
  call: Call | undefined,
  cause: unknown,
): ConfigurationError {
  const ways = [...settings, 'accessKeyId'];
  const { reason } = missing(context, 'AWS credentials', ways.join(' or '), [
    ...variables,
    'AWS_ACCESS_KEY_ID (with AWS_SECRET_ACCESS_KEY)',
  ]);
  return new ConfigurationError({
    message: `${reason}; ${why}`,
    provider: context.id,
    model: call?.target.model,
    code: 'missing_setting',
    param: `providers.${context.id}.${ways[0]}`,
    cause,
  });
}

function checked(given: unknown, context: ProviderContext, setting: string): AWSCredentials {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = (given ?? {}) as Readonly<Record<string, unknown>>;
  if (!isText(accessKeyId) || !isText(secretAccessKey)) {
    throw wrongSetting(context, setting, 'credentials with an accessKeyId and a secretAccessKey, strings that are not empty');
  }
  return {
    accessKeyId,
    secretAccessKey,
    ...(isText(sessionToken) ? { sessionToken } : {}),
    ...(expiration instanceof Date && !Number.isNaN(expiration.getTime()) ? { expiration } : {}),
  };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
