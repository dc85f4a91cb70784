import type { LLMClient, LLMError, Middleware } from 'holdfast';
import { circuitBreaker, createClient, fallback, isLLMError, retry, StreamInterruptedError, timeout } from 'holdfast';
import type { Fault, MockServer, ScriptItem } from 'holdfast/testing';
import { fault, reply, startMockServer } from 'holdfast/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

/** One provider for each family of dialects. */
const DIALECTS = ['openai', 'anthropic', 'gemini', 'ollama', 'cohere', 'groq', 'mistral'] as const;
const messages = [{ role: 'user' as const, content: 'hi' }];

let mock: MockServer;
const clients: LLMClient[] = [];
beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await mock.close();
});

function make(use: Middleware[] = []): LLMClient {
  const providers = Object.fromEntries(DIALECTS.map((id) => [id, { apiKey: 'k', baseURL: mock.baseURL(id) }]));
  const client = createClient({ providers, use });
  clients.push(client);
  return client;
}

/** Reads a stream to its end: its text, and the error that the loop threw. */
async function read(llm: LLMClient, id: string, ...items: ScriptItem[]): Promise<{ text: string; error: LLMError | undefined }> {
  mock.enqueue(id, ...items);
  const stream = await llm.chat.completions.create({ model: `${id}/m`, messages, stream: true });
  let text = '';
  try {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  } catch (error) {
    if (isLLMError(error)) return { text, error };
    throw error;
  }
  return { text, error: undefined };
}

const answer = reply({ chunks: ['one ', 'two ', 'three ', 'four'] });

describe.each(DIALECTS)('%s', (id) => {
  const BEFORE: readonly (readonly [string, () => Fault])[] = [
    ['an overload', () => fault.overloaded()],
    ['a reset before headers', () => fault.resetBeforeHeaders()],
    ['a reset after headers', () => fault.resetAfterHeaders()],
    ['a cut before content', () => fault.cutAfter(0)],
    ['an error event before content', () => fault.errorEvent(0)],
    ['nothing at all', () => fault.empty()],
    ['a refused connection', () => fault.refused()],
  ];

  it.each(BEFORE)('%s is invisible to the reader when a layer repeats it', async (_, made) => {
    const llm = make([retry({ minDelay: 1 })]);
    expect(await read(llm, id, made(), answer)).toEqual({ text: 'one two three four', error: undefined });
  });

  it('a cut before content is a connection error, the promise rejects', async () => {
    mock.enqueue(id, fault.cutAfter(0));
    const error = await rejection(make().chat.completions.create({ model: `${id}/m`, messages, stream: true }));
    expect(error).toMatchObject({ name: 'APIConnectionError', kind: 'connection', retryable: true });
  });

  it('a cut after content throws from the loop, with what had arrived; nothing is repeated', async () => {
    const { text, error } = await read(make([fallback(['openai/x']), retry({ minDelay: 1 })]), id, fault.cutAfter(2, answer));
    expect(text).toBe('one two ');
    expect(error).toBeInstanceOf(StreamInterruptedError);
    expect(error).toMatchObject({ retryable: false, provider: id, attempts: [{ outcome: 'stream_interrupted' }] });
    expect(error?.partial).toMatchObject({
      content: 'one two ',
      reasoning_content: '',
      tool_calls: [],
      chunks: expect.any(Number),
    });
    expect(mock.requests).toHaveLength(1);
  });

  it('the end of the bytes without the terminal sign is an interruption', async () => {
    const { text, error } = await read(make(), id, fault.noTerminal(answer));
    expect(text).toBe('one two three four');
    expect(error).toMatchObject({ name: 'StreamInterruptedError', partial: { content: 'one two three four' } });
  });

  it('an error event after content is the typed error, with partial', async () => {
    const { text, error } = await read(make(), id, fault.errorEvent(2, { answer }));
    expect(text).toBe('one two ');
    expect(error).toMatchObject({ kind: 'service_unavailable', partial: { content: 'one two ' } });
  });

  it('silence after content is a TimeoutError, idle, with partial', async () => {
    const { error } = await read(make([timeout({ idle: 60 })]), id, fault.stall(2, answer));
    expect(error).toMatchObject({ name: 'TimeoutError', phase: 'idle', partial: { content: 'one two ' } });
  });

  it('silence before content is a TimeoutError, first_token, and a matter of the layers', async () => {
    const llm = make([fallback([id === 'openai' ? 'groq/x' : 'openai/x']), timeout({ firstToken: 60 })]);
    expect((await read(llm, id, fault.stall(0))).text).toBe('Hello from the mock server.');
    mock.enqueue(id, fault.slowFirstToken(500));
    const error = await rejection(
      make([timeout({ firstToken: 60 })]).chat.completions.create({ model: `${id}/m`, messages, stream: true }),
    );
    expect(error).toMatchObject({ phase: 'first_token' });
  });

  it('the caller’s abort after content ends the loop silently', async () => {
    mock.enqueue(id, fault.stall(2, answer));
    const controller = new AbortController();
    const stream = await make().chat.completions.create(
      { model: `${id}/m`, messages, stream: true },
      { signal: controller.signal },
    );
    let text = '';
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      if (text === 'one two ') controller.abort();
    }
    expect(text).toBe('one two ');
  });

  it('before content it rejects with AbortError', async () => {
    mock.enqueue(id, fault.stall(0));
    const asked = make().chat.completions.create(
      { model: `${id}/m`, messages, stream: true },
      { signal: AbortSignal.timeout(50) },
    );
    expect(await rejection(asked)).toMatchObject({ name: 'AbortError' });
  });

  it('an empty answer resolves with its terminal event', async () => {
    expect(await read(make(), id, reply({ text: '' }))).toEqual({ text: '', error: undefined });
  });
});

