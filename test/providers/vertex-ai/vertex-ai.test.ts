import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions, LLMClient } from '../../../src/index.ts';
import { createClient } from '../../../src/index.ts';
import { vertexAI } from '../../../src/providers/vertex-ai/vertex-ai.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { fault, reply, startMockServer } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';
import { providerOn } from '../../support/recording-transport.ts';

const messages = [{ role: 'user' as const, content: 'hi' }];
const GEMINI = 'vertex_ai/gemini-2.5-flash';
const CLAUDE = 'vertex_ai/claude-sonnet-4-5-20250929';

let mock: MockServer;
const clients: LLMClient[] = [];

function clientOf(settings: Readonly<Record<string, unknown>> = {}, options: ClientOptions = {}): LLMClient {
  const own = { accessToken: 'ya29.test-token', project: 'my-project', location: 'us-east5', baseURL: mock.baseURL('vertex_ai') };
  const client = createClient({ use: [], ...options, providers: { vertex_ai: { ...own, ...settings } } });
  clients.push(client);
  return client;
}

beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await mock.close();
});

describe('models and their places', () => {
  const ROOT = '/v1beta1/projects/my-project/locations/us-east5';
  const STABLE = '/v1/projects/my-project/locations/us-east5';
  it.each([
    ['gemini-2.5-flash', `${ROOT}/publishers/google/models/gemini-2.5-flash:generateContent`],
    ['google/gemini-2.5-flash', `${ROOT}/publishers/google/models/gemini-2.5-flash:generateContent`],
    ['publishers/google/models/gemma-3', `${ROOT}/publishers/google/models/gemma-3:generateContent`],
    ['endpoints/4711', `${ROOT}/endpoints/4711:generateContent`],
    ['4711', `${ROOT}/endpoints/4711:generateContent`],
    ['projects/p/locations/eu/endpoints/9', '/v1beta1/projects/p/locations/eu/endpoints/9:generateContent'],
    ['claude-sonnet-4-5-20250929', `${STABLE}/publishers/anthropic/models/claude-sonnet-4-5%4020250929:rawPredict`],
    ['claude-opus-4-6', `${STABLE}/publishers/anthropic/models/claude-opus-4-6:rawPredict`],
    ['anthropic/claude-opus-4-6', `${STABLE}/publishers/anthropic/models/claude-opus-4-6:rawPredict`],
    [
      'projects/p/locations/eu/publishers/anthropic/models/claude-opus-4-6',
      '/v1/projects/p/locations/eu/publishers/anthropic/models/claude-opus-4-6:rawPredict',
    ],
    ['mistral-medium-3', `${STABLE}/publishers/mistralai/models/mistral-medium-3:rawPredict`],
    ['meta/llama-4-maverick-17b-128e-instruct-maas', `${STABLE}/endpoints/openapi/chat/completions`],
    ['openai/gpt-oss-120b-maas', `${STABLE}/endpoints/openapi/chat/completions`],
  ])('%s is at %s', async (model, path) => {
    const llm = clientOf();
    mock.enqueue('vertex_ai', 'whole', 'streamed text');
    const whole = await llm.chat.completions.create({ model: `vertex_ai/${model}`, messages });
    expect(whole.choices[0]?.message.content).toBe('whole');
    let text = '';
    for await (const chunk of await llm.chat.completions.create({ model: `vertex/${model}`, messages, stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('streamed text');
    const [first, second] = mock.requests;
    expect(first?.path).toBe(path);
    const streams = { ':rawPredict': ':streamRawPredict', ':generateContent': ':streamGenerateContent?alt=sse' };
    const method = /:\w+$/.exec(path)?.[0] as keyof typeof streams;
    expect(second?.path).toBe(method === undefined ? path : path.replace(method, streams[method]));
    expect(first?.headers.authorization).toBe('Bearer [redacted]');
  });

  it.each(['..', 'publishers/google/models/..', 'a//b'])('"%s" is not the name of a model', async (model) => {
    expect(await rejection(clientOf().chat.completions.create({ model: `vertex_ai/${model}`, messages }))).toMatchObject({
      kind: 'bad_request',
    });
    expect(mock.requests).toEqual([]);
  });

  it.each([
    ['global', 'https://aiplatform.googleapis.com'],
    ['us', 'https://aiplatform.us.rep.googleapis.com'],
    ['eu', 'https://aiplatform.eu.rep.googleapis.com'],
    ['europe-west1', 'https://europe-west1-aiplatform.googleapis.com'],
    [undefined, 'https://aiplatform.googleapis.com'],
  ])('location %s is at %s', async (location, origin) => {
    const settings = { accessToken: 't', project: 'p', ...(location === undefined ? {} : { location }) };
    const at = providerOn(vertexAI, {
      settings,
      answer: { candidates: [{ content: { parts: [{ text: 'x' }] }, finishReason: 'STOP' }] },
    });
    const { sent } = await at.run('chat', { messages }, { model: 'gemini-2.5-flash' });
    expect(sent.url).toBe(
      `${origin}/v1beta1/projects/p/locations/${location ?? 'global'}/publishers/google/models/gemini-2.5-flash:generateContent`,
    );
  });

  it('reads project and location from the environment', async () => {
    const env = { GOOGLE_CLOUD_PROJECT: 'env-p', CLOUD_ML_REGION: 'us-east5' };
    const answer = { candidates: [{ content: { parts: [{ text: 'x' }] }, finishReason: 'STOP' }] };
    const at = providerOn(vertexAI, { settings: { accessToken: 't' }, env, answer });
    const { sent } = await at.run('chat', { messages }, { model: 'gemini-2.5-flash' });
    expect(sent.url).toContain('https://us-east5-aiplatform.googleapis.com/v1beta1/projects/env-p/locations/us-east5/');
    const keyed = providerOn(vertexAI, { settings: { apiKey: 'k-123456' }, env, answer });
    expect((await keyed.run('chat', { messages }, { model: 'gemini-2.5-flash' })).sent).toMatchObject({
      url: 'https://aiplatform.googleapis.com/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent',
      headers: { 'x-goog-api-key': 'k-123456' },
    });
  });
});

describe('settings', () => {
  it.each([
    [{ project: undefined }, /GOOGLE_CLOUD_PROJECT/],
    [{ accessToken: undefined }, /accessToken.*GOOGLE_VERTEX_API_KEY.*apiKey/],
    [{ accessToken: 7 }, /accessToken must be a token or a function/],
    [{ location: 'evil.example/' }, /location must be/],
    [{ project: 'a/b' }, /project must be/],
    [{ accessToken: () => '' }, /must return a token/],
  ])('%j is a configuration error', async (settings, message) => {
    const error = await rejection(clientOf(settings).chat.completions.create({ model: GEMINI, messages }));
    expect(error).toMatchObject({ kind: 'configuration', message: expect.stringMatching(message) });
    expect(mock.requests).toEqual([]);
  });

  it('a key without a project reaches Gemini only', async () => {
    const llm = clientOf({ apiKey: 'key-123', accessToken: undefined, project: undefined, location: undefined });
    expect((await llm.chat.completions.create({ model: GEMINI, messages })).object).toBe('chat.completion');
    expect(mock.requests[0]).toMatchObject({
      path: '/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent',
      headers: { 'x-goog-api-key': '[redacted]' },
    });
    for (const model of [CLAUDE, 'vertex_ai/mistral-medium-3', 'vertex_ai/meta/llama-maas'])
      expect(await rejection(llm.chat.completions.create({ model, messages }))).toMatchObject({ kind: 'configuration' });
    expect(mock.requests).toHaveLength(1);
  });

  it('asks a function for every token, and once more after a 401', async () => {
    let given = 0;
    const llm = clientOf({ accessToken: async () => `token-${++given}` });
    await llm.chat.completions.create({ model: GEMINI, messages });
    mock.enqueue('vertex_ai', fault.auth(), 'good again', fault.auth(), fault.auth());
    const again = await llm.chat.completions.create({ model: CLAUDE, messages });
    expect(again.choices[0]?.message.content).toBe('good again');
    expect(given).toBe(3);
    expect(await rejection(llm.chat.completions.create({ model: GEMINI, messages, stream: true }))).toMatchObject({
      kind: 'authentication',
      status: 401,
    });
    expect(given).toBe(5);
  });

  it('a function that fails is an AuthenticationError without its words', async () => {
    const llm = clientOf({
      accessToken: () => {
        throw new Error('secret words');
      },
    });
    const error = await rejection(llm.chat.completions.create({ model: GEMINI, messages }));
    expect(error).toMatchObject({ kind: 'authentication', code: 'token_provider_failed' });
    expect(String(error)).not.toContain('secret words');
  });

  it('never tells the token of a function', async () => {
    const llm = clientOf({ accessToken: () => 'opaque.token.of.mine' });
    mock.enqueue('vertex_ai', fault.status(400, { error: { code: 400, message: 'bad opaque.token.of.mine here' } }));
    const error = await rejection(llm.chat.completions.create({ model: GEMINI, messages }));
    expect(String(error) + JSON.stringify(error)).not.toContain('opaque.token.of.mine');
  });
});

describe('Gemini', () => {
  it('sends what only Vertex takes', async () => {
    const llm = clientOf();
    await llm.chat.completions.create({
      model: GEMINI,
      metadata: { team: 'a' },
      frequency_penalty: 0.5,
      service_tier: 'flex',
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'gs://bucket/cat.png' } }] },
        { role: 'assistant', tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'c1', content: 'done' },
      ],
      providerOptions: { vertex_ai: { safetySettings: [] }, gemini: { never: true } },
    });
    expect(mock.requests[0]).toMatchObject({
      headers: { 'x-vertex-ai-llm-request-type': 'shared', 'x-vertex-ai-llm-shared-request-type': 'flex' },
      body: {
        labels: { team: 'a' },
        safetySettings: [],
        generationConfig: { frequencyPenalty: 0.5 },
        contents: [
          { parts: [{ fileData: { fileUri: 'gs://bucket/cat.png', mimeType: 'image/png' } }] },
          { parts: [{ functionCall: { name: 'f', args: {} } }] },
          { parts: [{ functionResponse: { name: 'f', response: { output: 'done' } } }] },
        ],
      },
    });
    const text = JSON.stringify(mock.requests[0]?.body);
    for (const word of ['"id"', 'never', 'serviceTier']) expect(text).not.toContain(word);
  });
});

