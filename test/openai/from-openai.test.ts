import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI, { AzureOpenAI } from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions, LLMClient } from '../../src/index.ts';
import { createClient, RateLimitError, retry } from '../../src/index.ts';
import { fromOpenAI } from '../../src/openai/from-openai.ts';
import type { MockServer } from '../../src/testing/index.ts';
import { fakeClock, fault, reply, startMockServer } from '../../src/testing/index.ts';
import { rejection } from '../support/client.ts';

let mock: MockServer;
const clients: LLMClient[] = [];

beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await mock.close();
});

function clientOn(instance: OpenAI, options: ClientOptions = {}): LLMClient {
  const client = createClient({ use: [], ...options, providers: { mine: fromOpenAI(instance) } });
  clients.push(client);
  return client;
}

const instanceOf = (options: object = {}): OpenAI =>
  new OpenAI({ apiKey: 'sk-instance-secret', baseURL: mock.baseURL('openai'), ...options });

const chat = { model: 'mine/gpt-5-mini', messages: [{ role: 'user' as const, content: 'Hi' }] };

async function readAll(client: LLMClient): Promise<string> {
  let text = '';
  for await (const chunk of await client.chat.completions.create({ ...chat, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? '';
  }
  return text;
}

describe('fromOpenAI', () => {
  it('sends what the instance would send, whole and streamed', async () => {
    const llm = clientOn(instanceOf({ organization: 'org-1', defaultHeaders: { 'x-team': 'blue' } }));
    mock.enqueue(
      'openai',
      reply({ text: 'Hello', usage: { promptTokens: 4, completionTokens: 1 } }),
      'streamed words',
      reply({ toolCalls: [{ name: 'f', arguments: { a: 1 } }] }),
    );
    const answer = await llm.chat.completions.create(chat, { headers: { 'x-mine': 'yes' }, idempotencyKey: 'once' });
    expect(answer.choices[0]?.message.content).toBe('Hello');
    expect(answer.route).toMatchObject({ provider: 'mine', model: 'gpt-5-mini', attempts: [{ status: 200 }] });
    expect(await readAll(llm)).toBe('streamed words');
    expect((await llm.chat.completions.create(chat)).choices[0]?.message.tool_calls).toHaveLength(1);
    const [first, second] = mock.requests;
    expect(first).toMatchObject({
      path: '/v1/chat/completions',
      headers: { 'x-team': 'blue', 'openai-organization': 'org-1', 'x-mine': 'yes', 'idempotency-key': 'once' },
      body: { model: 'gpt-5-mini' },
    });
    expect(first?.headers['user-agent']).toMatch(/^OpenAI\/JS/);
    expect(second?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
  });

  it('completes, embeds and lists models', async () => {
    const llm = clientOn(instanceOf());
    mock.enqueue('openai', 'upon a time');
    expect((await llm.completions.create({ model: chat.model, prompt: 'Once' })).choices[0]?.text).toBe('upon a time');
    expect((await llm.embeddings.create({ model: chat.model, input: ['a', 'b'] })).data).toHaveLength(2);
    expect((await llm.models.list({ provider: 'mine' })).data.map(({ id }) => id)).toEqual(['mock-large', 'mock-small']);
  });

  it('retries by our layers only', async () => {
    const clock = fakeClock();
    const once = clientOn(instanceOf({ maxRetries: 5 }));
    mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 1 }));
    const error = await rejection(once.chat.completions.create(chat));
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    expect(error).toMatchObject({ provider: 'mine', retryAfterMs: 1000, code: 'rate_limit_exceeded' });
    expect(mock.requests).toHaveLength(1);

    const twice = clientOn(instanceOf({ maxRetries: 5 }), { clock, use: [retry({ maxRetries: 1 })] });
    mock.enqueue('openai', fault.overloaded(), 'Back.');
    const running = twice.chat.completions.create(chat);
    const advancing = setInterval(() => void clock.advance(5000), 5);
    expect((await running).choices[0]?.message.content).toBe('Back.');
    clearInterval(advancing);
    expect(mock.requests).toHaveLength(3);
  });

  it('classifies what the instance throws, and keeps the key out of it', async () => {
    const llm = clientOn(instanceOf());
    mock.enqueue('openai', fault.contextWindow(), fault.quota(), fault.html(), fault.resetBeforeHeaders(), fault.empty());
    for (const kind of ['context_window_exceeded', 'insufficient_credits', 'response_validation', 'connection', 'connection']) {
      const error = await rejection(llm.chat.completions.create(chat));
      expect(error).toMatchObject({ kind, provider: 'mine', model: 'gpt-5-mini' });
      expect(JSON.stringify(error) + String(error)).not.toContain('sk-instance-secret');
    }
    const wrong = clientOn(instanceOf({ apiKey: 'wrong' }));
    expect(await rejection(wrong.chat.completions.create(chat))).toMatchObject({ kind: 'authentication', status: 401 });
  });

  it('understands envelopes that openai drops', async () => {
    const flat = { message: 'Input is too long for requested model.' };
    const llm = clientOn(instanceOf());
    mock.enqueue('openai', fault.status(400, flat, { 'x-amzn-errortype': 'ValidationException' }));
    const error = await rejection(llm.chat.completions.create(chat));
    expect(error).toMatchObject({ kind: 'context_window_exceeded', reason: flat.message });
  });

  it('breaks off when a stream breaks, is left or aborted', async () => {
    const llm = clientOn(instanceOf());
    mock.enqueue('openai', fault.cutAfter(3), fault.stall(3), fault.stall(0));
    const broken = await rejection(readAll(llm));
    expect(broken).toMatchObject({ kind: 'stream_interrupted', partial: { content: 'word1 word2 word3' } });
    let text = '';
    for await (const chunk of await llm.chat.completions.create({ ...chat, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (text === 'word1 word2 word3') break;
    }
    const aborter = new AbortController();
    const aborted = rejection(llm.chat.completions.create(chat, { signal: aborter.signal }));
    setTimeout(() => aborter.abort(), 20);
    expect(await aborted).toMatchObject({ kind: 'aborted' });
  });

  it('follows a key that was changed on the instance', async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
    }).listen(0);
    const instance = new OpenAI({ apiKey: 'first', baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` });
    const llm = clientOn(instance);
    await rejection(llm.chat.completions.create(chat));
    instance.apiKey = 'second';
    await rejection(llm.chat.completions.create(chat));
    server.close();
    expect(seen).toEqual(['Bearer first', 'Bearer second']);
  });

  it('leaves deployments and tokens to AzureOpenAI', async () => {
    const tokens = ['token-1', 'token-2'];
    const azure = new AzureOpenAI({
      baseURL: mock.baseURL('azure').replace(/\/v1$/, ''),
      apiVersion: '2024-10-21',
      azureADTokenProvider: async () => tokens.shift() ?? 'token-3',
    });
    const llm = clientOn(azure);
    mock.enqueue('azure', 'From Azure.');
    const answer = await llm.chat.completions.create({ ...chat, model: 'mine/my-deployment' });
    expect(answer.choices[0]?.message.content).toBe('From Azure.');
    expect(mock.requests[0]?.path).toBe('/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21');
    expect(mock.requests[0]?.headers).toHaveProperty('authorization');
  });

  it('says so when the instance cannot make a request', async () => {
    const azure = new AzureOpenAI({
      baseURL: mock.baseURL('azure'),
      apiVersion: '2024-10-21',
      azureADTokenProvider: () => Promise.reject(new Error('no identity: secret-of-the-token-service')),
    });
    const error = await rejection(clientOn(azure).chat.completions.create(chat));
    expect(error).toMatchObject({ kind: 'configuration', provider: 'mine' });
    expect(String(error)).not.toContain('secret-of-the-token-service');
    expect(() => fromOpenAI({} as OpenAI)).toThrow('expected an instance of the openai package');
  });
});