describe('what a filter stopped', () => {
  it.each(['openai', 'anthropic', 'gemini'] as const)('%s: nothing is an error, something is returned', async (id) => {
    const llm = make();
    mock.enqueue(
      id,
      reply({ text: '', finishReason: 'content_filter' }),
      reply({ text: 'begun', finishReason: 'content_filter' }),
    );
    expect(await rejection(llm.chat.completions.create({ model: `${id}/m`, messages }))).toMatchObject({
      kind: 'content_policy_violation',
    });
    const cut = await llm.chat.completions.create({ model: `${id}/m`, messages });
    expect(cut.choices[0]).toMatchObject({ finish_reason: 'content_filter', message: { content: 'begun' } });
    mock.enqueue(id, reply({ text: '', finishReason: 'content_filter' }));
    const asked = llm.chat.completions.create({ model: `${id}/m`, messages, stream: true });
    expect(await rejection(asked)).toMatchObject({ kind: 'content_policy_violation' });
    expect(await read(llm, id, reply({ text: 'begun', finishReason: 'content_filter' }))).toEqual({
      text: 'begun',
      error: undefined,
    });
  });
});

describe('partial', () => {
  it('has reasoning, tool calls, usage and the number of chunks', async () => {
    const both = reply({ reasoning: 'Hm.', toolCalls: [{ id: 'call_1', name: 'look', arguments: { at: 'kelp' } }] });
    mock.enqueue('anthropic', fault.noTerminal(both));
    const stream = await make().chat.completions.create({ model: 'anthropic/m', messages, stream: true });
    const error = await rejection(
      (async () => {
        for await (const _ of stream);
      })(),
    );
    expect(error).toMatchObject({
      partial: {
        content: '',
        reasoning_content: 'Hm.',
        tool_calls: [{ id: 'call_1', name: 'look', arguments: expect.any(String) }],
      },
    });
    expect(Object.keys((error as StreamInterruptedError).partial).sort()).toEqual(
      expect.arrayContaining(['chunks', 'content', 'reasoning_content', 'tool_calls']),
    );
  });
});

describe('a breaker', () => {
  it('hears the verdict when the stream ends', async () => {
    const breaker = circuitBreaker({ minCalls: 1, failureRate: 0 });
    const llm = make([breaker]);
    mock.enqueue('openai', fault.cutAfter(2, answer));
    const stream = await llm.chat.completions.create({ model: 'openai/m', messages, stream: true });
    expect(breaker.snapshot()).toMatchObject([{ state: 'closed' }]);
    await rejection(
      (async () => {
        for await (const _ of stream);
      })(),
    );
    expect(breaker.snapshot()).toMatchObject([{ state: 'open' }]);
  });
});

describe('leaving', () => {
  it('the loop closes the connection; tee and toReadableStream are openai’s', async () => {
    const llm = make();
    mock.enqueue('openai', fault.stall(2, answer));
    const stream = await llm.chat.completions.create({ model: 'openai/m', messages, stream: true });
    for await (const _ of stream) break;
    expect(stream.controller.signal.aborted).toBe(true);
    const whole = await llm.chat.completions.create({ model: 'openai/m', messages, stream: true });
    const [left, right] = whole.tee();
    const texts = await Promise.all(
      [left, right].map(async (branch) => {
        let text = '';
        for await (const chunk of branch) text += chunk.choices[0]?.delta.content ?? '';
        return text;
      }),
    );
    expect(texts).toEqual(['Hello from the mock server.', 'Hello from the mock server.']);
  });
});
