import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MockServer } from '../../src/testing/index.ts';
import { fault, reply, startMockServer } from '../../src/testing/index.ts';
import { send, sendRaw } from './raw-client.ts';

let mock: MockServer;
beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(() => mock.close());

const CHAT = { model: 'm', messages: [{ role: 'user', content: 'hi' }] };
const STREAM = { ...CHAT, stream: true };
const url = (): string => `${mock.baseURL('openai')}/chat/completions`;
const contentFrames = (text: string): number => text.split('\n').filter((line) => /"content":"[^"]/.test(line)).length;

describe('refused', () => {
  it('is a refused connection, and the port opens again', async () => {
    mock.enqueue('openai', fault.refused(), reply('back'));
    expect((await send(url(), { body: CHAT })).error).toBe('ECONNREFUSED');
    expect((await send(url(), { body: CHAT })).text).toContain('back');
    expect(mock.requests).toHaveLength(1);
  });

  it('counts: two refusals refuse two connections', async () => {
    mock.enqueue('openai', 'first', fault.refused(), fault.refused(), 'last');
    const seen = [];
    for (let i = 0; i < 4; i++) seen.push(await send(url(), { body: CHAT }));
    expect(seen.map(({ error, status }) => error ?? status)).toEqual([200, 'ECONNREFUSED', 'ECONNREFUSED', 200]);
  });

  it('leaves other providers alone', async () => {
    mock.enqueue('openai', fault.refused());
    expect((await send(`${mock.baseURL('groq')}/chat/completions`, { body: CHAT })).status).toBe(200);
    expect((await send(url(), { body: CHAT })).error).toBe('ECONNREFUSED');
  });

  it('takes one failure from a client that keeps its connection', async () => {
    const call = (): Promise<number> =>
      fetch(url(), { method: 'POST', headers: { authorization: 'Bearer test' }, body: JSON.stringify(CHAT) }).then(
        async (response) => {
          await response.text();
          return response.status;
        },
      );
    expect(await call()).toBe(200);
    mock.enqueue('openai', fault.refused(), 'back');
    await expect(call()).rejects.toThrow('fetch failed');
    expect(await call()).toBe(200);

    mock.enqueue('openai', 'on a connection that will close', fault.refused());
    expect(await call()).toBe(200);
    await expect(call()).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    expect(await call()).toBe(200);
  });

  it('does not disturb an answer that is on its way', async () => {
    mock.enqueue('openai', reply({ chunks: ['a', 'b', 'c', 'd'], delayMs: 20 }), fault.refused());
    const slow = send(url(), { body: STREAM });
    while (mock.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect((await send(url(), { body: CHAT })).error).toBe('ECONNREFUSED');
    expect(await slow).toMatchObject({ status: 200, complete: true });
  });

  it('ends by itself after forMs, for clients that cannot be seen', async () => {
    mock.enqueue('openai', fault.refused({ forMs: 30 }), 'open again');
    const { hostname, port } = new URL(url());
    const refusedOrOpen = (): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(Number(port), hostname);
        socket.on('connect', () => {
          socket.destroy();
          resolve('open');
        });
        socket.on('error', () => resolve('refused'));
      });
    for (let tries = 0; (await refusedOrOpen()) !== 'open'; tries++) {
      expect(tries).toBeLessThan(200);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect((await send(url(), { body: CHAT })).text).toContain('open again');
  });
});

