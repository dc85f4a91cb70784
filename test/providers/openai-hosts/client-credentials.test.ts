import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientOptions, LLMClient } from '../../../src/index.ts';
import { AuthenticationError, ConfigurationError, createClient, providerInstance } from '../../../src/index.ts';
import type { Fault, MockServer } from '../../../src/testing/index.ts';
import { fakeClock, fault, startMockServer } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';

const clientId = 'b5a1c0de-1111-4222-8333-444455556666';
const clientSecret = 'dose0123456789abcdef';
const model = 'databricks/databricks-claude-sonnet-4-5';
const messages = [{ role: 'user' as const, content: 'hi' }];

let mock: MockServer;
const clients: LLMClient[] = [];

function clientOf(settings: Readonly<Record<string, unknown>> = {}, options: ClientOptions = {}): LLMClient {
  const baseURL = mock.baseURL('databricks');
  const client = createClient({ use: [], ...options, providers: { databricks: { baseURL, ...settings } } });
  clients.push(client);
  return client;
}

const LOGIN = { clientId, clientSecret };
const ask = (llm: LLMClient) => llm.chat.completions.create({ model, messages });
const exchanges = () => mock.requests.filter(({ provider }) => provider === 'oidc');
const sent = () => mock.requests.filter(({ provider }) => provider === 'databricks');

beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const client of clients.splice(0)) await client.close();
  await mock.close();
});

/** How Databricks refuses a token that has run out. */
const runOut = (): Fault => fault.status(403, { error_code: 403, message: 'Invalid access token. [ReqId: 145ae51b]' });
const refused = (): Fault =>
  fault.status(401, { error_code: 401, message: 'Credential was not sent or was of an unsupported type' });

const content = (answer: Awaited<ReturnType<typeof ask>>) => answer.choices[0]?.message.content;

