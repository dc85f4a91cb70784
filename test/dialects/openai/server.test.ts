import OpenAI, { AzureOpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationName, RequestOf, ResultOf } from '../../../src/contract/call.ts';
import type { Operation } from '../../../src/contract/codec.ts';
import type { MockFailureName } from '../../../src/contract/mock.ts';
import { openaiServer } from '../../../src/dialects/openai/server.ts';
import { openaiHost } from '../../../src/providers/openai-hosts/openai-hosts.ts';
import { fault, type MockServer, reply, startMockServer } from '../../../src/testing/index.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { DeadlineList } from '../../../src/time/deadline-list.ts';
import { createConnection } from '../../../src/wire/connection.ts';
import { undiciTransport } from '../../../src/wire/undici-transport.ts';
import { callOf } from '../../support/call.ts';

const model = 'mock-large';
const messages = [{ role: 'user' as const, content: 'Hi' }];
const RICH = reply({
  text: 'Checking Oslo. 🌦️',
  reasoning: 'The user wants the weather.',
  toolCalls: [{ id: 'call_1', name: 'get_weather', arguments: { city: 'Oslo' } }],
  usage: { promptTokens: 30, completionTokens: 12, cachedTokens: 8, reasoningTokens: 4 },
  chunks: 3,
});

let mock: MockServer;
let sdk: OpenAI;
const deadlines = new DeadlineList(systemClock);
const transport = undiciTransport();

beforeAll(async () => {
  mock = await startMockServer();
  sdk = new OpenAI({ apiKey: 'test', baseURL: mock.baseURL('openai'), maxRetries: 0 });
});
afterAll(async () => {
  await mock.close();
  await transport.close();
  deadlines.close();
});

function run<K extends OperationName>(operation: K, request: RequestOf<K>, apiKey = 'test'): Promise<ResultOf<K>> {
  const provider = openaiHost('openai').create({
    id: 'openai',
    settings: { apiKey, baseURL: mock.baseURL('openai') },
    env: () => undefined,
    connect: (spec) =>
      createConnection(spec, {
        provider: 'openai',
        transport: () => transport,
        deadlines,
        clock: systemClock,
        maxResponseBytes: 1 << 24,
        headers: {},
        sendCorrelationId: false,
      }),
  });
  const perform = provider.operations[operation] as Operation<K> | undefined;
  if (perform === undefined) throw new Error('not offered');
  return perform(callOf<K>(operation, request, { model }));
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('the official SDK and ours get the same from one server', () => {
  it('a whole reply', async () => {
    mock.enqueue('openai', RICH, RICH);
    const theirs = await sdk.chat.completions.create({ model, messages });
    const ours = await run('chat', { messages });
    expect(ours).toEqual({ ...theirs });
    expect(ours.choices[0]?.message.tool_calls).toMatchObject([{ id: 'call_1', function: { arguments: '{"city":"Oslo"}' } }]);
  });

  it('a stream', async () => {
    mock.enqueue('openai', RICH, RICH);
    const request = { messages, stream_options: { include_usage: true } };
    const theirs = await collect(await sdk.chat.completions.create({ model, stream: true, ...request }));
    const ours = await collect(await run('stream', request));
    expect(ours).toEqual(theirs);
    expect(ours.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 42 } });
  });

  it('a stream as their helper accumulates it', async () => {
    mock.enqueue('openai', RICH);
    const final = await sdk.chat.completions.stream({ model, messages }).finalChatCompletion();
    expect(final.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: 'Checking Oslo. 🌦️' } });
  });

  it('several choices', async () => {
    mock.enqueue('openai', reply('Hello'), reply('Hello'));
    const request = { messages, n: 2, stream_options: { include_usage: true } };
    const theirs = await collect(await sdk.chat.completions.create({ model, stream: true, ...request }));
    expect(await collect(await run('stream', request))).toEqual(theirs);
  });

  it('vectors', async () => {
    const input = ['a', 'b'];
    const theirs = await sdk.embeddings.create({ model, input, dimensions: 8 });
    const ours = await run('embed', { input, dimensions: 8 });
    expect(ours).toEqual({ ...theirs });
    expect(ours.data[1]?.embedding).toHaveLength(8);
    const floats = await run('embed', { input, dimensions: 8, encoding_format: 'float' });
    expect(floats.data).toEqual(ours.data);
  });

  it('models', async () => {
    const theirs = await collect(sdk.models.list());
    expect((await run('models', {})).data).toEqual(theirs);
  });

  it('text completions, whole and streamed', async () => {
    mock.enqueue('openai', reply('Once upon'), reply('Once upon'));
    const theirs = await sdk.completions.create({ model, prompt: 'Once' });
    expect(await run('complete', { prompt: 'Once' })).toEqual({ ...theirs });
    mock.enqueue('openai', reply('Once upon'), reply('Once upon'));
    const chunks = await collect(await sdk.completions.create({ model, prompt: 'Once', stream: true }));
    expect(await collect(await run('completeStream', { prompt: 'Once' }))).toEqual(chunks);
  });
});

describe('failures', () => {
  const EXPECTED: Readonly<Record<MockFailureName, readonly [status: number, kind: string]>> = {
    rateLimit: [429, 'rate_limit'],
    overloaded: [503, 'service_unavailable'],
    unavailable: [503, 'service_unavailable'],
    quota: [429, 'insufficient_credits'],
    contextWindow: [400, 'context_window_exceeded'],
    contentPolicy: [400, 'content_policy_violation'],
    auth: [401, 'authentication'],
    notFound: [404, 'not_found'],
    badRequest: [400, 'bad_request'],
    internal: [500, 'internal_server'],
  };

  it.each(Object.entries(EXPECTED))('%s', async (name, [status, kind]) => {
    const answer = openaiServer.failure(name as MockFailureName, undefined, { retryAfterSeconds: 2 });
    expect(answer.status).toBe(status);
    const scripted = fault.status(answer.status, answer.body as object, answer.headers);
    mock.enqueue('openai', scripted, scripted);
    await expect(sdk.chat.completions.create({ model, messages })).rejects.toMatchObject({
      status,
      requestID: 'req_mock_openai',
    });
    await expect(run('chat', { messages })).rejects.toMatchObject({
      kind,
      status,
      requestID: 'req_mock_openai',
      ...(['rate_limit', 'service_unavailable', 'internal_server'].includes(kind) ? { retryAfterMs: 2000 } : {}),
    });
  });

  it('a wrong key is refused, a missing one too', async () => {
    await expect(run('chat', { messages }, 'wrong')).rejects.toMatchObject({ kind: 'authentication', status: 401 });
    expect(openaiServer.authorized({ method: 'POST', path: '/v1/chat/completions', headers: {}, body: {} })).toBe(false);
  });

  it.each(['GET', 'DELETE'])('%s of a chat is no route', (method) => {
    expect(openaiServer.ask({ method, path: '/v1/chat/completions', headers: {}, body: {} })).toBeUndefined();
  });
});

it('AzureOpenAI reaches it under its own paths', async () => {
  mock.enqueue('azure', reply('Hello'));
  const { origin } = new URL(mock.baseURL('azure'));
  const client = new AzureOpenAI({ apiKey: 'k', endpoint: `${origin}/azure`, apiVersion: '2024-10-21', maxRetries: 0 });
  const answer = await client.chat.completions.create({ model: 'my-deployment', messages });
  expect(answer).toMatchObject({ model: 'my-deployment', choices: [{ message: { content: 'Hello' } }] });
});
