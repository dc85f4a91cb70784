import type { CompletionUsage } from 'openai/resources/completions';

/** Token counts in openai's shape. Cached tokens are inside `prompt_tokens`, reasoning tokens inside `completion_tokens`. */
export interface Usage extends CompletionUsage {
  prompt_tokens_details?: CompletionUsage.PromptTokensDetails & { cache_write_tokens?: number };
}
