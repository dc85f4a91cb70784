import Anthropic from '@anthropic-ai/sdk';
import { ApiError, GoogleGenAI } from '@google/genai';
import { Ollama } from 'ollama';
import OpenAI, { AzureOpenAI } from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MockServer } from '../../src/testing/index.ts';
import { fault, reply, startMockServer } from '../../src/testing/index.ts';

let mock: MockServer;
beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(() => mock.close());

const WEATHER = reply({ toolCalls: [{ id: 'call_1', name: 'get_weather', arguments: { city: 'Oslo' } }] });
const FULL = reply({
  text: 'Seven words, in as many small pieces.',
  reasoning: 'Count them.',
  usage: { promptTokens: 20, completionTokens: 9 },
});
const failure = async (promise: PromiseLike<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('openai', () => {
  const messages = [{ role: 'user' as const, content: 'hi' }];
  const client = (apiKey = 'test', provider = 'openai'): OpenAI =>
    new OpenAI({ apiKey, baseURL: mock.baseURL(provider), maxRetries: 0 });

  it('reads a reply, a stream and a tool call', async () => {
    mock.enqueue('openai', FULL, FULL, WEATHER, WEATHER);
    const whole = await client().chat.completions.create({ model: 'm', messages });
    expect(whole.choices[0]?.message.content).toBe(FULL.content.text);
    expect(whole.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 9, total_tokens: 29 });

    const stream = client().chat.completions.stream({ model: 'm', messages, stream_options: { include_usage: true } });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe(FULL.content.text);
    expect(final.usage?.total_tokens).toBe(29);

    const tools = [{ type: 'function' as const, function: { name: 'get_weather' } }];
    const called = await client().chat.completions.create({ model: 'm', messages, tools });
    expect(called.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ id: 'call_1', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }] },
    });
    const streamed = await client().chat.completions.stream({ model: 'm', messages, tools }).finalChatCompletion();
    expect(streamed.choices[0]?.message.tool_calls).toMatchObject([{ function: { arguments: '{"city":"Oslo"}' } }]);
  });

  it('raises its own error classes', async () => {
    mock.enqueue(
      'openai',
      fault.rateLimit(),
      fault.contextWindow(),
      fault.unavailable(),
      fault.status(404, { error: { message: 'no' } }),
      fault.resetBeforeHeaders(),
      fault.refused(),
    );
    const seen = [];
    for (let i = 0; i < 6; i++) seen.push(await failure(client().chat.completions.create({ model: 'm', messages })));
    expect(seen[0]).toBeInstanceOf(OpenAI.RateLimitError);
    expect(seen[1]).toBeInstanceOf(OpenAI.BadRequestError);
    expect(seen[1]).toMatchObject({ code: 'context_length_exceeded' });
    expect(seen[2]).toBeInstanceOf(OpenAI.InternalServerError);
    expect(seen[3]).toBeInstanceOf(OpenAI.NotFoundError);
    expect(seen[4]).toBeInstanceOf(OpenAI.APIConnectionError);
    expect(seen[5]).toBeInstanceOf(OpenAI.APIConnectionError);
    expect(await failure(client('wrong').models.list())).toBeInstanceOf(OpenAI.AuthenticationError);
  });

  it('raises an error event of a stream after what came before', async () => {
    mock.enqueue('openai', fault.errorEvent(2));
    const stream = await client().chat.completions.create({ model: 'm', messages, stream: true });
    let text = '';
    const error = await failure(
      (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      })(),
    );
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(text).toBe('word1 word2');
  });

  it('embeds, completes, lists models, and speaks to any host of its dialect', async () => {
    const embedded = await client().embeddings.create({ model: 'm', input: ['a', 'b'] });
    expect(embedded.data).toHaveLength(2);
    expect(embedded.data[0]?.embedding).toHaveLength(8);
    mock.enqueue('openai', 'Once upon a time');
    expect((await client().completions.create({ model: 'm', prompt: 'Once' })).choices[0]?.text).toBe('Once upon a time');
    expect((await client().models.list()).data.map(({ id }) => id)).toEqual(['mock-large', 'mock-small']);
    mock.enqueue('deepseek', 'deep');
    const deep = await client('test', 'deepseek').chat.completions.create({ model: 'm', messages });
    expect(deep.choices[0]?.message.content).toBe('deep');
  });

  it('speaks to Azure by deployment', async () => {
    mock.enqueue('azure', 'from a deployment');
    const azure = new AzureOpenAI({
      apiKey: 'test',
      apiVersion: '2024-10-21',
      endpoint: mock.baseURL('azure').replace('/openai/v1', ''),
      maxRetries: 0,
    });
    const whole = await azure.chat.completions.create({ model: 'my-gpt', messages });
    expect(whole.choices[0]?.message.content).toBe('from a deployment');
    expect(mock.requests[0]).toMatchObject({ provider: 'azure', headers: { 'api-key': '[redacted]' } });
    expect(mock.requests[0]?.path).toBe('/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21');
  });
});

