/**
 * Current models of well-known providers, as editors complete them and as error messages suggest them.
 * Any other name works as well: nothing is checked against this list.
 */
export const KNOWN_MODELS = {
  openai: [
    'gpt-5.2',
    'gpt-5.1',
    'gpt-5',
    'gpt-5-mini',
    'gpt-5-nano',
    'gpt-4.1',
    'gpt-4.1-mini',
    'gpt-4.1-nano',
    'gpt-4o',
    'gpt-4o-mini',
    'o3',
    'o4-mini',
    'text-embedding-3-small',
    'text-embedding-3-large',
  ],
  anthropic: [
    'claude-opus-4-5',
    'claude-sonnet-4-5',
    'claude-haiku-4-5',
    'claude-opus-4-1',
    'claude-sonnet-4-0',
    'claude-3-5-haiku-latest',
  ],
  gemini: ['gemini-3-pro-preview', 'gemini-2.5-pro', 'gemini-2.5-flash', 'gemini-2.5-flash-lite', 'gemini-embedding-001'],
  mistral: ['mistral-large-latest', 'mistral-medium-latest', 'mistral-small-latest', 'codestral-latest', 'mistral-embed'],
  groq: ['llama-3.3-70b-versatile', 'llama-3.1-8b-instant', 'openai/gpt-oss-120b', 'openai/gpt-oss-20b'],
  deepseek: ['deepseek-chat', 'deepseek-reasoner'],
  xai: ['grok-4', 'grok-4-fast-reasoning', 'grok-3', 'grok-3-mini'],
  perplexity: ['sonar', 'sonar-pro', 'sonar-reasoning-pro', 'sonar-deep-research'],
  moonshot: ['kimi-k2-0905-preview', 'kimi-k2-thinking'],
  zai: ['glm-4.6', 'glm-4.5-air'],
  dashscope: ['qwen3-max', 'qwen-plus', 'qwen-turbo'],
  cohere: ['command-a-03-2025', 'embed-v4.0'],
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
}

/** `provider/model` of every model that is known by name. */
export type KnownModel = { [P in keyof ProviderModels]: `${P}/${ProviderModels[P]}` }[keyof ProviderModels];

/** `provider/model`. Known ones are completed; every string is accepted. */
export type ModelId = KnownModel | (string & {});
