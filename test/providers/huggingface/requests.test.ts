import { describe, expect, it } from 'vitest';
import { huggingface } from '../../../src/providers/huggingface/huggingface.ts';
import { providerOn } from '../../support/recording-transport.ts';

const user = { role: 'user' as const, content: 'Hi' };
const ENDPOINT = 'https://abc.eu-west-1.aws.endpoints.huggingface.cloud';
const router = (answer?: object) =>
  providerOn(huggingface, { env: { HF_TOKEN: 'hf_env' }, ...(answer === undefined ? {} : { answer }) });
const endpoint = (settings: object = {}, answer?: object, env: Record<string, string> = {}) =>
  providerOn(huggingface, { settings: { baseURL: ENDPOINT, ...settings }, env, ...(answer === undefined ? {} : { answer }) });

describe('the router', () => {
  it.each([
    ['org/model', 'org/model'],
    ['org/model:cheapest', 'org/model:cheapest'],
    ['groq/org/model', 'org/model:groq'],
  ])('is asked for %s as %s', async (model, named) => {
    const { sent } = await router().run('chat', { messages: [user], max_completion_tokens: 3, user: 'u' }, { model });
    expect(sent.url).toBe('https://router.huggingface.co/v1/chat/completions');
    expect(sent.headers.authorization).toBe('Bearer hf_env');
    expect(sent.body).toEqual({ model: named, messages: [user], max_tokens: 3 });
  });

  it('bills whom the settings name, and wants a token', async () => {
    const provider = providerOn(huggingface, { settings: { apiKey: 'hf_k', billTo: 'acme' } });
    expect((await provider.run('chat', { messages: [user] })).sent.headers).toMatchObject({
      'x-hf-bill-to': 'acme',
      authorization: 'Bearer hf_k',
    });
    expect(() => providerOn(huggingface)).toThrow(/HF_TOKEN/);
    for (const name of ['HUGGINGFACE_API_KEY', 'HUGGING_FACE_HUB_TOKEN']) {
      expect(() => providerOn(huggingface, { env: { [name]: 'x' } })).not.toThrow();
    }
  });

  it('sends its token nowhere by the name of a model', async () => {
    const asked = router().run('chat', { messages: [user] }, { model: 'https://evil.example/v1' });
    await expect(asked).rejects.toMatchObject({ kind: 'configuration', param: 'providers.huggingface.baseURL' });
  });

  it('embeds by the pipeline of hf-inference', async () => {
    const provider = router([
      [1, 0.5],
      [0, 2],
    ] as unknown as object);
    const { result, sent } = await provider.run('embed', {
      input: ['a', 'b'],
      encoding_format: 'base64',
      providerOptions: { huggingface: { normalize: true } },
    });
    expect(sent).toMatchObject({
      url: 'https://router.huggingface.co/hf-inference/models/some/model/pipeline/feature-extraction',
      body: { inputs: ['a', 'b'], normalize: true },
    });
    expect(result.data.map(({ embedding }) => embedding)).toEqual(['AACAPwAAAD8=', 'AAAAAAAAAEA=']);
    const tokens = router([[[1], [2]]] as unknown as object);
    await expect(tokens.run('embed', { input: 'a' })).rejects.toMatchObject({ kind: 'response_validation' });
    const loading = router({ error: 'Model some/model is currently loading', estimated_time: 20 });
    await expect(loading.run('embed', { input: 'a' })).rejects.toMatchObject({
      kind: 'service_unavailable',
      retryAfterMs: 20_000,
    });
  });

  it('asks for an endpoint where only an endpoint will do', async () => {
    const wants = { kind: 'configuration', param: 'providers.huggingface.baseURL' };
    await expect(router().run('rerank', { query: 'q', documents: ['a'] })).rejects.toMatchObject(wants);
    await expect(router().run('complete', { prompt: 'p' })).rejects.toMatchObject(wants);
  });
});

describe('an endpoint', () => {
  it('is found behind whatever its page shows', async () => {
    for (const tail of ['', '/', '/v1', '/v1/', '/v1/chat/completions', '/v1/completions']) {
      const { sent } = await endpoint({ baseURL: ENDPOINT + tail, scaleUpTimeout: 600 }).run(
        'chat',
        { messages: [user], top_p: 1 },
        { model: 'tgi' },
      );
      expect(sent.url).toBe(`${ENDPOINT}/v1/chat/completions`);
      expect(sent.headers['x-scale-up-timeout']).toBe('600');
      expect(sent.headers).not.toHaveProperty('authorization');
      expect(sent.body).toEqual({ model: 'tgi', messages: [user] });
    }
  });

  it('gets a token from the environment over a safe line only', async () => {
    const env = { HF_TOKEN: 'hf_env' };
    const key = async (baseURL: string) =>
      (await endpoint({ baseURL }, undefined, env).run('chat', { messages: [user] })).sent.headers.authorization;
    expect(await key(ENDPOINT)).toBe('Bearer hf_env');
    expect(await key('http://localhost:8080')).toBe('Bearer hf_env');
    expect(await key('http://gpu.example:8080')).toBeUndefined();
  });

  it('embeds as TEI does, and ranks', async () => {
    const vectors = endpoint({}, { data: [{ embedding: [1, 2] }], usage: { prompt_tokens: 1, total_tokens: 1 } });
    expect((await vectors.run('embed', { input: 'a' })).sent.url).toBe(`${ENDPOINT}/v1/embeddings`);
    const ranks = endpoint({}, [
      { index: 0, score: 0.2 },
      { index: 1, score: 0.7 },
      { index: 2, score: 0.5 },
    ]);
    const { result, sent } = await ranks.run('rerank', { query: 'q', documents: ['a', 'b', { text: 'c' }], top_n: 2 });
    expect(sent).toMatchObject({ url: `${ENDPOINT}/rerank`, body: { query: 'q', texts: ['a', 'b', 'c'] } });
    expect(result.results).toEqual([
      { index: 1, relevance_score: 0.7 },
      { index: 2, relevance_score: 0.5 },
    ]);
    const failed = endpoint({}, { error: 'Model is overloaded', error_type: 'Overloaded' });
    await expect(failed.run('rerank', { query: 'q', documents: ['a'] })).rejects.toMatchObject({ kind: 'rate_limit' });
  });
});