describe('Claude', () => {
  it('has its version in the body, its model in the path, its betas in a header', async () => {
    const llm = clientOf();
    const providerOptions = { vertex_ai: { betas: ['b-1'] } };
    await llm.chat.completions.create({ model: CLAUDE, messages, max_tokens: 9, providerOptions });
    for await (const _ of await llm.chat.completions.create({ model: CLAUDE, messages, stream: true }));
    const [whole, streamed] = mock.requests;
    expect(whole?.body).toEqual({
      anthropic_version: 'vertex-2023-10-16',
      max_tokens: 9,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    });
    expect(whole?.headers).toMatchObject({ 'anthropic-beta': 'b-1' });
    expect(whole?.headers).not.toHaveProperty('anthropic-version');
    expect(streamed?.body).toMatchObject({ stream: true });
  });

  it('answers by a schema through a tool, unless the organisation allows more', async () => {
    const response_format = {
      type: 'json_schema' as const,
      json_schema: { name: 'x', schema: { type: 'object', properties: { a: { type: 'number' } } } },
    };
    const answer = reply({ toolCalls: [{ name: 'json', arguments: { a: 1 } }], finishReason: 'tool_calls' });
    mock.enqueue('vertex_ai', answer, answer);
    const llm = clientOf();
    const whole = await llm.chat.completions.create({ model: CLAUDE, messages, response_format });
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '{"a":1}' } });
    let text = '';
    for await (const chunk of await llm.chat.completions.create({ model: CLAUDE, messages, response_format, stream: true }))
      text += chunk.choices[0]?.delta.content ?? '';
    expect(JSON.parse(text)).toEqual({ a: 1 });
    expect(mock.requests[0]?.body).toMatchObject({ tools: [{ name: 'json' }], tool_choice: { type: 'tool', name: 'json' } });
    await clientOf({ structuredOutputs: true }).chat.completions.create({ model: CLAUDE, messages, response_format });
    expect(mock.requests[2]?.body).toMatchObject({ output_config: { format: { type: 'json_schema' } } });
  });

  it('gets remote images and documents as bytes', async () => {
    const content = [
      { type: 'text' as const, text: 'Compare' },
      { type: 'image_url' as const, image_url: { url: 'https://example.com/a.png' } },
      { type: 'file' as const, file: { file_data: 'https://example.com/b.pdf', filename: 'b.pdf' } },
    ];
    const asked: string[] = [];
    const answer = { type: 'message', content: [{ type: 'text', text: 'ok' }], stop_reason: 'end_turn' };
    const at = providerOn(vertexAI, { settings: { accessToken: 't', project: 'p' }, answer });
    const media = async (url: string) => {
      asked.push(url);
      return url.endsWith('.png') ? { mimeType: 'image/png', data: 'AAAA' } : { mimeType: 'application/pdf', data: 'BBBB' };
    };
    const request = { messages: [{ role: 'user' as const, content }] };
    const { sent } = await at.run('chat', request, { model: 'claude-opus-4-6', media });
    expect(asked).toEqual(['https://example.com/a.png', 'https://example.com/b.pdf']);
    expect(sent.body.messages).toMatchObject([
      {
        content: [
          { type: 'text', text: 'Compare' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'BBBB' }, title: 'b.pdf' },
        ],
      },
    ]);
    const refused = await rejection(clientOf().chat.completions.create({ model: CLAUDE, ...request }));
    expect(refused).toMatchObject({ kind: 'configuration', message: expect.stringContaining('media: { download: true }') });
    const byId = [{ type: 'file' as const, file: { file_id: 'file-1' } }];
    expect(
      await rejection(clientOf().chat.completions.create({ model: CLAUDE, messages: [{ role: 'user', content: byId }] })),
    ).toMatchObject({ kind: 'bad_request' });
    expect(mock.requests).toEqual([]);
  });

  it('understands errors in its own words and in Google’s, whole and in a stream', async () => {
    const llm = clientOf();
    mock.enqueue(
      'vertex_ai',
      fault.overloaded(),
      fault.contextWindow(),
      fault.status(403, {
        error: { code: 403, message: "Permission 'aiplatform.endpoints.predict' denied", status: 'PERMISSION_DENIED' },
      }),
      fault.errorEvent(2),
    );
    for (const kind of ['service_unavailable', 'context_window_exceeded', 'permission_denied'])
      expect(await rejection(llm.chat.completions.create({ model: CLAUDE, messages }))).toMatchObject({ kind });
    const read = async () => {
      for await (const _ of await llm.chat.completions.create({ model: CLAUDE, messages, stream: true }));
    };
    expect(await rejection(read())).toMatchObject({ kind: 'service_unavailable', partial: { content: 'word1 word2' } });
  });
});

