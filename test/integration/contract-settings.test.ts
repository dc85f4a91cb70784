import type { ProviderSettings } from 'holdfast';
import { ConfigurationError, createClient } from 'holdfast';
import { fromOpenAI } from 'holdfast/openai';
import type { MockServer } from 'holdfast/testing';
import { startMockServer } from 'holdfast/testing';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

const messages = [{ role: 'user' as const, content: 'hi' }];

let mock: MockServer;
beforeAll(async () => {
  mock = await startMockServer();
});
afterAll(() => mock.close());

interface Seen {
  readonly url: string;
  readonly headers: Headers;
}

/** What the first request of a call looks like; `nothing` comes back. */
async function firstRequest(id: string, settings: ProviderSettings, model = `${id}/some-model`): Promise<Seen> {
  const seen: Seen[] = [];
  await using llm = createClient({
    providers: { [id]: settings },
    use: [],
    fetch: async (input, init) => {
      seen.push({ url: String(input), headers: new Headers(init?.headers) });
      return new Response('{}', { status: 500 });
    },
  });
  const error = await rejection(llm.chat.completions.create({ model, messages }));
  const [first] = seen;
  if (first === undefined) throw error;
  return first;
}

describe('azure', () => {
  it('apiKey with endpoint: the v1 API, or the dated one with apiVersion', async () => {
    const own = { apiKey: 'k', endpoint: 'https://r.openai.azure.com' };
    const v1 = await firstRequest('azure', own);
    expect(v1.url).toBe('https://r.openai.azure.com/openai/v1/chat/completions');
    expect(v1.headers.get('api-key')).toBe('k');
    const dated = await firstRequest('azure', { ...own, apiVersion: '2024-10-21' });
    expect(dated.url).toBe('https://r.openai.azure.com/openai/deployments/some-model/chat/completions?api-version=2024-10-21');
    const named = await firstRequest('azure', { ...own, apiVersion: '2024-10-21', deployment: 'mine' });
    expect(named.url).toContain('/deployments/mine/');
  });

  it('azureADTokenProvider beats apiKey', async () => {
    const { headers } = await firstRequest('azure', {
      apiKey: 'k',
      azureADTokenProvider: async () => 'tok',
      baseURL: 'https://h/openai/v1',
    });
    expect(headers.get('authorization')).toBe('Bearer tok');
    expect(headers.get('api-key')).toBeNull();
  });
});

describe('bedrock and sagemaker', () => {
  const keys = { accessKeyId: 'AKIA', secretAccessKey: 's', sessionToken: 'st', region: 'eu-central-1' };

  it('are signed for, or bedrock gets a bearer', async () => {
    const signed = await firstRequest('bedrock', keys);
    expect(signed.url).toMatch(/^https:\/\/bedrock-runtime\.eu-central-1\.amazonaws\.com\/model\/some-model\/converse/);
    expect(signed.headers.get('authorization')).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIA\/\d+\/eu-central-1\/bedrock/);
    expect(signed.headers.get('x-amz-security-token')).toBe('st');
    const bearer = await firstRequest('bedrock', { apiKey: 'bk', region: 'us-east-1' });
    expect(bearer.headers.get('authorization')).toBe('Bearer bk');
    const own = await firstRequest('sagemaker', {
      region: 'us-east-1',
      credentials: async () => ({ accessKeyId: 'AKIB', secretAccessKey: 's' }),
    });
    expect(own.headers.get('authorization')).toMatch(/Credential=AKIB\/\d+\/us-east-1\/sagemaker/);
  });
});

describe('vertex_ai', () => {
  it('project, location, accessToken as a string or a function, which beat apiKey', async () => {
    for (const accessToken of ['tok', () => 'tok', async () => 'tok']) {
      const { url, headers } = await firstRequest('vertex_ai', {
        project: 'p',
        location: 'us-central1',
        accessToken,
        apiKey: 'k',
      });
      expect(url).toMatch(/^https:\/\/us-central1-aiplatform\.googleapis\.com\/v1\w*\/projects\/p\/locations\/us-central1\//);
      expect(headers.get('authorization')).toBe('Bearer tok');
    }
  });
});

describe('watsonx', () => {
  it('token beats apiKey; projectId or spaceId; region or baseURL', async () => {
    const { url, headers } = await firstRequest('watsonx', { token: 't', apiKey: 'k', spaceId: 's', region: 'eu-de' });
    expect(url).toMatch(/^https:\/\/eu-de\.ml\.cloud\.ibm\.com\/ml\/v1\/text\/chat\?version=/);
    expect(headers.get('authorization')).toBe('Bearer t');
  });

  it('apiKey is exchanged; with a baseURL that needs an iamURL', async () => {
    const exchange = await firstRequest('watsonx', { apiKey: 'k', projectId: 'p' });
    expect(exchange.url).toBe('https://iam.cloud.ibm.com/identity/token');
    await expect(firstRequest('watsonx', { apiKey: 'k', projectId: 'p', baseURL: 'https://own' })).rejects.toBeInstanceOf(
      ConfigurationError,
    );
    const own = await firstRequest('watsonx', { apiKey: 'k', projectId: 'p', baseURL: 'https://own', iamURL: 'https://iam.own' });
    expect(own.url).toBe('https://iam.own/identity/token');
  });
});

describe('cloudflare', () => {
  it('apiKey and accountId', async () => {
    const { url, headers } = await firstRequest('cloudflare', { apiKey: 'k', accountId: 'acc' }, 'cloudflare/@cf/meta/llama');
    expect(url).toBe('https://api.cloudflare.com/client/v4/accounts/acc/ai/v1/chat/completions');
    expect(headers.get('authorization')).toBe('Bearer k');
  });
});

describe('everybody', () => {
  it('takes an apiKey that is not used', async () => {
    for (const id of ['ollama', 'vllm', 'lm_studio', 'llamacpp', 'openai_compatible', 'custom_openai']) {
      await using llm = createClient({ providers: { [id]: { apiKey: 'unused', baseURL: mock.baseURL(id) } }, use: [] });
      expect((await llm.chat.completions.create({ model: `${id}/m`, messages })).route.provider).toBe(id);
    }
  });

  it('sends headers of its settings after those of the client, and a base URL must be one', async () => {
    const seen = await firstRequest('openai', { apiKey: 'k', baseURL: 'https://h/v1', headers: new Headers({ 'x-a': 'b' }) });
    expect(seen.headers.get('x-a')).toBe('b');
    for (const baseURL of ['', 'not a url', 'ftp://h', 'https://user:secret@h', 'https://h/v1?key=secret']) {
      const error = await rejection(firstRequest('openai', { apiKey: 'k', baseURL }));
      expect(error).toBeInstanceOf(ConfigurationError);
      expect(String(error)).toMatch(/openai\.baseURL/);
      expect(String(error)).not.toContain('secret');
    }
  });
});

describe('fromOpenAI', () => {
  it('sends through an instance of the user’s own', async () => {
    const instance = new OpenAI({ apiKey: 'own-key', baseURL: mock.baseURL('openai'), defaultHeaders: { 'x-own': '1' } });
    await using llm = createClient({ providers: { mine: fromOpenAI(instance) }, use: [] });
    const answer = await llm.chat.completions.create(
      { model: 'mine/gpt', messages },
      { headers: new Headers({ 'x-call': '2' }) },
    );
    expect(answer.route).toMatchObject({ provider: 'mine', model: 'gpt' });
    expect(mock.requests.at(-1)?.headers).toMatchObject({ 'x-own': '1', 'x-call': '2' });
  });
});
