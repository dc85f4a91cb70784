import type { Call } from '../../contract/call.ts';
import type { BedrockOptions } from '../../contract/provider-options.ts';
import { isRecord } from '../../dialects/chat-rules.ts';

/** `providerOptions.bedrock` of a call, empty where there is none. */
export function optionsOf(call: Call): BedrockOptions {
  const all = (call.request as { readonly providerOptions?: unknown }).providerOptions;
  const own = isRecord(all) && Object.hasOwn(all, 'bedrock') ? all.bedrock : undefined;
  return isRecord(own) ? own : {};
}

/** The path of a model's operation: names and ARNs are encoded as one segment. */
export const modelPath = (call: Call, operation: string): string =>
  `/model/${encodeURIComponent(call.target.model)}/${operation}`;