describe('@anthropic-ai/sdk', () => {
  const request = { model: 'm', max_tokens: 64, messages: [{ role: 'user' as const, content: 'hi' }] };
  const client = (apiKey = 'test'): Anthropic => new Anthropic({ apiKey, baseURL: mock.baseURL('anthropic'), maxRetries: 0 });

  it('reads a reply, a stream and a tool call', async () => {
    mock.enqueue('anthropic', FULL, FULL, WEATHER, WEATHER);
    const whole = await client().messages.create(request);
    expect(whole.content.at(-1)).toMatchObject({ type: 'text', text: FULL.content.text });
    expect(whole.usage).toMatchObject({ input_tokens: 20, output_tokens: 9 });
    expect(whole.stop_reason).toBe('end_turn');

    const streamed = await client().messages.stream(request).finalMessage();
    expect(streamed.content.at(-1)).toMatchObject({ type: 'text', text: FULL.content.text });
    expect(streamed.usage.output_tokens).toBe(9);

    const called = await client().messages.create(request);
    expect(called).toMatchObject({
      stop_reason: 'tool_use',
      content: [{ type: 'tool_use', name: 'get_weather', input: { city: 'Oslo' } }],
    });
    const calledInStream = await client().messages.stream(request).finalMessage();
    expect(calledInStream.content.at(-1)).toMatchObject({ type: 'tool_use', input: { city: 'Oslo' } });
  });

  it('raises its own error classes', async () => {
    mock.enqueue(
      'anthropic',
      fault.overloaded(),
      fault.rateLimit(),
      fault.contextWindow(),
      fault.resetBeforeHeaders(),
      fault.refused(),
    );
    const seen = [];
    for (let i = 0; i < 5; i++) seen.push(await failure(client().messages.create(request)));
    expect(seen[0]).toBeInstanceOf(Anthropic.InternalServerError);
    expect(seen[0]).toMatchObject({ status: 529 });
    expect(seen[1]).toBeInstanceOf(Anthropic.RateLimitError);
    expect(seen[2]).toBeInstanceOf(Anthropic.BadRequestError);
    expect(seen[3]).toBeInstanceOf(Anthropic.APIConnectionError);
    expect(seen[4]).toBeInstanceOf(Anthropic.APIConnectionError);
    expect(await failure(client('wrong').messages.create(request))).toBeInstanceOf(Anthropic.AuthenticationError);
  });

  it('raises an error event of a stream', async () => {
    mock.enqueue('anthropic', fault.errorEvent(1));
    const error = await failure(client().messages.stream(request).finalMessage());
    expect(error).toBeInstanceOf(Anthropic.APIError);
    expect(String(error)).toContain('overloaded_error');
  });
});

