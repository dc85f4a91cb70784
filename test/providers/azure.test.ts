import { describe, expect, it } from 'vitest';
import { azure } from '../../src/providers/azure/azure.ts';
import { PLAIN_STREAM, providerOn } from '../support/recording-transport.ts';

const apiKey = 'azure-key';
const endpoint = 'https://res.openai.azure.com';
const request = { messages: [{ role: 'user' as const, content: 'Hi' }] };
const model = 'my-deployment';

describe('the v1 API', () => {
  it.each([
    ['an endpoint', { endpoint }],
    ['an endpoint with a slash', { endpoint: `${endpoint}/` }],
    ['an endpoint with its path', { endpoint: `${endpoint}/openai/v1/` }],
    ['a base URL', { baseURL: `${endpoint}/openai/v1` }],
  ])('%s: the deployment is the model', async (_, settings) => {
    const { sent } = await providerOn(azure, { settings: { apiKey, ...settings } }).run('chat', request, { model });
    expect(sent.url).toBe(`${endpoint}/openai/v1/chat/completions`);
    expect(sent.headers).toMatchObject({ 'api-key': apiKey });
    expect(sent.headers).not.toHaveProperty('authorization');
    expect(sent.body).toMatchObject({ model, messages: request.messages });
  });

  it('takes a deployment for all calls', async () => {
    const { sent } = await providerOn(azure, { settings: { apiKey, endpoint, deployment: 'd1' } }).run('chat', request, {
      model: 'gpt-5',
    });
    expect(sent.body.model).toBe('d1');
  });

  it.each(['preview', 'v1'])('version %s is named in the query', async (apiVersion) => {
    const { sent } = await providerOn(azure, { settings: { apiKey, endpoint, apiVersion } }).run('chat', request);
    expect(sent.url).toBe(`${endpoint}/openai/v1/chat/completions?api-version=${apiVersion}`);
  });
});

describe('a dated version', () => {
  const apiVersion = '2024-10-21';
  const settings = { apiKey, endpoint, apiVersion };

  it('has the deployment in the path', async () => {
    const { sent } = await providerOn(azure, { settings }).run('chat', request, { model });
    expect(sent.url).toBe(`${endpoint}/openai/deployments/${model}/chat/completions?api-version=${apiVersion}`);
    expect(sent.headers['api-key']).toBe(apiKey);
  });

  it('escapes the deployment', async () => {
    const { sent } = await providerOn(azure, { settings: { ...settings, deployment: 'a b/c' } }).run('chat', request);
    expect(sent.url).toContain('/deployments/a%20b%2Fc/chat/completions?');
  });

  it('scopes embeddings and completions, not the list of models', async () => {
    const embeds = providerOn(azure, { settings, answer: { data: [{ embedding: [1] }] } });
    expect((await embeds.run('embed', { input: 'x' }, { model })).sent.url).toContain(`/deployments/${model}/embeddings?`);
    const lists = providerOn(azure, { settings, answer: { data: [] } });
    expect((await lists.run('models', {})).sent).toMatchObject({
      method: 'GET',
      url: `${endpoint}/openai/models?api-version=${apiVersion}`,
    });
  });

  it('adds no second deployment to an address that has one', async () => {
    const baseURL = `${endpoint}/openai/deployments/mine`;
    const { sent } = await providerOn(azure, { settings: { apiKey, baseURL, apiVersion } }).run('chat', request);
    expect(sent.url).toBe(`${baseURL}/chat/completions?api-version=${apiVersion}`);
  });

  it.each([
    ['2024-06-01', undefined],
    ['2024-09-01-preview', { include_usage: true }],
    ['2024-10-21', { include_usage: true }],
  ])('%s: stream_options are %o', async (version, expected) => {
    const host = providerOn(azure, { settings: { apiKey, endpoint, apiVersion: version }, answer: PLAIN_STREAM });
    expect((await host.run('stream', request)).sent.body.stream_options).toEqual(expected);
  });
});

