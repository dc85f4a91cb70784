import type { ProviderSettings } from 'holdfast';
import { ConfigurationError, createClient, isLLMError, NotFoundError } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { startMockServer } from 'holdfast/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';
import { settingsAt } from '../support/provider-settings.ts';

const OWN_DIALECTS =
  'openai azure anthropic gemini vertex_ai bedrock sagemaker cohere cohere_chat mistral ollama ollama_chat vllm llamacpp lm_studio huggingface replicate watsonx cloudflare ai21 nlp_cloud aleph_alpha text-completion-openai openai_compatible custom_openai';
const OPENAI_DIALECT =
  'together_ai groq deepseek xai openrouter perplexity fireworks_ai cerebras nvidia_nim sambanova deepinfra novita nebius hyperbolic chutes databricks moonshot zai dashscope volcengine minimax litellm_proxy portkey vercel_ai_gateway inference_net friendliai baseten snowflake';
const CHAT_IDS = `${OWN_DIALECTS} ${OPENAI_DIALECT}`.split(' ');
const RETIRED = ['palm', 'github', 'lambda_ai', 'anyscale'];
const ALIASES = {
  vertex: 'vertex_ai',
  google: 'gemini',
  together: 'together_ai',
  hosted_vllm: 'vllm',
  aws: 'bedrock',
  llamafile: 'llamacpp',
  jina: 'jina_ai',
  chutes_ai: 'chutes',
};

const messages = [{ role: 'user' as const, content: 'hi' }];

let mock: MockServer;
/** Every origin that was spoken to. */
const origins = new Set<string>();
const watched: typeof fetch = (input, init) => {
  origins.add(new URL(input instanceof Request ? input.url : String(input)).origin);
  return fetch(input, init);
};

beforeAll(async () => {
  mock = await startMockServer();
});
afterAll(() => mock.close());

const originOf = (id: string): string => new URL(mock.baseURL(id)).origin;
const settingsOf = (id: string): ProviderSettings => ({
  ...settingsAt(id, originOf(id), mock.baseURL('watsonx_iam')),
  baseURL: mock.baseURL(id),
});

