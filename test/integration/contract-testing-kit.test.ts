import Anthropic from '@anthropic-ai/sdk';
import { createClient, isLLMError } from 'holdfast';
import type { MockServer } from 'holdfast/testing';
import { fakeClock, fault, reply, startMockServer } from 'holdfast/testing';
import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';

const DIALECTS = ['openai', 'anthropic', 'gemini', 'ollama', 'cohere', 'mistral', 'groq'] as const;
const messages = [{ role: 'user' as const, content: 'hi' }];

let mock: MockServer;
beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(() => mock.close());

const clientFor = (...ids: readonly string[]): ReturnType<typeof createClient> =>
  createClient({
    providers: Object.fromEntries(ids.map((id) => [id, { apiKey: 'sk-journal-secret', baseURL: mock.baseURL(id) }])),
    use: [],
  });

describe('the example of the contract', () => {
  it('runs as it is written', async () => {
    mock.enqueue(
      'anthropic',
      fault.overloaded(),
      fault.status(429, { error: { message: 'slow' } }, { 'retry-after': '2' }),
      reply('Hello'),
    );
    const llm = clientFor('anthropic');
    const ask = { model: 'anthropic/claude', messages };
    expect(await rejection(llm.chat.completions.create(ask))).toMatchObject({ kind: 'service_unavailable', status: 529 });
    expect(await rejection(llm.chat.completions.create(ask))).toMatchObject({ kind: 'rate_limit', retryAfterMs: 2000 });
    expect((await llm.chat.completions.create(ask)).choices[0]?.message.content).toBe('Hello');
    expect(mock.requests).toHaveLength(3);
    expect(Object.keys(mock.requests[0] ?? {})).toEqual(expect.arrayContaining(['provider', 'path', 'headers', 'body', 'at']));
    expect(mock.requests[0]).toMatchObject({
      provider: 'anthropic',
      path: '/v1/messages',
      body: { model: 'claude' },
      at: expect.any(Number),
    });
  });

  it('the journal has no keys, whoever asks', async () => {
    const ids = [
      'openai',
      'anthropic',
      'gemini',
      'azure',
      'cohere',
      'bedrock',
      'watsonx',
      'portkey',
      'nlp_cloud',
      'replicate',
      'cloudflare',
    ];
    const own = { region: 'us-east-1', projectId: 'p', iamURL: mock.baseURL('watsonx_iam'), accountId: 'a' };
    for (const id of ids) {
      const settings = {
        apiKey: 'sk-journal-secret',
        baseURL: mock.baseURL(id),
        ...(/bedrock|watsonx|cloudflare/.test(id) ? own : {}),
      };
      await using llm = createClient({ providers: { [id]: settings }, use: [] });
      await llm.chat.completions.create({ model: `${id}/owner/m`.replace('gemini/owner', 'gemini'), messages });
    }
    expect(new Set(mock.requests.map(({ provider }) => provider)).size).toBeGreaterThanOrEqual(ids.length);
    expect(JSON.stringify(mock.requests)).not.toContain('sk-journal-secret');
  });
});

describe('other names', () => {
  it.each(['google', 'aws', 'vertex', 'together', 'hosted_vllm', 'llamafile', 'chutes_ai'])(
    '%s speaks the dialect of its provider',
    async (alias) => {
      const own = { aws: { region: 'us-east-1' }, vertex: { project: 'p', location: 'global', accessToken: 't' } };
      const settings = { apiKey: 'k', baseURL: mock.baseURL(alias), ...own[alias as keyof typeof own] };
      await using llm = createClient({ providers: { [alias]: settings }, use: [] });
      mock.enqueue(alias, reply('by any other name'));
      const answer = await llm.chat.completions.create({ model: `${alias}/m`, messages });
      expect(answer.choices[0]?.message.content).toBe('by any other name');
    },
  );
});

describe('reply', () => {
  it.each(DIALECTS)('%s: every option, whole and streamed', async (id) => {
    const llm = clientFor(id);
    const scripted = reply({
      text: 'one two',
      usage: { promptTokens: 21, completionTokens: 8 },
      finishReason: 'length',
      chunks: 2,
      delayMs: 5,
    });
    mock.enqueue(id, scripted, scripted);
    const whole = await llm.chat.completions.create({ model: `${id}/m`, messages });
    expect(whole.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'one two' } });
    expect(whole.usage).toMatchObject({ prompt_tokens: 21, completion_tokens: 8 });
    const stream = await llm.chat.completions.create({ model: `${id}/m`, messages, stream: true });
    const parts: string[] = [];
    let finish: unknown;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) parts.push(chunk.choices[0].delta.content);
      finish = chunk.choices[0]?.finish_reason ?? finish;
    }
    expect(parts.join('')).toBe('one two');
    expect(parts).toHaveLength(2);
    expect(finish).toBe('length');
    expect(stream.route.usage).toMatchObject({ prompt_tokens: 21, completion_tokens: 8 });
  });

  it.each(DIALECTS)('%s: tool calls, and a plain reply with nothing queued', async (id) => {
    const llm = clientFor(id);
    mock.enqueue(id, reply({ toolCalls: [{ name: 'look', arguments: { at: 'kelp' } }] }));
    const called = await llm.chat.completions.create({ model: `${id}/m`, messages });
    expect(called.choices[0]?.finish_reason).toBe('tool_calls');
    const [call] = called.choices[0]?.message.tool_calls ?? [];
    expect(call).toMatchObject({ type: 'function', function: { name: 'look' } });
    expect(JSON.parse((call as { function: { arguments: string } }).function.arguments)).toEqual({ at: 'kelp' });
    expect((await llm.chat.completions.create({ model: `${id}/m`, messages })).choices[0]?.message.content).toBeTruthy();
  });

  it.each(['openai', 'anthropic', 'gemini', 'ollama', 'groq'] as const)('%s: reasoning', async (id) => {
    mock.enqueue(id, reply({ text: 'yes', reasoning: 'Because.' }));
    const answer = await clientFor(id).chat.completions.create({ model: `${id}/m`, messages });
    expect(answer.choices[0]?.message).toMatchObject({ content: 'yes', reasoning_content: 'Because.' });
  });
});