describe('embeddings', () => {
  it('of classic models go in batches, in order', async () => {
    const llm = clientOf();
    const input = Array.from({ length: 260 }, (_, i) => `text ${i}`);
    const model = 'vertex_ai/text-embedding-005';
    const providerOptions = { vertex_ai: { taskType: 'RETRIEVAL_DOCUMENT', autoTruncate: true } };
    const many = await llm.embeddings.create({ model, input, dimensions: 4, providerOptions });
    expect(many.data.map(({ index }) => index)).toEqual(input.map((_, i) => i));
    expect(many.usage.prompt_tokens).toBe(520);
    expect(mock.requests.map(({ body }) => (body as { instances: unknown[] }).instances.length).sort()).toEqual([10, 250]);
    const alone = await llm.embeddings.create({ model, input: 'text 255', dimensions: 4 });
    expect(many.data[255]?.embedding).toEqual(alone.data[0]?.embedding);
    expect(mock.requests[0]).toMatchObject({
      path: expect.stringMatching(/\/publishers\/google\/models\/text-embedding-005:predict$/),
      body: {
        parameters: { outputDimensionality: 4, autoTruncate: true },
        instances: expect.arrayContaining([expect.objectContaining({ task_type: 'RETRIEVAL_DOCUMENT' })]),
      },
    });
    expect(many.route.attempts).toHaveLength(1);
    const { response } = await llm.embeddings.create({ model, input }).withResponse();
    expect(response.status).toBe(200);
  });

  it.each([
    ['gemini-embedding-001', 'predict'],
    ['gemini-embedding-2-preview', 'embedContent'],
  ])('of %s go one by one through %s', async (model, method) => {
    const llm = clientOf();
    const vectors = await llm.embeddings.create({ model: `vertex_ai/${model}`, input: ['a', 'b', 'c'], dimensions: 4 });
    expect(vectors.data.map(({ embedding }) => embedding.length)).toEqual([4, 4, 4]);
    expect(mock.requests.map(({ path }) => path.split(':')[1])).toEqual([method, method, method]);
    expect(vectors.usage.prompt_tokens).toBe(3);
  });

  it('fail as one, and stop asking', async () => {
    const llm = clientOf();
    mock.enqueue('vertex_ai', fault.rateLimit());
    const input = Array.from({ length: 100 }, (_, i) => `t${i}`);
    const error = await rejection(llm.embeddings.create({ model: 'vertex_ai/gemini-embedding-001', input }));
    expect(error).toMatchObject({ kind: 'rate_limit', attempts: [{ number: 1 }] });
    expect(mock.requests.length).toBeLessThan(60);
  });
});
