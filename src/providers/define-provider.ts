import type { ProviderDefinition } from '../contract/provider.ts';

/** Declares a provider: its id and how it is made from settings. The identity function, for its types. */
export const defineProvider = (definition: ProviderDefinition): ProviderDefinition => definition;
