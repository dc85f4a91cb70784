import type { CompletionCreateParamsBase } from 'openai/resources/completions';
import type { CreateEmbeddingResponse, EmbeddingCreateParams } from 'openai/resources/embeddings';
import type { Model } from 'openai/resources/models';
import type { ProviderOptions } from './provider-options.ts';

/** The body of an embeddings call below the client. */
export interface EmbedRequest extends Omit<EmbeddingCreateParams, 'model'> {
  readonly providerOptions?: ProviderOptions | undefined;
}

/** openai's shape. Vectors are arrays of numbers, or base64 of little-endian float32 when the caller asked for that. */
export type EmbedReply = CreateEmbeddingResponse;

/** The body of a legacy text completion below the client. */
export interface CompletionRequest extends Omit<CompletionCreateParamsBase, 'model' | 'stream'> {
  readonly providerOptions?: ProviderOptions | undefined;
}

/** One model of a provider's live list. `context_window` and `max_output_tokens` are there where the provider tells. */
export interface ModelInfo extends Model {
  context_window?: number;
  max_output_tokens?: number;
}

export type ListModelsRequest = Readonly<Record<never, never>>;

/** The provider's models, all pages. */
export interface ModelList {
  readonly object: 'list';
  readonly data: readonly ModelInfo[];
}
