import { describe, expect, it } from 'vitest';
import { tcpServer } from '../wire/loopback.ts';
import { client, failureOf, kept, refusal, service, shown, TRANSPORTS, user } from './service.ts';

const KEY = 'zq7-Very+Private/Key=0815';

describe('credentials in headers of the caller', () => {
  const HEADERS = {
    'x-team-token': 'team.opaque:0815',
    'X-Api-Key': 'second.opaque:0815',
    'proxy-authorization': 'Custom proxy.opaque:0815',
    cookie: 'theme=dark; sid=cookie.opaque:0815',
  };

  it.each([
    ['of the client', { headers: HEADERS }, {}, {}],
    ['of the provider', {}, { headers: HEADERS }, {}],
    ['of the call', {}, {}, { headers: HEADERS }],
  ])('are secrets too: %s', async (_, options, settings, callOptions) => {
    const asked: string[] = [];
    const baseURL = await service((request, response) => {
      const { cookie, ...headers } = request.headers;
      const told = Object.keys(HEADERS).map((name) => (name === 'cookie' ? cookie : headers[name.toLowerCase()]));
      asked.push(told.join());
      refusal(response, 401, `not known here: ${told.join(', ')}; user-agent ${headers['user-agent']}`);
    });
    const llm = client({ ...options, providers: { openai: { apiKey: KEY, baseURL, ...settings } } });
    const error = await failureOf(llm.chat.completions.create({ model: 'openai/m', messages: user('Hi') }, callOptions));
    expect(asked[0]?.match(/opaque:0815/g)).toHaveLength(4);
    expect(shown(error)).not.toContain('opaque');
    expect(error.message).toContain('user-agent holdfast/');
  });
});

describe.each(TRANSPORTS)('over %s', (_, transport) => {
  it.each(['opaque.token:0815\nx-more: 1', 'opaque.token:0815…', 'opaque.token:0815\u0000'])(
    'a token that no header can carry is told by its place: %j',
    async (token) => {
      let asked = 0;
      const baseURL = await service((_request, response) => {
        asked++;
        response.end('{}');
      });
      const llm = client({ ...transport, providers: { azure: { baseURL, azureADTokenProvider: () => token } } });
      const error = await failureOf(llm.chat.completions.create({ model: 'azure/m', messages: user('Hi') }));
      expect(error).toMatchObject({ kind: 'configuration', code: 'wrong_header', param: 'headers.authorization' });
      expect(shown(error)).not.toContain('opaque');
      expect(asked).toBe(0);
    },
  );

  it('bytes that are no HTTP, and repeat the request, are not in the cause', async () => {
    const secret = 'the treasure lies under the old oak in Kilmarnock';
    const server = kept(
      await tcpServer((socket) => {
        socket.on('data', (bytes) => socket.end(`HTTP/1.1 200 OK\r\nbad header ${bytes}: x\r\n\r\n${bytes}`));
      }),
    );
    const llm = client({ ...transport, providers: { openai: { apiKey: KEY, baseURL: server.origin } } });
    const error = await failureOf(llm.chat.completions.create({ model: 'openai/m', messages: user(secret) }));
    expect(error).toMatchObject({ kind: 'connection', reason: expect.stringContaining('HTTP/1.1 protocol') });
    expect((error.cause as Error).message).not.toBe('');
    expect(shown(error)).not.toContain(KEY);
    expect(shown(error)).not.toContain(secret);
  });
});

it('what a fetch says of a request that failed is told without key and prompt', async () => {
  const secret = 'the treasure lies under the old oak in Kilmarnock';
  const cause = Object.assign(new TypeError('fetch failed'), {
    cause: Object.assign(new Error(`request to https://x.example/v1?key=${KEY} failed`), { code: 'EPROTO' }),
    request: { headers: { authorization: `Bearer ${KEY}` }, body: secret },
  });
  const llm = client({ fetch: () => Promise.reject(cause), providers: { openai: { apiKey: KEY, baseURL: 'http://x.example' } } });
  const error = await failureOf(llm.chat.completions.create({ model: 'openai/m', messages: user(secret) }));
  expect(error).toMatchObject({ kind: 'connection', code: 'EPROTO' });
  expect(error.message).toContain('request to https://x.example/v1?key=[redacted]');
  expect(error.cause).toMatchObject({ name: 'TypeError', message: 'fetch failed' });
  expect(shown(error)).not.toContain(KEY);
  expect(shown(error)).not.toContain(secret);
});

it('the cause of a failure that tells no secret is the very one', async () => {
  const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED', port: 1 });
  const llm = client({ fetch: () => Promise.reject(cause), providers: { openai: { apiKey: KEY, baseURL: 'http://x.example' } } });
  expect((await failureOf(llm.chat.completions.create({ model: 'openai/m', messages: user('Hi') }))).cause).toBe(cause);
});

describe('a token service that repeats what it was sent', () => {
  const SECRET = 'client.secret/0815+x';

  it.each([
    ['databricks', { clientId: 'id-4711', clientSecret: SECRET }, {}],
    ['watsonx', { apiKey: SECRET, projectId: 'p' }, { iamURL: true }],
  ])('is not repeated: %s', async (provider, settings, { iamURL = false }: { iamURL?: boolean }) => {
    for (const status of [200, 400, 401, 500]) {
      const asked: string[] = [];
      const baseURL = await service(async (request, response) => {
        const body = await new Response(request as never).text().catch(() => '');
        const echo = `${request.headers.authorization} ${body} ${decodeURIComponent(body)} ${SECRET}`;
        asked.push(echo);
        const answer = { error: 'invalid_client', error_description: echo, errorMessage: echo, errorCode: echo, detail: echo };
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
      });
      const llm = client({
        providers: { [provider]: { ...settings, baseURL, ...(iamURL ? { iamURL: baseURL } : {}) } as never },
      });
      const error = await failureOf(llm.chat.completions.create({ model: `${provider}/m`, messages: user('Hi') }));
      expect(asked.length).toBeGreaterThan(0);
      const proof = Buffer.from(`id-4711:${encodeURIComponent(SECRET)}`).toString('base64');
      for (const form of [SECRET, encodeURIComponent(SECRET), proof]) expect(shown(error)).not.toContain(form);
    }
  });
});