describe('@google/genai', () => {
  const request = { model: 'gemini-mock', contents: 'hi' };
  const client = (apiKey = 'test'): GoogleGenAI =>
    new GoogleGenAI({ apiKey, httpOptions: { baseUrl: mock.baseURL('gemini'), retryOptions: { attempts: 1 } } });

  it('reads a reply, a stream and a tool call', async () => {
    mock.enqueue('gemini', FULL, FULL, WEATHER);
    const whole = await client().models.generateContent(request);
    expect(whole.text).toBe(FULL.content.text);
    expect(whole.usageMetadata).toMatchObject({ promptTokenCount: 20 });
    let text = '';
    for await (const chunk of await client().models.generateContentStream(request)) text += chunk.text ?? '';
    expect(text).toBe(FULL.content.text);
    const called = await client().models.generateContent(request);
    expect(called.functionCalls).toMatchObject([{ name: 'get_weather', args: { city: 'Oslo' } }]);
  });

  it('raises its own error class', async () => {
    mock.enqueue('gemini', fault.rateLimit(), fault.overloaded());
    for (const status of [429, 503]) {
      const error = await failure(client().models.generateContent(request));
      expect(error).toBeInstanceOf(ApiError);
      expect(error).toMatchObject({ status });
    }
    expect(await failure(client('wrong').models.generateContent(request))).toBeInstanceOf(ApiError);
    mock.enqueue('gemini', fault.refused());
    expect(String(await failure(client().models.generateContent(request)))).toContain('fetch failed');
  });
});

describe('ollama', () => {
  const messages = [{ role: 'user', content: 'hi' }];
  const client = (): Ollama => new Ollama({ host: mock.baseURL('ollama') });

  it('reads a reply, a stream and a tool call', async () => {
    mock.enqueue('ollama', FULL, FULL, WEATHER, WEATHER);
    const whole = await client().chat({ model: 'm', messages });
    expect(whole.message).toMatchObject({ content: FULL.content.text, thinking: 'Count them.' });
    expect(whole).toMatchObject({ done: true, prompt_eval_count: 20, eval_count: 9 });
    let text = '';
    let last: unknown;
    for await (const chunk of await client().chat({ model: 'm', messages, stream: true })) {
      text += chunk.message.content;
      last = chunk;
    }
    expect(text).toBe(FULL.content.text);
    expect(last).toMatchObject({ done: true, done_reason: 'stop', eval_count: 9 });
    const called = await client().chat({ model: 'm', messages });
    expect(called.message.tool_calls).toMatchObject([{ function: { name: 'get_weather', arguments: { city: 'Oslo' } } }]);
    const calls = [];
    for await (const chunk of await client().chat({ model: 'm', messages, stream: true })) {
      calls.push(...(chunk.message.tool_calls ?? []));
    }
    expect(calls).toMatchObject([{ function: { name: 'get_weather' } }]);
  });

  it('raises its own error', async () => {
    mock.enqueue('ollama', fault.overloaded(), fault.contextWindow(), fault.errorEvent(2), fault.noTerminal());
    expect(await failure(client().chat({ model: 'm', messages }))).toMatchObject({
      name: 'ResponseError',
      status_code: 503,
      message: expect.stringContaining('server busy'),
    });
    expect(await failure(client().chat({ model: 'm', messages }))).toMatchObject({ status_code: 400 });
    const read = async (): Promise<void> => {
      for await (const _ of await client().chat({ model: 'm', messages, stream: true }));
    };
    expect(String(await failure(read()))).toContain('server busy');
    expect(String(await failure(read()))).toContain('Did not receive done');
  });

  it('generates, embeds and lists', async () => {
    mock.enqueue('ollama', 'Once upon a time');
    expect((await client().generate({ model: 'm', prompt: 'Once' })).response).toBe('Once upon a time');
    expect((await client().embed({ model: 'm', input: ['a', 'b'], dimensions: 3 })).embeddings).toHaveLength(2);
    expect((await client().list()).models.map(({ name }) => name)).toEqual(['mock-large:latest', 'mock-small:latest']);
  });
});
