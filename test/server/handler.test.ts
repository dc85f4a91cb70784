import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf } from '../../src/errors/catalogue.ts';
import type { ErrorKind } from '../../src/errors/kinds.ts';
import { KINDS } from '../../src/errors/kinds.ts';
import type { Middleware } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import { asFetch } from '../../src/openai/index.ts';
import type { Handler } from '../../src/server/index.ts';
import { createHandler } from '../../src/server/index.ts';
import { fault, reply } from '../../src/testing/index.ts';
import type { BatchServer } from '../support/batch-server.ts';
import { lineOf, MODEL, startBatchServer } from '../support/batch-server.ts';
import { until } from '../support/chained.ts';
import { rejectionOf } from '../support/layered.ts';

let server: BatchServer;

beforeAll(async () => {
  server = await startBatchServer({
    handler: { models: { fast: MODEL }, limits: { maxBodyBytes: 100_000, maxFileBytes: 200_000 } },
  });
});
afterAll(() => server.close());

const messages = [{ role: 'user' as const, content: 'Hi' }];

function post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  return fetch(`${server.origin}/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
}

interface Envelope {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
  };
}

async function envelopeOf(response: Response): Promise<Envelope['error']> {
  const body = (await response.json()) as Envelope;
  expect(Object.keys(body)).toEqual(['error']);
  expect(Object.keys(body.error).sort()).toEqual(['code', 'message', 'param', 'type']);
  expect(response.headers.get('content-type')).toBe('application/json');
  return body.error;
}

describe('answers', () => {
  it('a call, by a bare name and by one with a provider', async () => {
    for (const model of ['fast', 'openai/gpt-5-mini']) {
      const response = await post('/chat/completions', { model, messages });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        object: 'chat.completion',
        choices: [{ message: { role: 'assistant', content: 'Hello from the mock server.' }, finish_reason: 'stop' }],
      });
      expect(response.headers.get('x-request-id')).toMatch(/\S/);
      expect(response.headers.get('x-holdfast-provider')).toBe(model === 'fast' ? 'anthropic' : 'openai');
    }
  });

  it('a stream as server-sent events, with usage when it is asked for', async () => {
    const response = await post('/chat/completions', {
      model: 'fast',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events = (await response.text()).trim().split('\n\n');
    expect(events.at(-1)).toBe('data: [DONE]');
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event.replace(/^data: /, '')));
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('Hello from the mock server.');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
  });

  it('text completions, embeddings and reranking', async () => {
    expect(await (await post('/completions', { model: 'openai/gpt-3.5-turbo-instruct', prompt: 'Hi' })).json()).toMatchObject({
      object: 'text_completion',
    });
    expect(await (await post('/embeddings', { model: 'openai/text-embedding-3-small', input: ['a', 'b'] })).json()).toMatchObject(
      {
        object: 'list',
        data: [{ index: 0 }, { index: 1 }],
      },
    );
    const reranked = await post('/rerank', { model: 'cohere/rerank-v3.5', query: 'kelp', documents: ['a', 'b'] });
    expect(await reranked.json()).toMatchObject({ results: [{ index: expect.any(Number) }, { index: expect.any(Number) }] });
  });

  it('tools and structured output, by the official client', async () => {
    server.mock.enqueue('anthropic', reply({ toolCalls: [{ name: 'add', arguments: { a: 1 } }] }));
    const tool = {
      type: 'function' as const,
      function: { name: 'add', parameters: { type: 'object', properties: { a: { type: 'number' } } } },
    };
    const called = await server.openai.chat.completions.create({ model: 'fast', messages, tools: [tool] });
    expect(called.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ type: 'function', function: { name: 'add', arguments: '{"a":1}' } }] },
    });
  });

  it('the models that it has names for, one of them, and what a provider offers', async () => {
    expect((await server.openai.models.list()).data).toEqual([
      { id: 'fast', object: 'model', created: 0, owned_by: 'anthropic' },
    ]);
    expect(await server.openai.models.retrieve('fast')).toMatchObject({ id: 'fast' });
    expect(await server.openai.models.retrieve('openai/gpt-5-mini')).toMatchObject({
      id: 'openai/gpt-5-mini',
      owned_by: 'openai',
    });
    expect(await rejectionOf(server.openai.models.retrieve('nothing'))).toMatchObject({ status: 404, code: 'model_not_found' });
    const live = await (await fetch(`${server.origin}/v1/models?provider=openai`)).json();
    expect((live as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(['openai/mock-large', 'openai/mock-small']);
  });

  it('its health and its status', async () => {
    expect(await (await fetch(`${server.origin}/health`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${server.origin}/status`)).json()).toMatchObject({
      status: 'ok',
      running: 1,
      batches: true,
      models: ['fast'],
    });
  });

  it('passes the correlation id and the idempotency key of a caller on', async () => {
    const headers = { 'content-type': 'application/json', 'x-correlation-id': 'job-7', 'idempotency-key': 'key-7' };
    server.mock.enqueue('openai', fault.refused());
    const refused = await post('/chat/completions', { model: 'openai/gpt-5-mini', messages }, { headers });
    expect(refused.headers.get('x-request-id')).toBe('job-7');
    await post('/chat/completions', { model: 'openai/gpt-5-mini', messages }, { headers });
    expect(server.mock.requests.at(-1)?.headers['idempotency-key']).toBe('key-7');
  });
});

