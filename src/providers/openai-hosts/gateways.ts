import { hostQuirks } from '../../dialects/openai/quirks.ts';
import type { Host } from './host.ts';
import type { OpenAIHostId } from './ids.ts';

/** Hosts that pass requests on to the hosts of the models. */
export const GATEWAYS: Readonly<Record<Extract<OpenAIHostId, 'openrouter' | 'vercel_ai_gateway' | 'portkey'>, Host>> = {
  openrouter: {
    requestIdHeaders: ['x-request-id', 'x-generation-id'],
    baseURL: 'https://openrouter.ai/api/v1',
    envKeys: ['OPENROUTER_API_KEY'],
    settingHeaders: {
      referer: { header: 'http-referer', env: ['OR_SITE_URL'] },
      title: { header: 'x-title', env: ['OR_APP_NAME'] },
    },
    quirks: hostQuirks({
      keeps: ['modalities', 'audio', 'prediction', 'prompt_cache_key', 'metadata', 'service_tier'],
      messageExtras: ['cache_control', 'reasoning_details'],
      reasoningBack: 'reasoning',
    }),
  },
  vercel_ai_gateway: {
    requestIdHeaders: ['x-request-id', 'x-vercel-id'],
    baseURL: 'https://ai-gateway.vercel.sh/v1',
    envKeys: ['AI_GATEWAY_API_KEY', 'VERCEL_AI_GATEWAY_API_KEY', 'VERCEL_OIDC_TOKEN'],
    quirks: {
      offers: ['chat', 'embed', 'models'],
      messageExtras: ['cache_control', 'reasoning_details'],
      reasoningBack: 'reasoning',
    },
  },
  portkey: {
    requestIdHeaders: ['x-portkey-trace-id', 'x-request-id'],
    baseURL: 'https://api.portkey.ai/v1',
    envKeys: ['PORTKEY_API_KEY'],
    auth: { header: 'x-portkey-api-key', scheme: '' },
    settingHeaders: {
      provider: { header: 'x-portkey-provider' },
      virtualKey: { header: 'x-portkey-virtual-key' },
      config: { header: 'x-portkey-config' },
      traceId: { header: 'x-portkey-trace-id' },
      metadata: { header: 'x-portkey-metadata' },
      strictOpenAiCompliance: { header: 'x-portkey-strict-open-ai-compliance' },
    },
    quirks: { messageExtras: ['cache_control'] },
  },
};
