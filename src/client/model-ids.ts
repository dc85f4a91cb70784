/**
 * Current models of well-known providers, as editors complete them: the types below are made of them.
 * Any other name works as well: nothing is checked against this list.
 */
export const KNOWN_MODELS = {
  openai: [
    'gpt-5.2',
    'gpt-6-astra',
    'gpt-6-sol',
    'gpt-6-luna',
    'gpt-5.5',
    'gpt-5.4',
    'gpt-5.4-mini',
    'gpt-5.4-nano',
    'gpt-5',
    'gpt-5-mini',
    'gpt-5-nano',
    'gpt-4.1',
    'gpt-4.1-mini',
    'gpt-4o',
    'gpt-4o-mini',
    'o3',
    'text-embedding-3-small',
    'text-embedding-3-large',
  ],
  anthropic: [
    'claude-opus-4-5',
    'claude-opus-5-5',
    'claude-sonnet-5-5',
    'claude-haiku-5-5',
    'claude-opus-4-6',
    'claude-sonnet-4-6',
    'claude-sonnet-4-5',
    'claude-haiku-4-5',
  ],
  gemini: [
    'gemini-3.1-pro-preview',
    'gemini-3.8-flash',
    'gemini-3.5-flash-lite',
    'gemini-2.5-pro',
    'gemini-2.5-flash',
    'gemini-2.5-flash-lite',
    'gemini-embedding-001',
  ],
  mistral: ['mistral-large-latest', 'mistral-medium-latest', 'mistral-small-latest', 'codestral-latest', 'mistral-embed'],
  groq: ['openai/gpt-oss-120b', 'openai/gpt-oss-20b'],
  deepseek: ['deepseek-v4-pro', 'deepseek-v4-flash'],
  xai: ['grok-4.7', 'grok-4.5', 'grok-4.3'],
  perplexity: ['sonar', 'sonar-pro', 'sonar-reasoning-pro', 'sonar-deep-research'],
  moonshot: ['kimi-k3', 'kimi-k2.6'],
  zai: ['glm-4.6', 'glm-5.3', 'glm-5.3-flash', 'glm-4.5-air'],
  dashscope: ['qwen3-max', 'qwen3.8-max', 'qwen3.8-flash', 'qwen-plus', 'qwen-turbo'],
  cohere: ['command-a-03-2025', 'command-a-plus-05-2026', 'embed-v4.0'],
  ollama: ['llama3.2', 'llama3.1', 'qwen3', 'gemma3', 'gpt-oss', 'phi4', 'nomic-embed-text'],
} as const;

/**
 * Model names that editors complete, by provider. Add your own by declaration merging:
 * `declare module 'holdfast' { interface ProviderModels { mine: 'large' | 'small' } }`.
 */
export interface ProviderModels {
  openai: (typeof KNOWN_MODELS.openai)[number];
  anthropic: (typeof KNOWN_MODELS.anthropic)[number];
  gemini: (typeof KNOWN_MODELS.gemini)[number];
  mistral: (typeof KNOWN_MODELS.mistral)[number];
  groq: (typeof KNOWN_MODELS.groq)[number];
  deepseek: (typeof KNOWN_MODELS.deepseek)[number];
  xai: (typeof KNOWN_MODELS.xai)[number];
  perplexity: (typeof KNOWN_MODELS.perplexity)[number];
  moonshot: (typeof KNOWN_MODELS.moonshot)[number];
  zai: (typeof KNOWN_MODELS.zai)[number];
  dashscope: (typeof KNOWN_MODELS.dashscope)[number];
  cohere: (typeof KNOWN_MODELS.cohere)[number];
  ollama: (typeof KNOWN_MODELS.ollama)[number];
  /** Most models are asked for through the inference profile of a region. */
  bedrock:
    | `${'us' | 'eu' | 'global'}.anthropic.${
        | 'claude-opus-5-5'
        | 'claude-sonnet-5-5'
        | 'claude-haiku-5-5'
        | 'claude-opus-4-6-v1'
        | 'claude-sonnet-4-6'
        | 'claude-opus-4-5-20251101-v1:0'
        | 'claude-sonnet-4-5-20250929-v1:0'
        | 'claude-haiku-4-5-20251001-v1:0'}`
    | `${'us' | 'eu' | 'global'}.amazon.nova-2-lite-v1:0`
    | `amazon.nova-${'pro' | 'lite' | 'micro'}-v1:0`
    | `openai.gpt-oss-${'120b' | '20b'}-1:0`
    | 'mistral.mistral-large-3-675b-instruct'
    | 'deepseek.v3.2'
    | 'qwen.qwen3-235b-a22b-2507-v1:0'
    | 'amazon.titan-embed-text-v2:0'
    | 'cohere.embed-v4:0';
}

/** `provider/model` of every model that is known by name. */
export type KnownModel = { [P in keyof ProviderModels]: `${P}/${ProviderModels[P]}` }[keyof ProviderModels];

/** `provider/model`. Known ones are completed; every string is accepted. */
export type ModelId = KnownModel | (string & {});