describe('failures', () => {
  it.each([
    ['no JSON', '{"model":', 400, /could not parse the JSON body/, null],
    ['no object', '[1]', 400, /must be a JSON object/, null],
    ['no model', '{}', 400, /you must provide a model parameter/, 'model'],
    ['an unknown model', { model: 'nothing', messages }, 404, /The model `nothing` does not exist/, 'model'],
    ['an unknown provider', { model: 'nowhere/m', messages }, 404, /The model `nowhere` does not exist/, 'model'],
    ['no messages', { model: 'fast', messages: [] }, 400, /messages: expected at least one message/, 'messages'],
    ['a parameter that the provider lacks', { model: 'fast', messages, logprobs: true }, 400, /logprobs/, 'logprobs'],
  ])('%s', async (_, body, status, message, param) => {
    const response = await post('/chat/completions', body);
    expect(response.status).toBe(status);
    const error = await envelopeOf(response);
    expect(error).toMatchObject({ type: 'invalid_request_error', param, message: expect.stringMatching(message) });
  });

  it('bytes that are no UTF-8, and too many of them', async () => {
    const broken = await post('/chat/completions', new Uint8Array([0x7b, 0xff]) as never);
    expect(broken.status).toBe(400);
    const raw = await fetch(`${server.origin}/v1/chat/completions`, { method: 'POST', body: new Uint8Array([0x22, 0xff, 0x22]) });
    expect((await envelopeOf(raw)).message).toMatch(/UTF-8/);
    const large = await post('/chat/completions', { model: 'fast', messages: [{ role: 'user', content: 'x'.repeat(200_000) }] });
    expect(large.status).toBe(413);
    expect((await envelopeOf(large)).code).toBe('request_too_large');
    const streamed = await fetch(`${server.origin}/v1/chat/completions`, {
      method: 'POST',
      body: new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(50_000)),
      }),
      duplex: 'half',
    } as RequestInit).catch(() => undefined);
    expect(streamed === undefined || streamed.status === 413).toBe(true);
  });

  it('an unknown address, and a method that it does not have', async () => {
    const unknown = await fetch(`${server.origin}/v1/party`);
    expect(unknown.status).toBe(404);
    expect(await envelopeOf(unknown)).toEqual({
      message: 'Invalid URL (GET /v1/party)',
      type: 'invalid_request_error',
      param: null,
      code: 'unknown_url',
    });
    const wrong = await fetch(`${server.origin}/v1/chat/completions`);
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('POST');
    await envelopeOf(wrong);
  });

  it.each([
    ['rateLimit', fault.rateLimit({ retryAfterSeconds: 7 }), 429, 'rate_limit_error', 'rate_limit_exceeded'],
    ['quota', fault.quota(), 429, 'insufficient_quota', 'insufficient_quota'],
    ['contextWindow', fault.contextWindow(), 400, 'invalid_request_error', 'context_length_exceeded'],
    ['auth', fault.auth(), 401, 'invalid_request_error', 'invalid_api_key'],
    ['unavailable', fault.unavailable(), 503, 'server_error', null],
    ['refused', fault.refused(), 502, 'server_error', 'ECONNREFUSED'],
  ])('of a provider: %s', async (_, failing, status, type, code) => {
    server.mock.enqueue('openai', failing);
    const response = await post('/chat/completions', { model: 'openai/gpt-5-mini', messages });
    expect(response.status).toBe(status);
    const error = await envelopeOf(response);
    expect(error).toMatchObject({ type, message: expect.stringMatching(/^openai\/gpt-5-mini: /) });
    if (code !== null) expect(error.code).toBe(code);
    expect(response.headers.get('x-request-id')).toMatch(/\S/);
    if (status === 429 && type === 'rate_limit_error') expect(response.headers.get('retry-after')).toBe('7');
    else expect(response.headers.get('x-should-retry')).toBe('false');
  });

  it.each(Object.keys(KINDS) as ErrorKind[])(
    'of the kind %s: all four members, and a class of the official client',
    async (kind) => {
      const failing: Middleware = async () => {
        throw errorOf(kind, { message: `scripted ${kind}`, provider: 'openai', model: 'm' });
      };
      const llm = createClient({ use: [failing] });
      const handler = createHandler(llm);
      const response = await handler(
        new Request('http://x/v1/chat/completions', { method: 'POST', body: JSON.stringify({ model: 'openai/m', messages }) }),
      );
      expect(response.status).toBeGreaterThanOrEqual(400);
      await envelopeOf(response.clone());
      const openai = new OpenAI({ apiKey: 'x', maxRetries: 0, fetch: async () => response });
      const error = await rejectionOf(openai.chat.completions.create({ model: 'openai/m', messages }));
      expect(error).toBeInstanceOf(OpenAI.APIError);
      expect((error as { message: string }).message).toContain(`scripted ${kind}`);
      await llm.close();
    },
  );

  it('what is no error of ours tells nothing of its inside', async () => {
    const failing: Middleware = async () => {
      throw new TypeError('secret detail of the inside');
    };
    const llm = createClient({ use: [failing] });
    const response = await createHandler(llm)(
      new Request('http://x/v1/chat/completions', { method: 'POST', body: JSON.stringify({ model: 'openai/m', messages }) }),
    );
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    await llm.close();
  });

  it('in mid-stream is an error event after what had come', async () => {
    server.mock.enqueue('openai', fault.cutAfter(2, reply({ chunks: ['One ', 'two ', 'three.'] })));
    const stream = await server.openai.chat.completions.create({ model: 'openai/gpt-5-mini', messages, stream: true });
    let text = '';
    const error = await rejectionOf(
      (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      })(),
    );
    expect(text).toBe('One two ');
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'stream_interrupted', type: 'server_error' });
  });
});