describe('tokens for a client of Databricks', () => {
  it('are exchanged once for calls side by side, and kept', async () => {
    const llm = clientOf(LOGIN, { headers: { 'x-mine': 'yes' } });
    await Promise.all(Array.from({ length: 8 }, () => ask(llm)));
    await ask(llm);
    expect(exchanges()).toHaveLength(1);
    expect(exchanges()[0]).toMatchObject({
      method: 'POST',
      path: '/v1/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: 'Basic [redacted]' },
      body: { grant_type: 'client_credentials', scope: 'all-apis' },
    });
    expect(exchanges()[0]?.headers).not.toHaveProperty('x-mine');
    expect(sent()).toHaveLength(9);
    expect(sent()[0]?.headers).toMatchObject({ authorization: 'Bearer [redacted]', 'x-mine': 'yes' });
  });

  it('come for id and secret as Basic, from the origin of the base URL, whatever its path, and go to no other', async () => {
    for (const path of ['/serving-endpoints', '/ai-gateway/mlflow/v1']) {
      const seen: { url: string; authorization: unknown }[] = [];
      const llm = clientOf({ ...LOGIN, baseURL: `https://acme.cloud.databricks.com${path}` }, { fetch: recorded(seen) });
      expect(content(await ask(llm))).toBe('yes');
      expect(seen).toEqual([
        {
          url: 'https://acme.cloud.databricks.com/oidc/v1/token',
          authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
        },
        { url: `https://acme.cloud.databricks.com${path}/chat/completions`, authorization: 'Bearer token-of-acme' },
      ]);
    }
  });

  it('come from the environment, host and all', async () => {
    vi.stubEnv('DATABRICKS_HOST', 'https://acme.cloud.databricks.com/');
    vi.stubEnv('DATABRICKS_CLIENT_ID', clientId);
    vi.stubEnv('DATABRICKS_CLIENT_SECRET', clientSecret);
    const seen: { url: string; authorization: unknown }[] = [];
    const llm = clientOf({ baseURL: undefined }, { fetch: recorded(seen) });
    expect(content(await ask(llm))).toBe('yes');
    expect(seen.map(({ url }) => url)).toEqual([
      'https://acme.cloud.databricks.com/oidc/v1/token',
      'https://acme.cloud.databricks.com/serving-endpoints/chat/completions',
    ]);
  });

  it('are renewed once before they expire', async () => {
    const clock = fakeClock();
    const llm = clientOf(LOGIN, { clock });
    await ask(llm);
    await clock.advance(3_500_000);
    await ask(llm);
    expect(exchanges()).toHaveLength(1);
    await clock.advance(50_000);
    await Promise.all([1, 2, 3].map(() => ask(llm)));
    expect(exchanges()).toHaveLength(2);
  });

  it.each([
    ['a 401', refused, 'authentication', 401],
    ['a 403 that says it', runOut, 'permission_denied', 403],
  ])('are renewed once on %s', async (_, failure, kind, status) => {
    const llm = clientOf(LOGIN);
    mock.enqueue('databricks', failure(), 'second time lucky', failure(), 'streamed', failure(), failure());
    expect(content(await ask(llm))).toBe('second time lucky');
    expect(exchanges()).toHaveLength(2);
    let text = '';
    for await (const chunk of await llm.chat.completions.create({ model, messages, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('streamed');
    expect(await rejection(ask(llm))).toMatchObject({ kind, status, retryable: false });
    expect(sent()).toHaveLength(6);
    expect(exchanges()).toHaveLength(4);
  });

  it('are not renewed for a 403 that is about rights', async () => {
    const llm = clientOf(LOGIN);
    mock.enqueue('databricks', fault.status(403, { error_code: 'PERMISSION_DENIED', message: 'No CAN QUERY permission' }));
    expect(await rejection(ask(llm))).toMatchObject({ kind: 'permission_denied', code: 'PERMISSION_DENIED' });
    expect(exchanges()).toHaveLength(1);
    expect(sent()).toHaveLength(1);
  });

  it('come from the mock server on one port too', async () => {
    await using shared = await startMockServer({ port: 0 });
    const llm = clientOf({ ...LOGIN, baseURL: shared.baseURL('databricks') });
    await ask(llm);
    expect(shared.requests.map(({ provider, path }) => `${provider} ${path}`)).toEqual([
      'oidc /v1/token',
      'databricks /v1/chat/completions',
    ]);
  });

  it('serve embeddings and texts too', async () => {
    const llm = clientOf(LOGIN);
    await llm.embeddings.create({ model: 'databricks/gte', input: 'x' });
    await llm.completions.create({ model: 'databricks/text', prompt: 'x' });
    expect(exchanges()).toHaveLength(1);
    expect(sent().map(({ path }) => path)).toEqual(['/v1/embeddings', '/v1/completions']);
  });
});

describe('a login that fails', () => {
  it('is an AuthenticationError that says which credentials, without them, one for each call', async () => {
    const llm = clientOf({ ...LOGIN, clientSecret: 'wrong' });
    const errors = await Promise.all([1, 2].map(() => rejection(ask(llm))));
    for (const error of errors) {
      expect(error).toBeInstanceOf(AuthenticationError);
      expect(error).toMatchObject({ provider: 'databricks', status: 401, retryable: false, requestID: 'req_mock_oidc' });
      const { message } = error as Error;
      expect(message).toContain('providers.databricks.clientId and clientSecret');
      expect(message).toContain('DATABRICKS_CLIENT_SECRET');
      expect(message).toContain('Client authentication failed');
    }
    expect(errors[0]).not.toBe(errors[1]);
    expect(exchanges()).toHaveLength(1);
    expect(sent()).toHaveLength(0);
  });

  it.each([
    ['a wrong scope', fault.status(400, { error: 'invalid_scope' }), 'authentication', 400],
    ['no such service', fault.status(404, 'Not Found'), 'authentication', 404],
    ['an error in a 200', fault.status(200, { error: 'unauthorized_client' }), 'authentication', 400],
    ['rate limit', fault.rateLimit({ retryAfterSeconds: 3 }), 'rate_limit', 429],
    ['unavailable', fault.unavailable(), 'service_unavailable', 503],
    ['refused', fault.resetBeforeHeaders(), 'connection', undefined],
    ['no token', fault.status(200, { token_type: 'Bearer' }), 'response_validation', 200],
    ['a page to sign in', fault.html(), 'response_validation', undefined],
    [
      'an echo of the secret',
      fault.status(401, { error: 'invalid_client', error_description: `no ${clientSecret} here` }),
      'authentication',
      401,
    ],
  ])('%s: the call gets an error of its class, and the next call asks again', async (_, item, kind, status) => {
    const llm = clientOf(LOGIN);
    mock.enqueue('oidc', item);
    const error = await rejection(ask(llm));
    expect(error).toMatchObject({ kind, status });
    expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain(clientSecret);
    expect(content(await ask(llm))).toBe('Hello from the mock server.');
    expect(exchanges()).toHaveLength(2);
  });

  it('leaves no secret and no token in errors of the provider and in logs', async () => {
    const lines: unknown[] = [];
    const log = (...line: unknown[]) => void lines.push(line);
    const llm = clientOf(LOGIN, { logger: { debug: log, info: log, warn: log, error: log } });
    const proof = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    mock.enqueue('databricks', fault.status(400, { message: `mock-oauth-token ${clientSecret} ${proof}` }));
    const error = await rejection(ask(llm));
    const told = JSON.stringify([error, String(error), lines]);
    for (const secret of ['mock-oauth-token', clientSecret]) expect(told).not.toContain(secret);
  });
});

describe('which credentials count', () => {
  it.each([
    ['a key given beside a client', { ...LOGIN, apiKey: 'dapi-1' }, {}, 'Bearer dapi-1'],
    ['a client given, a key in the environment', LOGIN, { DATABRICKS_TOKEN: 'dapi-env' }, 'Bearer token-of-acme'],
    [
      'half of a client given, the other half and a key in the environment',
      { clientId },
      { DATABRICKS_TOKEN: 'dapi-env', DATABRICKS_CLIENT_SECRET: clientSecret },
      'Bearer token-of-acme',
    ],
    [
      'a client and a key in the environment',
      {},
      { DATABRICKS_TOKEN: 'dapi-env', DATABRICKS_CLIENT_ID: clientId, DATABRICKS_CLIENT_SECRET: clientSecret },
      'Bearer dapi-env',
    ],
    ['an empty key', { ...LOGIN, apiKey: '' }, {}, 'Bearer token-of-acme'],
  ])('%s', async (_, settings, env, authorization) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const seen: { url: string; authorization: unknown }[] = [];
    const llm = clientOf(
      { baseURL: 'https://acme.cloud.databricks.com/serving-endpoints', ...settings },
      { fetch: recorded(seen) },
    );
    await ask(llm);
    expect(seen.at(-1)?.authorization).toBe(authorization);
  });

  it.each([
    ['clientSecret', { clientId }, 'missing_setting', 'DATABRICKS_CLIENT_SECRET'],
    ['clientId', { clientSecret }, 'missing_setting', 'DATABRICKS_CLIENT_ID'],
    ['clientSecret', { clientId, clientSecret: 7 }, 'wrong_option', 'must be a string'],
    ['apiKey', {}, 'missing_setting', 'clientId'],
  ])('without %s the error names it', async (setting, settings, code, words) => {
    const error = await rejection(ask(clientOf(settings)));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error).toMatchObject({ code, param: `providers.databricks.${setting}`, message: expect.stringContaining(words) });
    expect(mock.requests).toHaveLength(0);
  });

  it('an instance under another name has a client of its own', async () => {
    const settings = { ...LOGIN, baseURL: mock.baseURL('databricks') };
    const llm = createClient({
      use: [],
      providers: { eu: providerInstance('databricks', { ...settings, clientSecret: 'wrong' }) },
    });
    clients.push(llm);
    const error = await rejection(llm.chat.completions.create({ model: 'eu/m', messages }));
    expect(error).toMatchObject({
      kind: 'authentication',
      provider: 'eu',
      message: expect.stringContaining('providers.eu.clientId'),
    });
  });
});

/** A service that gives tokens and answers; who asks where is noted. */
const recorded =
  (seen: { url: string; authorization: unknown }[]) =>
  async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = String(input instanceof Request ? input.url : input);
    seen.push({ url, authorization: new Headers(init?.headers).get('authorization') });
    const body = url.endsWith('/oidc/v1/token')
      ? { access_token: 'token-of-acme', token_type: 'Bearer', expires_in: 3600 }
      : { choices: [{ message: { content: 'yes' }, finish_reason: 'stop' }] };
    return Response.json(body);
  };