describe('broken connections', () => {
  it('resetBeforeHeaders is a TCP reset without an answer', async () => {
    mock.enqueue('openai', fault.resetBeforeHeaders());
    expect(await send(url(), { body: CHAT })).toMatchObject({ status: undefined, error: 'ECONNRESET' });
    mock.enqueue('openai', fault.resetBeforeHeaders());
    expect(await sendRaw(url(), CHAT)).toEqual({ reads: [], error: 'ECONNRESET' });
  });

  it.each([[CHAT], [STREAM]])('resetAfterHeaders is a TCP reset after status and headers: %j', async (body) => {
    mock.enqueue('openai', fault.resetAfterHeaders());
    const { reads, error } = await sendRaw(url(), body);
    expect(error).toBe('ECONNRESET');
    expect(reads.join('')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(reads.join('')).toMatch(/\r\n\r\n$/);
  });

  it('cutAfter ends a stream after so many content frames, without the end of the body', async () => {
    for (const chunks of [0, 1, 3]) {
      mock.enqueue('openai', fault.cutAfter(chunks));
      const seen = await send(url(), { body: STREAM });
      expect(seen).toMatchObject({ status: 200, complete: false, error: 'ECONNRESET' });
      expect(contentFrames(seen.text)).toBe(chunks);
      expect(seen.text).not.toContain('"finish_reason":"stop"');
    }
  });

  it('cutAfter takes the answer that is to be cut', async () => {
    mock.enqueue('openai', fault.cutAfter(2, { text: 'one two three', chunks: ['one ', 'two ', 'three'] }));
    const { text } = await send(url(), { body: STREAM });
    expect(text).toContain('two ');
    expect(text).not.toContain('three');
  });

  it('cutAfter cuts a whole answer in half', async () => {
    mock.enqueue('openai', fault.cutAfter(1));
    const seen = await send(url(), { body: CHAT });
    expect(seen).toMatchObject({ status: 200, complete: false });
    expect(seen.text.length).toBeLessThan(Number(seen.headers['content-length']));
  });

  it('stall falls silent after so many frames and stays open', async () => {
    mock.enqueue('openai', fault.stall(2), fault.stall());
    const stream = await send(url(), { body: STREAM, leaveAfterMs: 500 });
    expect(stream).toMatchObject({ status: 200, complete: false });
    expect(contentFrames(stream.text)).toBe(2);
    expect(await send(url(), { body: CHAT, leaveAfterMs: 500 })).toMatchObject({ status: undefined });
  });

  it('close() ends a stall at once', async () => {
    mock.enqueue('openai', fault.stall(1), fault.slowFirstToken(60_000), reply({ delayMs: 60_000 }));
    const seen = [send(url(), { body: STREAM }), send(url(), { body: STREAM }), send(url(), { body: CHAT })];
    while (mock.requests.length < 3) await new Promise((resolve) => setImmediate(resolve));
    await mock.close();
    for (const { complete } of await Promise.all(seen)) expect(complete).toBe(false);
  });
});

describe('broken bodies', () => {
  it('drip gives a good answer piece by piece', async () => {
    mock.enqueue('openai', fault.drip(5, 'slow but good'), fault.drip(2, 'slow but good'));
    const stream = await send(url(), { body: STREAM });
    expect(stream.complete).toBe(true);
    expect(stream.text).toMatch(/\[DONE\]\s*$/);
    const { reads } = await sendRaw(url(), CHAT);
    expect(reads.length).toBeGreaterThan(4);
    expect(reads.join('')).toContain('slow but good');
  });

  it.each([
    [CHAT, 'application/json'],
    [STREAM, 'text/event-stream'],
  ])('garbage is no protocol: %j', async (body, type) => {
    mock.enqueue('openai', fault.garbage());
    const { status, headers, text } = await send(url(), { body });
    expect(status).toBe(200);
    expect(headers['content-type']).toContain(type);
    for (const line of text.split('\n')) expect(() => JSON.parse(line.replace(/^data: /, ''))).toThrow();
  });

  it('html is a page with status 200, empty is nothing with status 200', async () => {
    mock.enqueue('openai', fault.html(), fault.empty(), fault.empty());
    const page = await send(url(), { body: STREAM });
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.text).toContain('<html>');
    for (const body of [CHAT, STREAM]) {
      expect(await send(url(), { body })).toMatchObject({ status: 200, text: '', complete: true });
    }
  });

  it('noTerminal ends cleanly without the terminal sign', async () => {
    mock.enqueue('openai', fault.noTerminal('no end'));
    const seen = await send(url(), { body: STREAM });
    expect(seen.complete).toBe(true);
    expect(contentFrames(seen.text)).toBe(2);
    expect(seen.text).not.toMatch(/\[DONE\]|"finish_reason":"/);
  });

  it("errorEvent sends the dialect's own error in a 200", async () => {
    mock.enqueue('openai', fault.errorEvent(2), fault.errorEvent(0, { failure: 'rateLimit' }));
    const stream = await send(url(), { body: STREAM });
    expect(stream).toMatchObject({ status: 200, complete: true });
    expect(contentFrames(stream.text)).toBe(2);
    expect(stream.text).toMatch(/data: \{"error":.*\n\n$/);
    const whole = await send(url(), { body: CHAT });
    expect(whole.status).toBe(200);
    expect(JSON.parse(whole.text)).toMatchObject({ error: { code: 'rate_limit_exceeded' } });
  });

  it('slowFirstToken sends the headers at once', async () => {
    mock.enqueue('openai', fault.slowFirstToken(60_000));
    const seen = await send(url(), { body: STREAM, leaveAfterMs: 500 });
    expect(seen.status).toBe(200);
    expect(contentFrames(seen.text)).toBe(0);
  });
});

describe('later', () => {
  const get = (id: string, path: string, headers = {}) => send(mock.baseURL(id) + path, { method: 'GET', headers });

  it('is an id in a header at NVIDIA, and the questions take what is next', async () => {
    mock.enqueue('nvidia_nim', fault.later(), fault.later(), fault.rateLimit(), 'There it is.', 'for somebody else');
    const first = await send(`${mock.baseURL('nvidia_nim')}/chat/completions`, { body: STREAM });
    expect(first).toMatchObject({ status: 202, text: '', headers: { 'nvcf-status': 'pending-evaluation' } });
    const path = `/status/${String(first.headers['nvcf-reqid'])}`;
    const seen = [];
    for (let i = 0; i < 4; i++) seen.push(await get('nvidia_nim', path));
    expect(seen.map(({ status }) => status)).toEqual([202, 429, 200, 404]);
    expect(seen[0]?.headers['nvcf-reqid']).toBe(first.headers['nvcf-reqid']);
    expect(JSON.parse(seen[2]?.text ?? '')).toMatchObject({ object: 'chat.completion', model: 'm' });
    expect((await get('nvidia_nim', '/status/unknown')).status).toBe(404);
    expect((await get('nvidia_nim', path, { authorization: '' })).status).toBe(401);
  });

  it('is an id in the body at xAI, and for Replicate a prediction that has just begun', async () => {
    mock.enqueue('xai', fault.later());
    const asked = await send(`${mock.baseURL('xai')}/chat/completions`, { body: CHAT });
    const { request_id } = JSON.parse(asked.text) as { request_id: string };
    expect(asked.status).toBe(202);
    expect((await get('xai', `/chat/deferred-completion/${request_id}`)).status).toBe(200);

    mock.enqueue('replicate', fault.later(), fault.later(), 'Done.');
    const opened = await send(`${mock.baseURL('replicate')}/models/a/b/predictions`, { body: { input: {} } });
    const { id, status } = JSON.parse(opened.text) as { id: string; status: string };
    expect(status).toBe('starting');
    const states = [];
    for (let i = 0; i < 3; i++) states.push(JSON.parse((await get('replicate', `/predictions/${id}`)).text));
    expect(states).toMatchObject([
      { status: 'processing', output: null },
      { status: 'succeeded', output: ['Done.'] },
      { status: 'succeeded', output: ['Done.'] },
    ]);
  });

  it('is an empty 202 where nobody could ask', async () => {
    mock.enqueue('openai', fault.later());
    expect(await send(url(), { body: CHAT })).toMatchObject({ status: 202, text: '' });
  });
});

describe('failures in words', () => {
  it('status gives any status, body and headers', async () => {
    mock.enqueue('openai', fault.status(418, { error: 'teapot' }, { 'retry-after': '2' }), fault.status(500, 'plain words'));
    const first = await send(url(), { body: CHAT });
    expect(first).toMatchObject({ status: 418, text: '{"error":"teapot"}' });
    expect(first.headers).toMatchObject({ 'retry-after': '2', 'content-type': 'application/json' });
    const second = await send(url(), { body: CHAT });
    expect(second).toMatchObject({ status: 500, text: 'plain words' });
  });

  it.each([
    ['openai', '/chat/completions', 'insufficient_quota'],
    ['anthropic', '/v1/messages', '"type":"error"'],
    ['gemini', '/v1beta/models/m:generateContent', '"status":"'],
    ['ollama', '/api/chat', '{"error":"'],
  ])('%s fails in its own envelope', async (provider, path, sign) => {
    const headers = { 'x-api-key': 'k', 'x-goog-api-key': 'k' };
    const body = { ...CHAT, contents: [], max_tokens: 1 };
    for (const failure of [fault.quota(), fault.rateLimit({ retryAfterSeconds: 7 }), fault.overloaded(), fault.contextWindow()]) {
      mock.enqueue(provider, failure);
      const seen = await send(mock.baseURL(provider) + path, { headers, body });
      expect(seen.status).toBeGreaterThanOrEqual(400);
      if (failure.name === 'failure' && failure.failure === 'quota') expect(seen.text).toContain(sign);
      expect(() => JSON.parse(seen.text)).not.toThrow();
    }
  });
});
