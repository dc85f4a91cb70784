import type { ProviderContext } from '../contract/provider.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';

/** The first of several environment variables that is set. */
export function firstEnv(context: ProviderContext, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = context.env(name);
    if (value !== undefined) return value;
  }
  return undefined;
}

/**
 * The key from the settings, else from the environment.
 *
 * @throws ConfigurationError naming the setting and the environment variable.
 */
export function requireKey(context: ProviderContext, envNames: readonly string[]): string {
  const key = context.settings.apiKey ?? firstEnv(context, envNames);
  if (key !== undefined && key.trim() !== '') return key;
  throw missing(context, 'API key', 'apiKey', envNames);
}

/** The error for a setting that a provider cannot work without. */
export function missing(
  context: ProviderContext,
  what: string,
  setting: string,
  envNames: readonly string[],
): ConfigurationError {
  const env = envNames.length === 0 ? '' : `set the environment variable ${envNames.join(' or ')}, or `;
  return new ConfigurationError({
    message: `no ${what}: ${env}give providers.${context.id}.${setting} to createClient`,
    provider: context.id,
    code: 'missing_setting',
    param: `providers.${context.id}.${setting}`,
  });
}

/** A setting that is a string where it is given. Empty is as good as absent. */
export function textSetting(context: ProviderContext, setting: string): string | undefined {
  const value = context.settings[setting];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw wrongSetting(context, setting, 'a string');
}

/** The error for a setting that holds what it must not. */
export function wrongSetting({ id }: Pick<ProviderContext, 'id'>, setting: string, expected: string): ConfigurationError {
  const param = `providers.${id}.${setting}`;
  return new ConfigurationError({ message: `${param} must be ${expected}`, provider: id, code: 'wrong_option', param });
}