describe('a client that leaves', () => {
  it('ends its call upstream, whole or streamed', async () => {
    for (const stream of [false, true]) {
      const before = server.mock.requests.length;
      server.mock.enqueue('openai', fault.stall(stream ? 1 : 0));
      const left = new AbortController();
      const body = JSON.stringify({ model: 'openai/gpt-5-mini', messages, stream });
      const asked = fetch(`${server.origin}/v1/chat/completions`, { method: 'POST', body, signal: left.signal });
      if (stream) await asked;
      await until(() => server.mock.requests.length > before);
      const ended = new Promise<string>((resolve) => {
        const off = server.llm.on('call-ended', ({ outcome }) => {
          off();
          resolve(outcome);
        });
      });
      left.abort();
      await asked.catch(() => {});
      expect(await ended).toBe('aborted');
    }
  });
});

describe('keys', () => {
  const guarded = (): Handler => createHandler(server.llm, { keys: ['first-key-1', 'second-key'] });
  const ask = (authorization?: string): Promise<Response> =>
    guarded()(new Request('http://x/v1/models', authorization === undefined ? {} : { headers: { authorization } }));

  it('let in who has one of them', async () => {
    expect((await ask('Bearer first-key-1')).status).toBe(200);
    expect((await ask('bearer second-key')).status).toBe(200);
    expect((await guarded()(new Request('http://x/health'))).status).toBe(200);
  });

  it.each([undefined, 'Bearer ', 'Bearer first-key-', 'Bearer first-key-11', 'Basic first-key-1', 'first-key-1'])(
    'keep out %s',
    async (authorization) => {
      const response = await ask(authorization);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      const error = await envelopeOf(response);
      expect(error.type).toBe('invalid_request_error');
      expect(JSON.stringify(error)).not.toContain('first-key');
    },
  );

  it.each([
    [{ keys: [] }, /createHandler\.keys: expected at least one key/],
    [{ keys: ['short'] }, /createHandler\.keys\[0\]: expected keys of at least 8 characters/],
    [{ models: { fast: 'two words' } }, /createHandler\.models\.fast: expected "provider\/model"/],
    [{ limits: { maxBodyBytes: 0 } }, /createHandler\.limits\.maxBodyBytes: expected a whole number of bytes ≥ 1/],
    [{ batches: {} }, /createHandler\.batches: expected an engine/],
    [{ model: {} }, /did you mean "models"/],
  ])('wrong options %j', (options, message) => {
    expect(() => createHandler(server.llm, options as never)).toThrow(message);
  });

  it.each([undefined, {}, { keys: ['first-key-1'] }, new OpenAI({ apiKey: 'k' }).chat])('no client but %j', (given) => {
    for (const make of [createHandler, asFetch]) {
      expect(() => make(given as never)).toThrow('configuration: expected a client, as createClient() makes them');
    }
  });
});

