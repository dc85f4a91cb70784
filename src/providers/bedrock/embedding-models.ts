import { isRecord } from '../../dialects/chat-rules.ts';

/** How the embedding models of one maker are asked and how they answer. */
export interface EmbeddingModel {
  /** Texts that one request may hold. */
  readonly mostTexts: number;
  /** Whether the length of vectors can be chosen. */
  readonly dimensions: boolean;
  body(texts: readonly string[], dimensions: number | undefined): Record<string, unknown>;
  /** The vectors of an answer; `undefined` where there are none. */
  vectors(answer: Readonly<Record<string, unknown>>): unknown;
  /** The tokens that the answer itself tells of. */
  tokens(answer: Readonly<Record<string, unknown>>): unknown;
}

const TITAN: EmbeddingModel = {
  mostTexts: 1,
  dimensions: true,
  body: ([inputText = ''], dimensions) => ({ inputText, ...(dimensions === undefined ? {} : { dimensions }) }),
  vectors: ({ embedding }) => (Array.isArray(embedding) ? [embedding] : undefined),
  tokens: ({ inputTextTokenCount }) => inputTextTokenCount,
};

const TITAN_IMAGE: EmbeddingModel = {
  ...TITAN,
  body: ([inputText = ''], dimensions) => ({
    inputText,
    ...(dimensions === undefined ? {} : { embeddingConfig: { outputEmbeddingLength: dimensions } }),
  }),
};

const COHERE: EmbeddingModel = {
  mostTexts: 96,
  dimensions: false,
  body: (texts) => ({ texts, input_type: 'search_document' }),
  vectors: ({ embeddings }) => (isRecord(embeddings) ? embeddings.float : embeddings),
  tokens: () => undefined,
};

const COHERE_4: EmbeddingModel = {
  ...COHERE,
  dimensions: true,
  body: (texts, dimensions) => ({
    ...COHERE.body(texts, dimensions),
    embedding_types: ['float'],
    ...(dimensions === undefined ? {} : { output_dimension: dimensions }),
  }),
};

const NOVA: EmbeddingModel = {
  mostTexts: 1,
  dimensions: true,
  body: ([value = ''], dimensions) => ({
    taskType: 'SINGLE_EMBEDDING',
    singleEmbeddingParams: {
      embeddingPurpose: 'GENERIC_INDEX',
      ...(dimensions === undefined ? {} : { embeddingDimension: dimensions }),
      text: { truncationMode: 'END', value },
    },
  }),
  vectors: ({ embeddings }) =>
    Array.isArray(embeddings) ? embeddings.map((entry: unknown) => (isRecord(entry) ? entry.embedding : undefined)) : undefined,
  tokens: ({ inputTextTokenCount }) => inputTextTokenCount,
};

/** By a part of the model's id, first match wins. */
const MODELS: readonly (readonly [part: RegExp, model: EmbeddingModel])[] = [
  [/titan-embed-text-v1|titan-embed-g1/, { ...TITAN, dimensions: false }],
  [/titan-embed-image/, TITAN_IMAGE],
  [/cohere\.embed-v4/, COHERE_4],
  [/cohere\.embed/, COHERE],
  [/\bnova\b.*embed/, NOVA],
];

/** The embedding model behind an id; one that is not known is asked as Amazon's own Titan. */
export const embeddingModel = (id: string): EmbeddingModel => MODELS.find(([part]) => part.test(id.toLowerCase()))?.[1] ?? TITAN;
