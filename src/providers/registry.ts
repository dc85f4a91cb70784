import type { ProviderDefinition } from '../contract/provider.ts';
import { OPENAI_HOST_IDS } from './openai-hosts/ids.ts';

type Loader = () => Promise<ProviderDefinition>;

const host =
  (id: string): Loader =>
  async () =>
    (await import('./openai-hosts/openai-hosts.ts')).openaiHost(id);

/** The only list of built-in providers. Each is loaded at its first call. */
export const PROVIDERS: Readonly<Record<string, Loader>> = {
  aleph_alpha: async () => (await import('./aleph-alpha/aleph-alpha.ts')).alephAlpha,
  anthropic: async () => (await import('./anthropic/anthropic.ts')).anthropic,
  azure: async () => (await import('./azure/azure.ts')).azure,
  bedrock: async () => (await import('./bedrock/bedrock.ts')).bedrock,
  cloudflare: async () => (await import('./cloudflare/cloudflare.ts')).cloudflare,
  cohere: async () => (await import('./cohere/cohere.ts')).cohere,
  cohere_chat: async () => (await import('./cohere/cohere-chat.ts')).cohereChat,
  gemini: async () => (await import('./gemini/gemini.ts')).gemini,
  huggingface: async () => (await import('./huggingface/huggingface.ts')).huggingface,
  mistral: async () => (await import('./mistral/mistral.ts')).mistral,
  nlp_cloud: async () => (await import('./nlp-cloud/nlp-cloud.ts')).nlpCloud,
  ollama: async () => (await import('./ollama/ollama.ts')).ollama,
  ollama_chat: async () => (await import('./ollama/ollama.ts')).ollama,
  palm: async () => (await import('./palm/palm.ts')).palm,
  replicate: async () => (await import('./replicate/replicate.ts')).replicate,
  'text-completion-openai': async () => (await import('./text-completion-openai/text-completion-openai.ts')).textCompletionOpenAI,
  vertex_ai: async () => (await import('./vertex-ai/vertex-ai.ts')).vertexAI,
  sagemaker: async () => (await import('./sagemaker/sagemaker.ts')).sagemaker,
  watsonx: async () => (await import('./watsonx/watsonx.ts')).watsonx,
  ...Object.fromEntries(OPENAI_HOST_IDS.map((id) => [id, host(id)])),
  openai: async () => (await import('./openai-hosts/openai.ts')).openai,
};

/** Other names that users know a provider by. */
export const ALIASES: Readonly<Record<string, string>> = {
  google: 'gemini',
  aws: 'bedrock',
  together: 'together_ai',
  vertex: 'vertex_ai',
  hosted_vllm: 'vllm',
  llamafile: 'llamacpp',
  chutes_ai: 'chutes',
  jina: 'jina_ai',
  ai21_chat: 'ai21',
};
