import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions, LLMClient } from '../../../src/index.ts';
import { createClient, retry } from '../../../src/index.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { fakeClock, fault, reply, startMockServer } from '../../../src/testing/index.ts';

let mock: MockServer;
let llm: LLMClient;
const clients: LLMClient[] = [];

const clientOf = (options: ClientOptions = {}): LLMClient => {
  const client = createClient({ providers: { ollama: { baseURL: mock.baseURL('ollama') } }, use: [], ...options });
  clients.push(client);
  return client;
};

beforeEach(async () => {
  mock = await startMockServer();
  llm = clientOf();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await mock.close();
});

const chat = { model: 'ollama/llama3.2', messages: [{ role: 'user' as const, content: 'hi' }] };

async function readAll(client: LLMClient): Promise<string> {
  let text = '';
  for await (const chunk of await client.chat.completions.create({ ...chat, stream: true })) {
    text += chunk.choices[0]?.delta.content ?? '';
  }
  return text;
}

describe('a client', () => {
  it('chats, whole and streamed, with tools and usage', async () => {
    mock.enqueue(
      'ollama',
      reply({ text: 'Hello there', reasoning: 'Greet.' }),
      'streamed words',
      reply({ toolCalls: [{ name: 'get_weather', arguments: { city: 'Oslo' } }] }),
    );
    const whole = await llm.chat.completions.create(chat);
    expect(whole.choices[0]?.message).toMatchObject({ content: 'Hello there', reasoning_content: 'Greet.' });
    expect(whole.route).toMatchObject({ provider: 'ollama', model: 'llama3.2' });
    const stream = await llm.chat.completions.create({ ...chat, stream: true });
    let text = '';
    for await (const chunk of stream) {
      expect(chunk.choices).toHaveLength(1);
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('streamed words');
    expect(stream.route.usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 2 });
    const called = await llm.chat.completions.create(chat);
    expect(called.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }] },
    });
    expect(mock.requests[0]).toMatchObject({ path: '/api/chat', body: { model: 'llama3.2', stream: false } });
    expect(mock.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  it('completes, embeds and lists models', async () => {
    mock.enqueue('ollama', 'upon a time', 'upon a stream');
    const { model } = chat;
    expect((await llm.completions.create({ model, prompt: 'Once' })).choices[0]?.text).toBe('upon a time');
    let text = '';
    for await (const chunk of await llm.completions.create({ model, prompt: 'Once', stream: true })) {
      text += chunk.choices[0]?.text ?? '';
    }
    expect(text).toBe('upon a stream');
    const embedded = await llm.embeddings.create({ model, input: ['a', 'b'], dimensions: 4 });
    expect(embedded.data.map(({ embedding }) => embedding.length)).toEqual([4, 4]);
    const models = await llm.models.list({ provider: 'ollama' });
    expect(models.data.map(({ id }) => id)).toEqual(['mock-large:latest', 'mock-small:latest']);
  });

  it.each([
    ['overloaded', fault.overloaded(), 'service_unavailable', 503],
    ['unavailable', fault.unavailable(), 'service_unavailable', 502],
    ['rate limit', fault.rateLimit({ retryAfterSeconds: 3 }), 'rate_limit', 429],
    ['quota', fault.quota(), 'insufficient_credits', 402],
    ['context window', fault.contextWindow(), 'context_window_exceeded', 400],
    ['content policy', fault.contentPolicy(), 'content_policy_violation', 400],
    ['auth', fault.auth(), 'authentication', 401],
    ['html', fault.html(), 'response_validation', 200],
    ['garbage', fault.garbage(), 'response_validation', 200],
    ['refused', fault.refused(), 'connection', undefined],
    ['reset', fault.resetBeforeHeaders(), 'connection', undefined],
    ['reset after headers', fault.resetAfterHeaders(), 'connection', undefined],
    ['cut', fault.cutAfter(0), 'connection', undefined],
    ['empty', fault.empty(), 'connection', undefined],
    ['error in a 200', fault.errorEvent(0), 'service_unavailable', 503],
  ])('%s, whole and before the first content of a stream', async (_, item, kind, status) => {
    mock.enqueue('ollama', item, item);
    for (const attempt of [llm.chat.completions.create(chat), readAll(llm)]) {
      const error = await attempt.then(
        () => undefined,
        (cause: unknown) => cause,
      );
      expect(error).toMatchObject({ kind, provider: 'ollama', model: 'llama3.2' });
      if (status !== 200) expect(error).toMatchObject({ status });
    }
  });

  it.each([
    ['cut', fault.cutAfter(2), 'stream_interrupted'],
    ['no done: true', fault.noTerminal({ text: 'word1 word2' }), 'stream_interrupted'],
    ['error line', fault.errorEvent(2), 'service_unavailable'],
  ])('%s in mid-stream gives what had come', async (_, item, kind) => {
    mock.enqueue('ollama', item);
    await expect(readAll(llm)).rejects.toMatchObject({ kind, partial: { content: 'word1 word2' } });
  });

  it('retries what may pass', async () => {
    const clock = fakeClock();
    const client = clientOf({ clock, use: [retry({ maxRetries: 3 })] });
    mock.enqueue('ollama', fault.overloaded(), fault.refused(), 'third time lucky');
    const call = client.chat.completions.create(chat);
    let settled = false;
    const watch = call.then(() => {
      settled = true;
    });
    for (let i = 0; i < 100 && !settled; i++) await clock.advance(1000);
    await watch;
    const whole = await call;
    expect(whole.choices[0]?.message.content).toBe('third time lucky');
    expect(whole.route.attempts.map(({ outcome }) => outcome)).toEqual(['service_unavailable', 'connection', 'success']);
  });

  it('sends the key it was given, and shows it nowhere', async () => {
    const client = clientOf({ providers: { ollama: { baseURL: mock.baseURL('ollama'), apiKey: 'wrong' } } });
    const error = await client.chat.completions.create(chat).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(error).toMatchObject({ kind: 'authentication', status: 401 });
    expect(mock.requests[0]?.headers.authorization).toBe('Bearer [redacted]');
  });
});
