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
  cohere?: CohereOptions;
  mistral?: MistralOptions;
  bedrock?: BedrockOptions;
  sagemaker?: SageMakerOptions;
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

/** Bedrock's Converse fields without a counterpart in openai's parameters (docs.aws.amazon.com/bedrock, Converse). */
export interface BedrockOptions {
  /** The model behind an application inference profile, whose ARN does not tell it: `anthropic.claude-sonnet-4-5-…`. */
  baseModel?: string;
  /** Claude's extended thinking; overrides `reasoning_effort`. */
  thinking?: AnthropicOptions['thinking'];
  top_k?: number;
  /** Sent to Claude as `anthropic_beta`. */
  betas?: string[];
  guardrailConfig?: {
    guardrailIdentifier: string;
    guardrailVersion: string;
    trace?: 'enabled' | 'disabled' | 'enabled_full';
    streamProcessingMode?: 'sync' | 'async';
  };
  performanceConfig?: { latency: 'standard' | 'optimized' };
  /** Merged into what the library sends there itself. */
  inferenceConfig?: Record<string, unknown>;
  additionalModelRequestFields?: Record<string, unknown>;
  additionalModelResponseFieldPaths?: string[];
  requestMetadata?: Record<string, string>;
  /** For embeddings with Cohere's models: what the texts are for. Default `search_document`. */
  input_type?: string;
  /** For batches: the role that reads and writes the buckets. */
  roleArn?: string;
  /** For batches: where results go, `s3://bucket/folder/`. */
  outputS3Uri?: string;
  /** For batches: the job's name. */
  jobName?: string;
  /** Further top-level fields of Converse, of a batch, or of an embedding model's body, sent as they are. */
  [field: string]: unknown;
}

/** How an endpoint of SageMaker is reached and what its container speaks (docs.aws.amazon.com/sagemaker, InvokeEndpoint). */
export interface SageMakerOptions {
  /** Overrides the setting of the same name. */
  dialect?: 'openai' | 'tgi' | 'djl' | 'hf-embed' | 'jumpstart-embed' | 'openai-embed';
  /** The messages as one text, for containers that know no chat. */
  prompt?: string;
  /** Sent as `X-Amzn-SageMaker-Custom-Attributes`: `accept_eula=true`. */
  customAttributes?: string;
  targetModel?: string;
  targetVariant?: string;
  targetContainerHostname?: string;
  inferenceComponent?: string;
  inferenceId?: string;
  sessionId?: string;
  /** Requests with the same value go to the same instance where possible; default `prompt_cache_key`. */
  prefixAwareId?: string;
  /** Further fields of the container's body, sent as they are. */
  [field: string]: unknown;
}

/** Cohere's v2 fields without a counterpart in openai's parameters (docs.cohere.com/v2/reference). */
export interface CohereOptions {
  /** What embeddings are for; default `search_document`. */
  input_type?: 'search_document' | 'search_query' | 'classification' | 'clustering' | 'image';
  /** Which end of a text that is too long is cut off before it is embedded; `NONE` makes it an error. */
  truncate?: 'NONE' | 'START' | 'END';
  /** Texts that an answer may be grounded on. */
  documents?: (string | { id?: string; data: Record<string, unknown> })[];
  citation_options?: { mode: 'ENABLED' | 'DISABLED' | 'FAST' | 'ACCURATE' | 'OFF' };
  safety_mode?: 'CONTEXTUAL' | 'STRICT' | 'OFF';
  /** Overrides `reasoning_effort`. */
  thinking?: { type: 'enabled' | 'disabled'; token_budget?: number };
  /** Tokens of each document that a reranking model reads. */
  max_tokens_per_doc?: number;
  [field: string]: unknown;
}

/** Mistral's fields without a counterpart in openai's parameters (docs.mistral.ai/api). */
export interface MistralOptions {
  /** Puts Mistral's safety prompt before the conversation. */
  safe_prompt?: boolean;
  prompt_mode?: 'reasoning';
  document_image_limit?: number;
  document_page_limit?: number;
  /** Number format of embeddings; default `float`. */
  output_dtype?: 'float' | 'int8' | 'uint8' | 'binary' | 'ubinary';
  [field: string]: unknown;
}