describe('faults by name', () => {
  const KINDS = {
    rateLimit: 'rate_limit',
    overloaded: 'service_unavailable',
    unavailable: 'service_unavailable',
    quota: 'insufficient_credits',
    contextWindow: 'context_window_exceeded',
    contentPolicy: 'content_policy_violation',
    auth: 'authentication',
    refused: 'connection',
    resetBeforeHeaders: 'connection',
    resetAfterHeaders: 'connection',
    empty: 'connection',
    garbage: 'response_validation',
    html: 'response_validation',
  } as const;

  it.each(DIALECTS)('%s: each is the failure that its name says, whole and streamed', async (id) => {
    const llm = clientFor(id);
    for (const [name, kind] of Object.entries(KINDS)) {
      for (const stream of [false, true]) {
        mock.enqueue(id, fault[name as keyof typeof KINDS]());
        const error = await rejection(llm.chat.completions.create({ model: `${id}/m`, messages, stream }));
        expect(isLLMError(error) ? error.kind : error, `${name}, ${stream ? 'streamed' : 'whole'}`).toBe(kind);
      }
    }
  });

  it.each(DIALECTS)('%s: drip and slowFirstToken are good answers, late', async (id) => {
    const llm = clientFor(id);
    mock.enqueue(id, fault.drip(2), fault.slowFirstToken(20), fault.drip(2), fault.slowFirstToken(20));
    for (const stream of [false, false, true, true]) {
      const answer = await llm.chat.completions.create({ model: `${id}/m`, messages, stream });
      if ('controller' in answer) for await (const _ of answer);
      expect(answer.route.attempts).toMatchObject([{ outcome: 'success' }]);
    }
  });

  it('refused is real, and of one provider only', async () => {
    const llm = clientFor('openai', 'anthropic');
    mock.enqueue('openai', fault.refused());
    expect(new URL(mock.baseURL('openai')).port).not.toBe(new URL(mock.baseURL('anthropic')).port);
    await llm.chat.completions.create({ model: 'anthropic/m', messages });
    const error = await rejection(llm.chat.completions.create({ model: 'openai/m', messages }));
    expect(error).toMatchObject({ kind: 'connection', status: undefined, code: 'ECONNREFUSED' });
    await llm.chat.completions.create({ model: 'openai/m', messages });
  });

  it('the official SDKs meet them too', async () => {
    mock.enqueue('openai', fault.quota(), reply('Hello'));
    const openai = new OpenAI({ apiKey: 'k', baseURL: mock.baseURL('openai'), maxRetries: 0 });
    await expect(openai.chat.completions.create({ model: 'm', messages })).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    expect((await openai.chat.completions.create({ model: 'm', messages })).choices[0]?.message.content).toBe('Hello');
    mock.enqueue('anthropic', fault.overloaded());
    const anthropic = new Anthropic({ apiKey: 'k', baseURL: mock.baseURL('anthropic'), maxRetries: 0 });
    await expect(anthropic.messages.create({ model: 'm', max_tokens: 9, messages })).rejects.toMatchObject({ status: 529 });
  });
});

describe('fakeClock', () => {
  it('drives backoff, breakers’ openings and limits', async () => {
    const clock = fakeClock();
    await using llm = createClient({ providers: { openai: { apiKey: 'k', baseURL: mock.baseURL('openai') } }, clock });
    mock.enqueue('openai', fault.rateLimit({ retryAfterSeconds: 30 }), fault.stall(), reply('at last'));
    const pending = llm.chat.completions.create({ model: 'openai/m', messages });
    for (let step = 0; mock.requests.length < 3 && step < 200; step++) await clock.advance(10_000);
    const { route } = await pending;
    expect(route.attempts.map(({ outcome }) => outcome)).toEqual(['rate_limit', 'timeout', 'success']);
    expect(route.attempts[1]?.waitedMs).toBeGreaterThanOrEqual(30_000);
  });
});
