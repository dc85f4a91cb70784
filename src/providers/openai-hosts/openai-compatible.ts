import { checkOptions } from '../../contract/check-options.ts';
import type { ProviderDefinition } from '../../contract/provider.ts';
import type { BuiltInSettings } from '../../contract/provider-settings.ts';
import { settingsOption } from '../../contract/provider-settings.ts';
import type { Quirks } from '../../dialects/openai/quirks.ts';
import { hostDefinition } from './create-host.ts';
import { OWN_SERVERS } from './own-servers.ts';

/** Settings of a provider of your own that speaks the OpenAI dialect. */
export interface OpenAICompatibleSettings extends Pick<BuiltInSettings, 'headers' | 'timeout'> {
  /** With the `/v1`, if the host has one. */
  readonly baseURL: string;
  /** Sent as `Authorization: Bearer`; left out, no key is sent. */
  readonly apiKey?: string | undefined;
  /** Where the host deviates from the common ground of such hosts. */
  readonly quirks?: Quirks | undefined;
}

/**
 * A provider of your own under a name of your own.
 *
 * @throws ConfigurationError for an unknown setting. A missing address is told at the first call.
 * @example
 * createClient({ providers: { mine: openaiCompatible({ baseURL: 'https://llm.example.com/v1', apiKey }) } });
 * // model: 'mine/some-model'
 */
export function openaiCompatible(settings: OpenAICompatibleSettings): ProviderDefinition {
  const checked = checkOptions(settingsOption, settings, 'openaiCompatible');
  return hostDefinition(OWN_SERVERS.openai_compatible, 'openai_compatible', { settings: { ...checked } });
}