describe('settings', () => {
  it.each([
    [{ AZURE_OPENAI_API_KEY: 'k', AZURE_OPENAI_ENDPOINT: endpoint }],
    [{ AZURE_API_KEY: 'k', AZURE_API_BASE: endpoint }],
    [{ AZURE_API_KEY: 'k', AZURE_RESOURCE_NAME: 'res' }],
  ])('from the environment: %o', async (env) => {
    const { sent } = await providerOn(azure, { env }).run('chat', request);
    expect(sent.url).toBe(`${endpoint}/openai/v1/chat/completions`);
    expect(sent.headers['api-key']).toBe('k');
  });

  it.each(['OPENAI_API_VERSION', 'AZURE_API_VERSION'])('the version from %s', async (name) => {
    const { sent } = await providerOn(azure, { settings: { apiKey, endpoint }, env: { [name]: '2024-10-21' } }).run(
      'chat',
      request,
    );
    expect(sent.url).toContain('?api-version=2024-10-21');
  });

  it('OPENAI_BASE_URL and OPENAI_API_KEY are not for Azure', async () => {
    const env = { OPENAI_BASE_URL: 'https://elsewhere.example', OPENAI_API_KEY: 'sk' };
    const { sent } = await providerOn(azure, { settings: { apiKey, endpoint }, env }).run('chat', request);
    expect(sent.url).toMatch(/^https:\/\/res\.openai\.azure\.com\//);
    expect(() => providerOn(azure, { settings: { endpoint }, env })).toThrow(/AZURE_OPENAI_API_KEY/);
    expect(() => providerOn(azure, { settings: { apiKey }, env })).toThrow(/AZURE_OPENAI_ENDPOINT/);
  });

  it.each([
    ['endpoint and baseURL', { endpoint, baseURL: endpoint }, 'endpoint'],
    ['a deployment address without a version', { baseURL: `${endpoint}/openai/deployments/x` }, 'apiVersion'],
    ['an endpoint that is no string', { endpoint: 5 }, 'endpoint'],
    ['a token provider that is no function', { endpoint, azureADTokenProvider: 'token' }, 'azureADTokenProvider'],
  ])('refuses %s', (_, settings, setting) => {
    expect(() => providerOn(azure, { settings: { apiKey, ...settings } as never })).toThrow(
      expect.objectContaining({ kind: 'configuration', param: `providers.azure.${setting}` }),
    );
  });
});

describe('tokens', () => {
  it('asks for a token per request, and sends no key beside it', async () => {
    let count = 0;
    const azureADTokenProvider = async () => `token-${++count}`;
    const host = providerOn(azure, { settings: { apiKey, endpoint, azureADTokenProvider } });
    await host.run('chat', request);
    const { sent } = await host.run('chat', request);
    expect(sent.headers.authorization).toBe('Bearer token-2');
    expect(sent.headers).not.toHaveProperty('api-key');
  });

  it('needs no key', async () => {
    const { sent } = await providerOn(azure, { settings: { endpoint, azureADTokenProvider: () => 't' } }).run('chat', request);
    expect(sent.headers.authorization).toBe('Bearer t');
  });

  it('a provider that fails is an authentication error with its cause', async () => {
    const cause = new Error('no identity');
    const azureADTokenProvider = async () => {
      throw cause;
    };
    const host = providerOn(azure, { settings: { endpoint, azureADTokenProvider } });
    await expect(host.run('chat', request)).rejects.toMatchObject({ kind: 'authentication', retryable: false, cause });
    expect(host.sent).toEqual([]);
  });

  it.each([undefined, '', 5, {}])('a token of %o is a configuration error', async (token) => {
    const host = providerOn(azure, { settings: { endpoint, azureADTokenProvider: () => token } });
    await expect(host.run('chat', request)).rejects.toMatchObject({ kind: 'configuration' });
    expect(host.sent).toEqual([]);
  });
});
