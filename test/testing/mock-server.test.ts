import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MockServer } from '../../src/testing/index.ts';
import { fakeClock, fault, reply, startMockServer } from '../../src/testing/index.ts';
import { send, sendRaw } from './raw-client.ts';

let mock: MockServer;
beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(() => mock.close());

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'a prompt' }] };
const STREAM = { ...CHAT, stream: true };
const textOf = (answer: string): string => JSON.parse(answer).choices[0].message.content;

const deltas = (text: string): string[] =>
  [...text.matchAll(/"delta":\{"content":"([^"]*)"/g)].map(([, delta]) => delta ?? '').filter((delta) => delta !== '');

describe('the script', () => {
  const url = (): string => `${mock.baseURL('openai')}/chat/completions`;

  it('gives one item per request, then the plain reply', async () => {
    mock.enqueue(
      'openai',
      'one',
      reply('two'),
      (request) => reply(`three for ${request.path}`),
      async () => fault.status(503),
    );
    const seen = [];
    for (let i = 0; i < 5; i++) seen.push(await send(url(), { body: CHAT }));
    expect(seen.slice(0, 3).map(({ text }) => textOf(text))).toEqual(['one', 'two', 'three for /v1/chat/completions']);
    expect(seen[3]?.status).toBe(503);
    expect(textOf(seen[4]?.text ?? '')).toBe('Hello from the mock server.');
  });

  it('keeps one queue per provider', async () => {
    mock.enqueue('groq', 'for groq');
    expect(textOf((await send(url(), { body: CHAT })).text)).not.toBe('for groq');
    expect(textOf((await send(`${mock.baseURL('groq')}/chat/completions`, { body: CHAT })).text)).toBe('for groq');
  });

  it('is not used up by requests that are wrong in themselves', async () => {
    mock.enqueue('openai', 'still here');
    expect((await send(url(), { body: CHAT, headers: { authorization: '' } })).status).toBe(401);
    expect((await send(url(), { body: CHAT, headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    expect((await send(url(), { body: '{"model":' })).status).toBe(400);
    expect((await send(`${mock.baseURL('openai')}/no/such/route`, { body: CHAT })).status).toBe(404);
    expect(textOf((await send(url(), { body: CHAT })).text)).toBe('still here');
  });

  it('tells when a function of the script throws', async () => {
    mock.enqueue('openai', () => {
      throw new Error('not today');
    });
    const seen = await send(url(), { body: CHAT });
    expect(seen.status).toBe(500);
    expect(seen.text).toContain('not today');
  });

  it("has a plain reply of one's own", async () => {
    await using own = await startMockServer({ answer: (request) => `told ${request.provider}` });
    expect(textOf((await send(`${own.baseURL('groq')}/chat/completions`, { body: CHAT })).text)).toBe('told groq');
  });
});

describe('replies', () => {
  const url = (): string => `${mock.baseURL('openai')}/chat/completions`;
  it('cuts the text of a stream as told', async () => {
    mock.enqueue('openai', reply({ text: 'abcdef', chunks: 3 }), reply({ chunks: ['x', 'yz'] }), 'some words here');
    expect(deltas((await send(url(), { body: STREAM })).text)).toEqual(['ab', 'cd', 'ef']);
    expect(deltas((await send(url(), { body: STREAM })).text)).toEqual(['x', 'yz']);
    expect(deltas((await send(url(), { body: STREAM })).text)).toEqual(['some', ' words', ' here']);
  });

  it('never cuts a character in two', () => {
    const { chunks, text } = reply({ text: '🙂🙃🙂', chunks: 6 }).content;
    expect(chunks).toEqual(['🙂', '🙃', '🙂']);
    expect(text).toBe('🙂🙃🙂');
  });

  it('writes every frame by itself, or all at once when told to burst', async () => {
    mock.enqueue('openai', reply({ text: 'a b c d e f g h' }), reply({ text: 'a b c d e f g h', burst: true }));
    const single = await sendRaw(url(), STREAM);
    const burst = await sendRaw(url(), STREAM);
    expect(single.reads.length).toBeGreaterThan(5);
    expect(burst.reads.length).toBeLessThanOrEqual(3);
    expect(deltas(burst.reads.join(''))).toEqual(deltas(single.reads.join('')));
  });

  it("understands usage and tool calls in openai's words and its own", async () => {
    mock.enqueue(
      'openai',
      reply({
        usage: { prompt_tokens: 3, completion_tokens: 4 },
        toolCalls: [{ function: { name: 'f', arguments: '{"a":1}' } }],
      }),
      reply({ usage: { promptTokens: 5 }, toolCalls: [{ id: 'call_x', name: 'g', arguments: { b: 2 } }], finishReason: 'stop' }),
    );
    const first = JSON.parse((await send(url(), { body: CHAT })).text);
    expect(first.usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 4 });
    expect(first.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: [{ function: { name: 'f', arguments: '{"a":1}' } }] },
    });
    const second = JSON.parse((await send(url(), { body: CHAT })).text);
    expect(second.choices[0]).toMatchObject({ finish_reason: 'stop', message: { tool_calls: [{ id: 'call_x' }] } });
  });

  it('refuses arguments that are no object', () => {
    expect(() => reply({ toolCalls: [{ name: 'f', arguments: '[1]' }] })).toThrow(TypeError);
  });

  it('waits delayMs on the clock it was given', async () => {
    const clock = fakeClock();
    await using slow = await startMockServer({ clock });
    slow.enqueue('openai', reply({ text: 'late', delayMs: 86_400_000 }));
    let seen: string | undefined;
    const answer = send(`${slow.baseURL('openai')}/chat/completions`, { body: CHAT }).then(({ text }) => {
      seen = text;
    });
    while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    await clock.advance(86_399_999);
    expect(seen).toBeUndefined();
    await clock.advance(1);
    await answer;
    expect(textOf(seen ?? '')).toBe('late');
  });

  it('gives equal texts equal vectors, and the models it was told', async () => {
    const embed = await send(`${mock.baseURL('openai')}/embeddings`, {
      body: { model: 'm', input: ['a', 'b', 'a'], dimensions: 4, encoding_format: 'float' },
    });
    const [a, b, again] = JSON.parse(embed.text).data.map((entry: { embedding: number[] }) => entry.embedding);
    expect(a).toHaveLength(4);
    expect(again).toEqual(a);
    expect(b).not.toEqual(a);
    expect(Math.hypot(...a)).toBeCloseTo(1, 5);
    await using own = await startMockServer({ models: ['mine'] });
    const models = await send(`${own.baseURL('openai')}/models`, { method: 'GET' });
    expect(JSON.parse(models.text).data).toMatchObject([{ id: 'mine' }]);
  });
});

describe('addresses', () => {
  it('gives what each provider calls a base URL', () => {
    expect(mock.baseURL('openai')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/openai\/v1$/);
    expect(mock.baseURL('anthropic')).toMatch(/\/anthropic$/);
    expect(mock.baseURL('gemini')).toMatch(/\/gemini$/);
    expect(mock.baseURL('ollama')).toMatch(/\/ollama$/);
    expect(mock.baseURL('deepseek')).toMatch(/\/deepseek\/v1$/);
    expect(mock.baseURL('a-host-of-mine')).toMatch(/\/a-host-of-mine\/v1$/);
    expect(mock.providers).toEqual(
      expect.arrayContaining(['openai', 'anthropic', 'gemini', 'ollama', 'azure', 'a-host-of-mine']),
    );
  });

  it('has a port for every provider', () => {
    const ports = mock.providers.map((provider) => new URL(mock.baseURL(provider)).port);
    expect(new Set(ports).size).toBe(ports.length);
  });

  it('serves a provider without its prefix, and every other one under its own', async () => {
    const { origin } = new URL(mock.baseURL('openai'));
    await send(`${origin}/v1/chat/completions`, { body: CHAT });
    await send(`${origin}/groq/v1/chat/completions`, { body: CHAT });
    await send(`${origin}/ollama/api/chat`, { body: CHAT });
    expect(mock.requests.map(({ provider, path }) => `${provider} ${path}`)).toEqual([
      'openai /v1/chat/completions',
      'groq /v1/chat/completions',
      'ollama /api/chat',
    ]);
  });

  it("knows both of Azure's paths", async () => {
    const { origin } = new URL(mock.baseURL('azure'));
    const headers = { authorization: '', 'api-key': 'k' };
    for (const path of [
      '/azure/openai/v1/chat/completions',
      '/openai/v1/chat/completions',
      '/azure/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21',
      '/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21',
    ]) {
      const seen = await send(origin + path, { headers, body: CHAT });
      expect(seen.status, path).toBe(200);
      expect(JSON.parse(seen.text).model).toBe(path.includes('my-gpt') ? 'my-gpt' : 'm');
    }
    expect(new Set(mock.requests.map(({ provider }) => provider))).toEqual(new Set(['azure']));
  });

  it("asks servers of one's own for no key", async () => {
    const { status } = await send(`${mock.baseURL('vllm')}/chat/completions`, { headers: { authorization: '' }, body: CHAT });
    expect(status).toBe(200);
  });

  it('serves all on one port when told which', async () => {
    await using one = await startMockServer({ port: 0 });
    expect(new URL(one.baseURL('openai')).host).toBe(new URL(one.baseURL('ollama')).host);
    one.enqueue('gemini', 'from gemini');
    const seen = await send(`${one.baseURL('gemini')}/v1beta/models/m:generateContent`, {
      headers: { 'x-goog-api-key': 'k' },
      body: { contents: [] },
    });
    expect(seen.text).toContain('from gemini');
    expect((await send(`${one.baseURL('some-host')}/chat/completions`, { body: CHAT })).status).toBe(200);
    expect((await send(`${new URL(one.baseURL('openai')).origin}/`, { method: 'GET' })).status).toBe(404);
  });

  it('says which port was taken', async () => {
    const port = Number(new URL(mock.baseURL('openai')).port);
    await expect(startMockServer({ port })).rejects.toMatchObject({ code: 'EADDRINUSE', port });
  });
});

describe('the journal', () => {
  it('keeps prompts and takes keys out', async () => {
    await send(`${mock.baseURL('openai')}/chat/completions?key=sk-query&alt=sse`, {
      headers: {
        authorization: 'Bearer sk-bearer',
        'x-api-key': 'sk-x',
        'api-key': 'sk-a',
        'x-goog-api-key': 'sk-g',
        'x-other': 'stays',
      },
      body: CHAT,
    });
    const [request] = mock.requests;
    expect(request).toMatchObject({
      provider: 'openai',
      method: 'POST',
      path: '/v1/chat/completions?key=[redacted]&alt=sse',
      body: CHAT,
      headers: {
        authorization: 'Bearer [redacted]',
        'x-api-key': '[redacted]',
        'api-key': '[redacted]',
        'x-goog-api-key': '[redacted]',
        'x-other': 'stays',
      },
    });
    expect(JSON.stringify(mock.requests)).not.toContain('sk-');
    expect(request?.at).toBeGreaterThan(Date.UTC(2020, 0, 1));
  });

  it('shows the script functions no key either', async () => {
    let shown = '';
    mock.enqueue('openai', (request) => {
      shown = JSON.stringify(request);
      return 'seen';
    });
    await send(`${mock.baseURL('openai')}/chat/completions`, { headers: { authorization: 'Bearer sk-secret' }, body: CHAT });
    expect(shown).toContain('a prompt');
    expect(shown).not.toContain('sk-secret');
  });

  it('keeps the newest requests only', async () => {
    await using short = await startMockServer({ keepRequests: 2 });
    for (const content of ['1', '2', '3']) {
      await send(`${short.baseURL('openai')}/chat/completions`, { body: { ...CHAT, content } });
    }
    expect(short.requests.map(({ body }) => (body as { content: string }).content)).toEqual(['2', '3']);
  });
});

describe('many at once', () => {
  it('answers 256 streams and whole replies side by side', async () => {
    mock.enqueue('openai', ...Array.from({ length: 256 }, (_, i) => `answer ${i} of many`));
    const seen = await Promise.all(
      Array.from({ length: 256 }, (_, i) => send(`${mock.baseURL('openai')}/chat/completions`, { body: i % 2 ? CHAT : STREAM })),
    );
    expect(seen.filter(({ status, complete }) => status === 200 && complete)).toHaveLength(256);
    const told = seen.map(({ text }) => (text.startsWith('{') ? textOf(text) : deltas(text).join('')));
    expect(new Set(told)).toEqual(new Set(Array.from({ length: 256 }, (_, i) => `answer ${i} of many`)));
    expect(mock.requests).toHaveLength(256);
  });

  it('closes twice without harm', async () => {
    await mock.close();
    await mock.close();
    expect((await send(`${mock.baseURL('openai')}/models`, { method: 'GET' })).error).toBe('ECONNREFUSED');
  });
});
