import { hostQuirks } from '../../dialects/openai/quirks.ts';
import type { Host } from './host.ts';
import type { OpenAIHostId } from './ids.ts';

/** Hosts that give vectors and order documents, and do nothing else. */
export const VECTOR_HOSTS: Readonly<Record<Extract<OpenAIHostId, 'voyage' | 'jina_ai'>, Host>> = {
  voyage: {
    baseURL: 'https://api.voyageai.com/v1',
    envKeys: ['VOYAGE_API_KEY', 'VOYAGE_AI_API_KEY'],
    quirks: hostQuirks({
      offers: ['embed'],
      plainText: true,
      lacks: ['user'],
      renames: { dimensions: 'output_dimension' },
      base64Vectors: 'only',
      rerank: { limit: 'top_k' },
    }),
  },
  jina_ai: {
    baseURL: 'https://api.jina.ai/v1',
    envKeys: ['JINA_AI_API_KEY', 'JINA_API_KEY'],
    quirks: hostQuirks({
      offers: ['embed'],
      plainText: true,
      lacks: ['user'],
      renames: { encoding_format: 'embedding_type' },
      rerank: { body: { return_documents: false } },
    }),
  },
};
