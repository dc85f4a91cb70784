import { hostQuirks } from '../../dialects/openai/quirks.ts';
import type { Host } from './host.ts';
import type { OpenAIHostId } from './ids.ts';

type OwnServer = Extract<
  OpenAIHostId,
  'vllm' | 'lm_studio' | 'llamacpp' | 'litellm_proxy' | 'openai_compatible' | 'custom_openai'
>;

/** Hosts at an address of the user's own: servers on one's machine, proxies, and whatever else speaks the dialect. */
export const OWN_SERVERS: Readonly<Record<OwnServer, Host>> = {
  vllm: {
    usualURL: 'http://localhost:8000/v1',
    envBase: ['VLLM_BASE_URL', 'HOSTED_VLLM_API_BASE'],
    envKeys: ['VLLM_API_KEY', 'HOSTED_VLLM_API_KEY'],
    keyless: true,
    quirks: hostQuirks({
      tokenLimit: undefined,
      lacks: ['user', 'verbosity'],
      strictTools: 'drop',
      rerank: {},
      prefill: { request: { continue_final_message: true, add_generation_prompt: false } },
    }),
  },
  lm_studio: {
    usualURL: 'http://127.0.0.1:1234/v1',
    envBase: ['LM_STUDIO_API_BASE'],
    envKeys: ['LM_STUDIO_API_KEY', 'LMSTUDIO_API_KEY'],
    keyless: true,
    quirks: hostQuirks({ lacks: ['logit_bias', 'user'] }),
  },
  llamacpp: {
    usualURL: 'http://127.0.0.1:8080/v1',
    envBase: ['LLAMACPP_BASE_URL'],
    envKeys: ['LLAMACPP_API_KEY', 'LLAMA_API_KEY'],
    keyless: true,
    quirks: hostQuirks({
      tokenLimit: undefined,
      // asked for, `dimensions` would be ignored
      lacks: ['user', 'dimensions'],
      namedTool: 'filter',
      bodyWithTools: { parallel_tool_calls: true },
      rerank: {},
    }),
  },
  litellm_proxy: {
    requestIdHeaders: ['x-litellm-call-id', 'x-request-id'],
    usualURL: 'http://localhost:4000',
    envBase: ['LITELLM_PROXY_API_BASE'],
    envKeys: ['LITELLM_PROXY_API_KEY'],
    keyless: true,
    quirks: {
      messageExtras: ['cache_control', 'thinking_blocks', 'extra_content'],
      reasoningBack: 'reasoning_content',
      rerank: {},
      batches: {},
    },
  },
  openai_compatible: {
    envKeys: [],
    keyless: true,
    quirks: hostQuirks({ keeps: ['modalities', 'audio', 'prediction'], batches: {} }),
  },
  custom_openai: { envKeys: [], keyless: true, quirks: { batches: {} } },
};
