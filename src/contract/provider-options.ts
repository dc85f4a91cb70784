/**
 * Settings that only one provider understands, by provider id. Each provider reads its own entry only,
 * so a request that travels along a fallback chain can carry several.
 * Providers of your own add theirs by declaration merging.
 *
 * @example
 * providerOptions: { anthropic: { thinking: { type: 'enabled', budget_tokens: 2048 } }, gemini: { safetySettings: [] } }
 */
export interface ProviderOptions {
  anthropic?: AnthropicOptions;
  gemini?: GeminiOptions;
  ollama?: OllamaOptions;
  /** Hosts that speak the OpenAI dialect: fields are added to the request body as they are. */
  [provider: string]: object | undefined;
}

/** Anthropic Messages API fields without a counterpart in openai's parameters (platform.claude.com/docs, Messages). */
export interface AnthropicOptions {
  /** Extended thinking; overrides `reasoning_effort`. */
  thinking?:
    | { type: 'enabled'; budget_tokens: number; display?: 'summarized' | 'omitted' }
    | { type: 'adaptive'; display?: 'summarized' | 'omitted' }
    | { type: 'between_tools' }
    | { type: 'disabled' };
  top_k?: number;
  /** Marks the last cacheable block of the request. */
  cache_control?: { type: 'ephemeral'; ttl?: '5m' | '1h' };
  /** Sent as `anthropic-beta`. */
  betas?: string[];
  /** Sent as `anthropic-version`; default `2023-06-01`. */
  version?: string;
  /** Further fields of the Messages API (`mcp_servers`, `container`, …), sent as they are. */
  [field: string]: unknown;
}

/** Gemini `generateContent` fields without a counterpart in openai's parameters (ai.google.dev/api/generate-content). */
export interface GeminiOptions {
  safetySettings?: { category: string; threshold: string }[];
  /** Overrides `reasoning_effort`. Never give budget and level together. */
  thinkingConfig?: { includeThoughts?: boolean; thinkingBudget?: number; thinkingLevel?: string };
  topK?: number;
  /** Name of a cached content resource, `cachedContents/…`. */
  cachedContent?: string;
  responseModalities?: string[];
  mediaResolution?: string;
  speechConfig?: object;
  /** Further top-level fields, sent as they are. */
  [field: string]: unknown;
}

/** Ollama's native chat fields (github.com/ollama/ollama, docs/api.md). */
export interface OllamaOptions {
  /** How long the model stays loaded: `'5m'`, seconds, -1 for ever, 0 to unload. */
  keep_alive?: string | number;
  /** Model options such as `num_ctx`, `repeat_penalty`, `top_k`, `min_p`. */
  options?: Record<string, unknown>;
  think?: boolean | 'low' | 'medium' | 'high' | 'max';
  /** With both false an overflow is an error rather than silently dropped messages. */
  truncate?: boolean;
  shift?: boolean;
  [field: string]: unknown;
}
