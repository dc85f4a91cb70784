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

/** The body of a rerank call below the client. */
export interface RerankRequest {
  readonly query: string;
  /** Texts, or objects whose `text` counts. */
  readonly documents: readonly (string | { readonly text: string })[];
  /** How many results are wanted; default all. */
  readonly top_n?: number | undefined;
  /** Whether results repeat their documents; default false. */
  readonly return_documents?: boolean | undefined;
  readonly providerOptions?: ProviderOptions | undefined;
}

export interface RerankResult {
  /** Position in `documents`. */
  readonly index: number;
  /** Higher is more relevant; the scale is the model's own. */
  readonly relevance_score: number;
  readonly document?: { readonly text: string };
}

/** Results, most relevant first. The shape is Cohere's, which most providers share. */
export interface RerankReply {
  readonly id?: string;
  readonly model: string;
  readonly results: readonly RerankResult[];
  readonly usage?: { readonly total_tokens: number };
}
