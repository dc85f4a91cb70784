import type { ProviderDefinition } from '../../contract/provider.ts';
import { clientLogin } from './client-login.ts';
import { hostDefinition } from './create-host.ts';
import type { OpenAIHostId } from './ids.ts';
import { OPENAI_HOSTS } from './table.ts';

/** A built-in host of the OpenAI dialect. */
export function openaiHost(id: string): ProviderDefinition {
  const host = Object.hasOwn(OPENAI_HOSTS, id) ? OPENAI_HOSTS[id as OpenAIHostId] : OPENAI_HOSTS.openai_compatible;
  return hostDefinition(host, id, { login: clientLogin });
}