describe('uploads', () => {
  const form = (parts: readonly (readonly [string, string | Blob, string?])[]): FormData => {
    const data = new FormData();
    for (const [name, value, filename] of parts) {
      if (typeof value === 'string') data.append(name, value);
      else data.append(name, value, filename);
    }
    return data;
  };
  const file = new Blob([JSON.stringify(lineOf('a'))]);
  const send = (body: BodyInit, headers: HeadersInit = {}): Promise<Response> =>
    fetch(`${server.origin}/v1/files`, { method: 'POST', body, headers });

  it('take fields before and after the file', async () => {
    for (const parts of [
      [
        ['purpose', 'batch'],
        ['file', file, 'a.jsonl'],
      ],
      [
        ['file', file, 'a.jsonl'],
        ['purpose', 'batch'],
        ['expires_after', '{"anchor":"created_at","seconds":7200}'],
      ],
    ] as never[]) {
      const response = await send(form(parts));
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ object: 'file', filename: 'a.jsonl', bytes: file.size });
    }
  });

  it.each<[string, () => Promise<Response>, number, string | null]>([
    ['no form', () => send('{}', { 'content-type': 'application/json' }), 400, 'file'],
    ['no file', () => send(form([['purpose', 'batch']])), 400, 'file'],
    ['no purpose', () => send(form([['file', file, 'a.jsonl']])), 400, 'purpose'],
    [
      'another name',
      () =>
        send(
          form([
            ['file', file, 'a.txt'],
            ['purpose', 'batch'],
          ]),
        ),
      400,
      null,
    ],
    [
      'a wrong expiry',
      () =>
        send(
          form([
            ['purpose', 'batch'],
            ['file', file, 'a.jsonl'],
            ['expires_after[seconds]', '5'],
          ]),
        ),
      400,
      'expires_after.anchor',
    ],
    [
      'a form that breaks off',
      () =>
        send('--x\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n{}', {
          'content-type': 'multipart/form-data; boundary=x',
        }),
      400,
      'file',
    ],
    [
      'a file that is too large',
      () =>
        send(
          form([
            ['purpose', 'batch'],
            ['file', new Blob(['x'.repeat(300_000)]), 'a.jsonl'],
          ]),
        ),
      413,
      null,
    ],
  ])('are refused: %s', async (_, sent, status, param) => {
    const before = (await server.openai.files.list()).data.length;
    const response = await sent();
    expect(response.status).toBe(status);
    expect((await envelopeOf(response)).param).toBe(param);
    expect((await server.openai.files.list()).data).toHaveLength(before);
  });

  it('of a client that leaves in the middle leave nothing behind', async () => {
    const before = (await server.openai.files.list()).data.length;
    const { port } = new URL(server.origin);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(
      'POST /v1/files HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 99999\r\n\r\n--x\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n{"a":1}\n',
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await server.openai.files.list()).data).toHaveLength(before);
  });
});

describe('a server without an engine', () => {
  it('says so', async () => {
    const llm = createClient();
    const response = await createHandler(llm)(new Request('http://x/v1/batches'));
    expect(response.status).toBe(501);
    expect((await envelopeOf(response)).message).toMatch(/createClient\(\{ batches \}\)/);
    await llm.close();
  });

  it('or with batches: false', async () => {
    expect((await createHandler(server.llm, { batches: false })(new Request('http://x/v1/files'))).status).toBe(501);
  });
});

describe('a plain function', () => {
  it('needs no server, and never rejects', async () => {
    const handler = createHandler(server.llm);
    const response = await handler(
      new Request('https://anywhere.example/v1/chat/completions', {
        method: 'POST',
        body: JSON.stringify({ model: MODEL, messages }),
      }),
    );
    expect(response.status).toBe(200);
  });

  it('works behind any HTTP server: a slow reader slows the stream down, and memory stays bounded', async () => {
    const handler = createHandler(server.llm);
    const bare = createServer(async (incoming, outgoing) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const response = await handler(new Request(`http://x${incoming.url}`, { method: 'POST', body: Buffer.concat(chunks) }));
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      outgoing.end(await response.text());
    });
    await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
    const openai = new OpenAI({ apiKey: 'x', baseURL: `http://127.0.0.1:${(bare.address() as AddressInfo).port}/v1` });
    const answered = await openai.chat.completions.create({ model: MODEL, messages });
    expect(answered.choices[0]?.message.content).toBe('Hello from the mock server.');
    bare.close();
    bare.closeAllConnections();
  });
});