describe('every provider id', () => {
  it.each(CHAT_IDS)('%s answers, whole and streamed, and speaks to the host of its baseURL only', async (id) => {
    const llm = createClient({ providers: { [id]: settingsOf(id) }, use: [], fetch: watched });
    origins.clear();
    // the names of Gemini's models have no owner
    const rest = id === 'gemini' ? 'model' : 'owner/model';
    const model = `${id}/${rest}`;
    const whole = await llm.chat.completions.create({ model, messages });
    expect(whole.choices[0]?.message.content).toBe('Hello from the mock server.');
    expect(whole).toMatchObject({ object: 'chat.completion', route: { provider: id, model: rest, fallback: false } });
    const stream = await llm.chat.completions.create({ model, messages, stream: true });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('Hello from the mock server.');
    expect(stream.route).toMatchObject({ provider: id, model: rest });
    const allowed = id === 'watsonx' ? [originOf(id), originOf('watsonx_iam')] : [originOf(id)];
    expect([...origins].sort()).toEqual(allowed.sort());
    await llm.close();
  });

  it.each(['voyage', 'jina_ai'])('%s gives vectors and an order of documents', async (id) => {
    const llm = createClient({ providers: { [id]: settingsOf(id) }, use: [] });
    const vectors = await llm.embeddings.create({ model: `${id}/m`, input: ['a', 'b'] });
    expect(vectors.data).toHaveLength(2);
    const ranked = await llm.rerank.create({ model: `${id}/m`, query: 'q', documents: ['a', 'b'] });
    expect(Object.keys(ranked.results[0] ?? {})).toEqual(expect.arrayContaining(['index', 'relevance_score']));
    await llm.close();
  });

  it.each(Object.entries(ALIASES))('%s is another name of %s', async (alias, id) => {
    const { settings, ids } = { settings: settingsOf(id), ids: [alias, id] };
    for (const named of ids) {
      const llm = createClient({ providers: { [named]: settings }, use: [] });
      if (id === 'jina_ai') {
        const vectors = await llm.embeddings.create({ model: `${alias}/m`, input: 'a' });
        expect(vectors.route.provider).toBe(id);
      } else {
        const reply = await llm.chat.completions.create({ model: `${alias}/m`, messages });
        expect(reply.route.provider).toBe(id);
      }
      await llm.close();
    }
  });

  it('that nobody has is a ConfigurationError which suggests the nearest', async () => {
    const llm = createClient();
    const error = await rejection(llm.chat.completions.create({ model: 'antropic/claude', messages }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain('anthropic/claude');
    await llm.close();
  });
});

describe('a retired service', () => {
  it.each(RETIRED)('%s fails at once, without a request or a key, and says what to use instead', async (id) => {
    let sent = 0;
    const llm = createClient({
      fetch: async () => {
        sent++;
        return new Response('{}');
      },
    });
    const model = `${id}/some-model`;
    const asked = [
      llm.chat.completions.create({ model, messages }),
      llm.chat.completions.create({ model, messages, stream: true }),
      llm.completions.create({ model, prompt: 'p' }),
      llm.embeddings.create({ model, input: 'i' }),
      llm.models.list({ provider: id }),
    ];
    for (const error of await Promise.all(asked.map(rejection))) {
      expect(error).toBeInstanceOf(NotFoundError);
      expect(error).toMatchObject({ kind: 'not_found', code: 'model_retired', provider: id, retryable: false });
      expect(String(error)).toMatch(/\w+\/…|gemini/);
    }
    expect(sent).toBe(0);
    await llm.close();
  });

  it.each(RETIRED)('%s is spoken to at an address of one’s own', async (id) => {
    const llm = createClient({ providers: { [id]: settingsOf(id) }, use: [] });
    const reply = await llm.chat.completions.create({ model: `${id}/m`, messages });
    expect(reply.route.provider).toBe(id);
    await llm.close();
  });
});

describe('what is missing', () => {
  const KEYED = CHAT_IDS.filter(
    (id) => !/^(ollama|vllm|llamacpp|lm_studio|openai_compatible|custom_openai|litellm_proxy|huggingface|aleph)/.test(id),
  );

  it.each(KEYED)('a key: %s names the environment variable, at the first call and before any request', async (id) => {
    const saved = { ...process.env };
    for (const name of Object.keys(process.env)) if (/KEY|TOKEN|AWS|GOOGLE|PAT$/.test(name)) delete process.env[name];
    process.env.AWS_EC2_METADATA_DISABLED = 'true';
    try {
      const { apiKey: _, accessKeyId: _1, secretAccessKey: _2, accessToken: _3, ...rest } = settingsOf(id);
      let sent = 0;
      const counted: typeof fetch = (input, init) => {
        sent++;
        return fetch(input, init);
      };
      const llm = createClient({ providers: { [id]: rest }, use: [], fetch: counted });
      const error = await rejection(llm.chat.completions.create({ model: `${id}/m`, messages }));
      expect(isLLMError(error, 'configuration'), String(error)).toBe(true);
      expect(String(error)).toMatch(/[A-Z]+_[A-Z_]+/);
      expect(sent).toBe(0);
      await llm.close();
    } finally {
      process.env = saved;
    }
  });

  it.each([
    ['vllm', 'baseURL'],
    ['lm_studio', 'baseURL'],
    ['llamacpp', 'baseURL'],
    ['openai_compatible', 'baseURL'],
    ['custom_openai', 'baseURL'],
    ['aleph_alpha', 'baseURL'],
    ['azure', 'endpoint'],
    ['cloudflare', 'accountId'],
    ['watsonx', 'projectId'],
    ['vertex_ai', 'project'],
    ['databricks', 'host'],
    ['snowflake', 'account'],
  ])('a setting: %s says that %s is missing', async (id, setting) => {
    const llm = createClient({ providers: { [id]: { apiKey: 'k', accessToken: 't' } }, use: [] });
    const error = await rejection(llm.chat.completions.create({ model: `${id}/m`, messages }));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain(setting);
    await llm.close();
  });
});
