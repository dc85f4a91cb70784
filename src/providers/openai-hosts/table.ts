import { hostQuirks } from '../../dialects/openai/quirks.ts';
import { GATEWAYS } from './gateways.ts';
import type { Host } from './host.ts';
import type { OpenAIHostId } from './ids.ts';
import { OPENAI } from './openai.ts';
import { OWN_SERVERS } from './own-servers.ts';
import { RETIRED_HOSTS } from './retired-hosts.ts';
import { VECTOR_HOSTS } from './vector-hosts.ts';

const CHAT = ['chat', 'models'] as const;
const CHAT_TEXT = ['chat', 'complete', 'models'] as const;
const CHAT_VECTORS = ['chat', 'embed', 'models'] as const;
const PENALTIES = ['frequency_penalty', 'presence_penalty'] as const;

/** One row per host, as the hosts' API references and SDKs of 2026-11 have it. Rows are defaults: `quirks` in the settings override them. */
export const OPENAI_HOSTS: Readonly<Record<OpenAIHostId, Host>> = {
  ...OWN_SERVERS,
  ...GATEWAYS,
  ...VECTOR_HOSTS,
  ...RETIRED_HOSTS,
  openai: OPENAI,
  groq: {
    baseURL: 'https://api.groq.com/openai/v1',
    sdkPath: '/openai/v1',
    envBase: ['GROQ_BASE_URL'],
    envKeys: ['GROQ_API_KEY'],
    quirks: hostQuirks({
      offers: CHAT,
      tokenLimit: 'max_completion_tokens',
      lacks: ['logprobs', 'top_logprobs', 'logit_bias', 'n'],
      keeps: ['service_tier'],
      messageNames: 'drop',
      batches: {},
    }),
  },
  deepseek: {
    requestIdHeaders: ['x-ds-trace-id', 'x-request-id'],
    baseURL: 'https://api.deepseek.com',
    envKeys: ['DEEPSEEK_API_KEY'],
    quirks: hostQuirks({
      offers: CHAT_TEXT,
      paths: { complete: '/beta/completions' },
      responseFormats: ['text', 'json_object'],
      reasoningBack: 'reasoning_content',
      reasoningBackOn: 'tool_calls',
    }),
  },
  xai: {
    baseURL: 'https://api.x.ai/v1',
    envKeys: ['XAI_API_KEY'],
    quirks: hostQuirks({
      offers: CHAT,
      tokenLimit: undefined,
      repeatsReasoning: true,
      // for `deferred: true`: docs.x.ai/developers/advanced-api-usage/deferred-chat-completions
      later: { idField: 'request_id', path: '/chat/deferred-completion/{}' },
    }),
  },
  perplexity: {
    baseURL: 'https://api.perplexity.ai',
    envKeys: ['PERPLEXITY_API_KEY', 'PERPLEXITYAI_API_KEY'],
    quirks: hostQuirks({
      offers: ['chat', 'embed'],
      lacks: ['tools', 'tool_choice', 'parallel_tool_calls', 'seed', 'stop', 'logprobs', 'top_logprobs', 'n'],
      streamOptions: false,
    }),
  },
  together_ai: {
    baseURL: 'https://api.together.ai/v1',
    envBase: ['TOGETHER_BASE_URL'],
    envKeys: ['TOGETHER_API_KEY', 'TOGETHERAI_API_KEY', 'TOGETHER_AI_TOKEN'],
    quirks: hostQuirks({
      strictTools: 'drop',
      rerank: {},
      batches: { uploadPath: '/files/upload', purpose: 'batch-api', namesFile: true },
    }),
  },
  fireworks_ai: {
    baseURL: 'https://api.fireworks.ai/inference/v1',
    envKeys: ['FIREWORKS_API_KEY', 'FIREWORKS_AI_API_KEY'],
    quirks: hostQuirks({
      tokenLimit: undefined,
      keeps: ['prediction', 'prompt_cache_key'],
      modelPrefix: 'accounts/fireworks/models/',
      rerank: {},
    }),
  },
  cerebras: {
    baseURL: 'https://api.cerebras.ai/v1',
    sdkPath: '/v1',
    envBase: ['CEREBRAS_BASE_URL'],
    envKeys: ['CEREBRAS_API_KEY'],
    quirks: hostQuirks({
      offers: CHAT_TEXT,
      tokenLimit: 'max_completion_tokens',
      lacks: [...PENALTIES, 'logit_bias'],
      reasoningBack: 'reasoning',
    }),
  },
  nvidia_nim: {
    requestIdHeaders: ['nvcf-reqid', 'x-request-id'],
    baseURL: 'https://integrate.api.nvidia.com/v1',
    envBase: ['NVIDIA_NIM_API_BASE'],
    envKeys: ['NVIDIA_NIM_API_KEY', 'NVIDIA_API_KEY'],
    quirks: hostQuirks({
      strictTools: 'drop',
      // under load: docs.api.nvidia.com/nim/reference, "statuspolling" of each model
      later: {
        idHeader: 'nvcf-reqid',
        idField: 'requestId',
        path: '/status/{}',
        ended: { header: 'nvcf-status', values: ['errored', 'rejected'] },
      },
    }),
  },
  sambanova: {
    baseURL: 'https://api.sambanova.ai/v1',
    envKeys: ['SAMBANOVA_API_KEY'],
    quirks: hostQuirks({ lacks: [...PENALTIES, 'logit_bias', 'logprobs', 'top_logprobs', 'n', 'seed'] }),
  },
  deepinfra: {
    baseURL: 'https://api.deepinfra.com/v1/openai',
    envKeys: ['DEEPINFRA_API_KEY', 'DEEPINFRA_TOKEN'],
    quirks: hostQuirks(),
  },
  novita: {
    baseURL: 'https://api.novita.ai/openai/v1',
    envKeys: ['NOVITA_API_KEY'],
    quirks: hostQuirks({ batches: {} }),
  },
  nebius: { baseURL: 'https://api.tokenfactory.nebius.com/v1', envKeys: ['NEBIUS_API_KEY'], quirks: hostQuirks() },
  hyperbolic: {
    baseURL: 'https://api.hyperbolic.xyz/v1',
    envKeys: ['HYPERBOLIC_API_KEY'],
    quirks: hostQuirks({ offers: CHAT_TEXT }),
  },
  chutes: {
    requestIdHeaders: ['x-chutes-invocationid', 'x-request-id'],
    baseURL: 'https://llm.chutes.ai/v1',
    envKeys: ['CHUTES_API_KEY', 'CHUTES_API_TOKEN'],
    quirks: hostQuirks({ offers: CHAT_TEXT }),
  },
  databricks: {
    requestIdHeaders: ['x-request-id', 'x-databricks-request-id'],
    address: { setting: 'host', env: ['DATABRICKS_HOST'], url: 'https://{}/serving-endpoints' },
    envBase: ['DATABRICKS_API_BASE'],
    envKeys: ['DATABRICKS_API_KEY', 'DATABRICKS_TOKEN'],
    // docs.databricks.com/dev-tools/auth/oauth-m2m
    clientCredentials: {
      tokenPath: '/oidc/v1/token',
      scope: 'all-apis',
      envId: ['DATABRICKS_CLIENT_ID'],
      envSecret: ['DATABRICKS_CLIENT_SECRET'],
    },
    quirks: hostQuirks({
      offers: ['chat', 'complete', 'embed'],
      lacks: ['user', 'logit_bias'],
      messageExtras: ['cache_control'],
    }),
  },
  moonshot: {
    requestIdHeaders: ['msh-request-id', 'x-request-id'],
    baseURL: 'https://api.moonshot.ai/v1',
    envBase: ['MOONSHOT_API_BASE'],
    envKeys: ['MOONSHOT_API_KEY'],
    quirks: hostQuirks({
      offers: CHAT,
      toolChoices: ['auto', 'none', 'named'],
      clamps: { temperature: { min: 0, max: 1 } },
      prefill: { message: { partial: true } },
      strictTools: 'drop',
      batches: {},
      reasoningBack: 'reasoning_content',
      reasoningBackOn: 'tool_calls',
    }),
  },
  zai: {
    requestIdHeaders: ['x-log-id', 'x-request-id'],
    baseURL: 'https://api.z.ai/api/paas/v4',
    envKeys: ['ZAI_API_KEY', 'ZHIPU_API_KEY', 'ZHIPUAI_API_KEY'],
    quirks: hostQuirks({
      offers: CHAT_VECTORS,
      toolChoices: ['auto'],
      maxStops: 1,
      lacks: [...PENALTIES, 'logit_bias', 'logprobs', 'top_logprobs', 'n', 'seed'],
      streamOptions: false,
    }),
  },
  dashscope: {
    baseURL: 'https://dashscope-intl.aliyuncs.com/compatible-mode/v1',
    envKeys: ['DASHSCOPE_API_KEY', 'ALIBABA_API_KEY'],
    quirks: hostQuirks(),
  },
  volcengine: {
    requestIdHeaders: ['x-request-id', 'x-client-request-id'],
    baseURL: 'https://ark.cn-beijing.volces.com/api/v3',
    envKeys: ['ARK_API_KEY', 'VOLCENGINE_API_KEY'],
    quirks: hostQuirks({ offers: CHAT_VECTORS, tokenLimit: undefined, lacks: ['seed', 'n'] }),
  },
  minimax: {
    requestIdHeaders: ['trace-id', 'minimax-request-id', 'x-request-id'],
    baseURL: 'https://api.minimax.io/v1',
    envKeys: ['MINIMAX_API_KEY'],
    quirks: hostQuirks({
      offers: CHAT,
      tokenLimit: undefined,
      clamps: { temperature: { min: 0.01, max: 1 } },
      lacks: [...PENALTIES, 'logit_bias', 'n'],
      body: { reasoning_split: true },
    }),
  },
  inference_net: {
    baseURL: 'https://api.inference.net/v1',
    envKeys: ['INFERENCE_API_KEY', 'INFERENCE_NET_API_KEY'],
    quirks: hostQuirks(),
  },
  friendliai: {
    baseURL: 'https://api.friendli.ai/serverless/v1',
    envKeys: ['FRIENDLI_TOKEN'],
    settingHeaders: { team: { header: 'x-friendli-team', env: ['FRIENDLI_TEAM'] } },
    quirks: hostQuirks({ body: { parse_reasoning: true } }),
  },
  baseten: {
    baseURL: 'https://inference.baseten.co/v1',
    envKeys: ['BASETEN_API_KEY'],
    auth: { header: 'authorization', scheme: 'Api-Key ' },
    quirks: hostQuirks({ offers: CHAT_VECTORS }),
  },
  snowflake: {
    address: {
      setting: 'account',
      env: ['SNOWFLAKE_ACCOUNT', 'SNOWFLAKE_ACCOUNT_ID'],
      url: 'https://{}.snowflakecomputing.com/api/v2/cortex/v1',
    },
    envKeys: ['SNOWFLAKE_CORTEX_PAT', 'SNOWFLAKE_PAT', 'SNOWFLAKE_JWT'],
    quirks: hostQuirks({ offers: ['chat'], tokenLimit: 'max_completion_tokens', lacks: ['n'], messageExtras: ['cache_control'] }),
  },
  ai21: {
    baseURL: 'https://api.ai21.com/studio/v1',
    envBase: ['AI21_BASE_URL'],
    envKeys: ['AI21_API_KEY'],
    quirks: hostQuirks({
      offers: ['chat'],
      plainText: true,
      responseFormats: ['text', 'json_object'],
      toolChoices: ['auto', 'none', 'required'],
      lacks: [
        ...PENALTIES,
        'logit_bias',
        'logprobs',
        'top_logprobs',
        'user',
        'parallel_tool_calls',
        'reasoning_effort',
        'verbosity',
      ],
      streamOptions: false,
    }),
  },
};
