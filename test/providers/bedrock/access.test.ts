import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ProviderSettings } from '../../../src/contract/provider.ts';
import { createClient, retry } from '../../../src/index.ts';
import { bedrock } from '../../../src/providers/bedrock/bedrock.ts';
import { rejection } from '../../support/client.ts';
import { providerOn } from '../../support/recording-transport.ts';
import { expectedSignature } from '../../support/sigv4-check.ts';
import type { Loopback } from '../../wire/loopback.ts';
import { bodyOf, httpServer } from '../../wire/loopback.ts';

const ANSWER = { output: { message: { role: 'assistant', content: [{ text: 'Hi' }] } }, stopReason: 'end_turn' };
const KEYS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const HELLO = { messages: [{ role: 'user' as const, content: 'Hi' }] };

const open: Loopback[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function sent(settings: ProviderSettings, env: Record<string, string> = {}) {
  const on = providerOn(bedrock, { settings, env, answer: ANSWER });
  return (await on.run('chat', HELLO, { model: 'amazon.nova-pro-v1:0' })).sent;
}

describe('credentials', () => {
  const REGION = { AWS_REGION: 'us-west-2' };

  it('are a key, from the settings or the environment', async () => {
    expect((await sent({ apiKey: 'a' }, { ...REGION, AWS_BEARER_TOKEN_BEDROCK: 'b' })).headers.authorization).toBe('Bearer a');
    expect((await sent({}, { ...REGION, AWS_BEARER_TOKEN_BEDROCK: 'b' })).headers.authorization).toBe('Bearer b');
  });

  it('are AWS keys where those are given, whatever key the environment holds', async () => {
    const { authorization } = (await sent({ region: 'us-west-2', ...KEYS }, { AWS_BEARER_TOKEN_BEDROCK: 'old' })).headers;
    expect(authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/us-west-2\/bedrock\/aws4_request/);
  });

  it('of the environment are used with an empty key too', async () => {
    const env = {
      ...REGION,
      AWS_BEARER_TOKEN_BEDROCK: 'old',
      AWS_ACCESS_KEY_ID: 'AKIDENV',
      AWS_SECRET_ACCESS_KEY: 's',
      AWS_SESSION_TOKEN: 'session',
    };
    expect((await sent({}, env)).headers.authorization).toBe('Bearer old');
    const { headers } = await sent({ apiKey: '' }, env);
    expect(headers.authorization).toContain('Credential=AKIDENV/');
    expect(headers['x-amz-security-token']).toBe('session');
  });

  it('come from a function, asked once', async () => {
    const credentials = vi.fn(() => Promise.resolve(KEYS));
    const on = providerOn(bedrock, { settings: { region: 'us-west-2', credentials }, answer: ANSWER });
    await Promise.all([on.run('chat', HELLO), on.run('chat', HELLO)]);
    expect(credentials).toHaveBeenCalledTimes(1);
    expect(on.sent).toHaveLength(2);
  });

  it('that are missing or wrong are named', async () => {
    const gone = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/none', AWS_SHARED_CREDENTIALS_FILE: '/none' };
    for (const [name, value] of Object.entries(gone)) vi.stubEnv(name, value);
    const error = await rejection(sent({ region: 'us-west-2' }));
    vi.unstubAllEnvs();
    expect(error).toMatchObject({ kind: 'configuration', code: 'missing_setting', provider: 'bedrock' });
    expect(String(error)).toMatch(/AWS_BEARER_TOKEN_BEDROCK.*AWS_ACCESS_KEY_ID.*apiKey or accessKeyId/);
    expect(await rejection(sent({ region: 'us-west-2', accessKeyId: 'x' }))).toMatchObject({ kind: 'configuration' });
    expect(await rejection(sent({ region: 'us-west-2', credentials: {} }))).toMatchObject({ kind: 'configuration' });
    expect(await rejection(sent({ region: 'us-west-2', credentials: () => ({}) }))).toMatchObject({ kind: 'configuration' });
    const failing = () => Promise.reject(new Error('role gone'));
    expect(await rejection(sent({ region: 'us-west-2', credentials: failing }))).toMatchObject({
      kind: 'authentication',
      code: 'token_provider_failed',
    });
  });
});

describe('addresses', () => {
  it.each([
    ['eu-central-1', 'bedrock-runtime.eu-central-1.amazonaws.com'],
    ['cn-north-1', 'bedrock-runtime.cn-north-1.amazonaws.com.cn'],
    ['us-gov-west-1', 'bedrock-runtime.us-gov-west-1.amazonaws.com'],
    ['us-iso-east-1', 'bedrock-runtime.us-iso-east-1.c2s.ic.gov'],
    ['us-isob-east-1', 'bedrock-runtime.us-isob-east-1.sc2s.sgov.gov'],
    ['eusc-de-east-1', 'bedrock-runtime.eusc-de-east-1.amazonaws.eu'],
  ])('of %s are at %s', async (region, host) => {
    expect(new URL((await sent({ apiKey: 'k', region })).url).host).toBe(host);
  });

  it('take the region of the environment, and no nonsense', async () => {
    expect((await sent({ apiKey: 'k' }, { AWS_DEFAULT_REGION: 'ap-south-1' })).url).toContain('bedrock-runtime.ap-south-1.');
    expect(String(await rejection(sent({ apiKey: 'k' })))).toMatch(/AWS_REGION or AWS_DEFAULT_REGION/);
    for (const region of ['evil.example.com/', 'us-east-1.evil', 'x', '../x-1', 7]) {
      expect(await rejection(sent({ apiKey: 'k', region }))).toMatchObject({ kind: 'configuration' });
    }
  });

  it('may be given; the list of models is asked for there too', async () => {
    const on = providerOn(bedrock, {
      settings: { ...KEYS, baseURL: 'https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com' },
      answer: { modelSummaries: [{ modelId: 'a.b-v1:0', providerName: 'A' }] },
    });
    const { result, sent: request } = await on.run('models', {});
    expect(result.data).toEqual([{ id: 'a.b-v1:0', object: 'model', created: 0, owned_by: 'A' }]);
    expect(request.url).toBe('https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com/foundation-models');
    expect(request.headers.authorization).toContain('/eu-west-1/bedrock/');
  });

  it('of the list are those of the control plane', async () => {
    const on = providerOn(bedrock, { settings: { apiKey: 'k', region: 'eu-west-1' }, answer: { modelSummaries: [] } });
    expect((await on.run('models', {})).sent.url).toBe('https://bedrock.eu-west-1.amazonaws.com/foundation-models');
  });

  it('come from the environment as AWS names them', async () => {
    const env = { AWS_ENDPOINT_URL_BEDROCK_RUNTIME: 'http://localhost:4566', AWS_REGION: 'us-east-1' };
    expect((await sent({ apiKey: 'k' }, env)).url).toMatch(/^http:\/\/localhost:4566\/model\//);
  });
});

describe('embeddings', () => {
  async function embed(model: string, request: object, answer: object) {
    const on = providerOn(bedrock, { settings: { apiKey: 'k', region: 'us-east-1' }, answer });
    const { result, sent: last } = await on.run('embed', request as never, { model });
    return { result, last, all: on.sent };
  }

  it('ask Titan for one text at a time', async () => {
    const request = { input: ['a', 'b', 'c'], dimensions: 256, providerOptions: { bedrock: { normalize: false } } };
    const { result, all } = await embed('amazon.titan-embed-text-v2:0', request, { embedding: [1, 2], inputTextTokenCount: 3 });
    expect(all.map(({ body }) => body)).toEqual(
      ['a', 'b', 'c'].map((inputText) => ({ inputText, dimensions: 256, normalize: false })),
    );
    expect(result.data.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(result.usage).toEqual({ prompt_tokens: 9, total_tokens: 9 });
  });

  it('ask Cohere for many at once, in both of its forms', async () => {
    const input = Array.from({ length: 100 }, (_, i) => `text ${i}`);
    const three = await embed('cohere.embed-english-v3', { input }, { embeddings: Array.from({ length: 50 }, () => [1]) });
    expect(three.all.map(({ body }) => (body.texts as string[]).length)).toEqual([96, 4]);
    expect(three.all[0]?.body).toMatchObject({ input_type: 'search_document' });
    const request = { input: 'q', dimensions: 512, providerOptions: { bedrock: { input_type: 'search_query' } } };
    const four = await embed('global.cohere.embed-v4:0', request, { embeddings: { float: [[1, 2]] } });
    expect(four.last.body).toEqual({
      texts: ['q'],
      input_type: 'search_query',
      embedding_types: ['float'],
      output_dimension: 512,
    });
    expect(four.result.data[0]?.embedding).toEqual([1, 2]);
  });

  it('ask Nova in its own words', async () => {
    const answer = { embeddings: [{ embeddingType: 'TEXT', embedding: [1] }] };
    const { last, result } = await embed('amazon.nova-2-multimodal-embeddings-v1:0', { input: 'a', dimensions: 1024 }, answer);
    expect(last.body).toMatchObject({
      taskType: 'SINGLE_EMBEDDING',
      singleEmbeddingParams: { embeddingDimension: 1024, text: { value: 'a' } },
    });
    expect(result.data[0]?.embedding).toEqual([1]);
  });

  it('refuse what the model lacks', async () => {
    const answer = { embedding: [1] };
    expect(await rejection(embed('amazon.titan-embed-text-v1', { input: 'a', dimensions: 8 }, answer))).toMatchObject({
      param: 'dimensions',
    });
    expect(await rejection(embed('amazon.titan-embed-text-v2:0', { input: [[1, 2]] }, answer))).toMatchObject({ param: 'input' });
    expect(await rejection(embed('amazon.titan-embed-text-v2:0', { input: 'a' }, { no: 1 }))).toMatchObject({
      kind: 'response_validation',
    });
  });
});

describe('over a real connection', () => {
  interface Heard {
    readonly request: IncomingMessage;
    readonly body: Buffer;
  }

  async function listening(answer: (heard: Heard, count: number) => { status: number; headers?: object; body: object }) {
    const heard: Heard[] = [];
    const server = await httpServer(async (request, response) => {
      heard.push({ request, body: await bodyOf(request) });
      const { status, headers, body } = answer(heard[heard.length - 1] as Heard, heard.length);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
    open.push(server);
    return { server, heard };
  }

  it('what is signed is what is sent', async () => {
    const { server, heard } = await listening(() => ({ status: 200, body: ANSWER }));
    const keys = { ...KEYS, sessionToken: 'session/with+signs==' };
    const llm = createClient({ use: [], providers: { aws: { ...keys, region: 'us-east-1', baseURL: server.origin } } });
    const models = [
      'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'arn:aws:bedrock:us-east-1:1:application-inference-profile/ab12',
      'mock-large',
    ];
    for (const model of models) {
      await llm.chat.completions.create({ model: `bedrock/${model}`, messages: [{ role: 'user', content: 'Grüße 👋' }] });
    }
    await llm.close();
    expect(heard).toHaveLength(3);
    for (const { request, body } of heard) {
      const path = request.url ?? '';
      const { expected, given } = expectedSignature(
        { method: 'POST', path, headers: request.headers, body },
        KEYS.secretAccessKey,
      );
      expect(given).toBe(expected);
      expect(path).not.toMatch(/:|%25/);
    }
  });

  it('a wrong clock is corrected by the retry', async () => {
    const serverTime = Date.UTC(2026, 10, 1, 12);
    const { server, heard } = await listening((_, count) =>
      count === 1
        ? {
            status: 403,
            headers: { date: new Date(serverTime).toUTCString(), 'x-amzn-errortype': 'InvalidSignatureException' },
            body: { message: 'Signature expired: 20251101T120000Z is now earlier than 20261101T115500Z' },
          }
        : { status: 200, body: ANSWER },
    );
    const llm = createClient({
      use: [retry({ minDelay: 1 })],
      providers: { bedrock: { ...KEYS, region: 'us-east-1', baseURL: server.origin } },
    });
    const answer = await llm.chat.completions.create({ model: 'bedrock/amazon.nova-pro-v1:0', ...HELLO });
    await llm.close();
    expect(answer.route.attempts.map(({ outcome }) => outcome)).toEqual(['authentication', 'success']);
    expect(heard[1]?.request.headers['x-amz-date']).toMatch(/^20261101T1200/);
  });

  it('no key is ever shown', async () => {
    const { server } = await listening(({ request }) => ({
      status: 403,
      headers: { 'x-amzn-errortype': 'InvalidSignatureException' },
      body: { message: `The canonical string should have been ${JSON.stringify(request.headers)} ${KEYS.secretAccessKey}` },
    }));
    const sessionToken = 'IQoJb3JpZ2luX2VjEXAMPLETOKEN';
    const llm = createClient({
      use: [],
      providers: { bedrock: { ...KEYS, sessionToken, region: 'us-east-1', baseURL: server.origin } },
    });
    const error = await rejection(llm.chat.completions.create({ model: 'bedrock/amazon.nova-pro-v1:0', ...HELLO }));
    await llm.close();
    for (const secret of [KEYS.secretAccessKey, sessionToken]) {
      expect(String(error) + JSON.stringify(error)).not.toContain(secret);
    }
  });
});
