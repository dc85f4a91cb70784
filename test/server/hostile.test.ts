import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import OpenAI, { AzureOpenAI, toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Middleware } from '../../src/index.ts';
import { createClient, RateLimitError } from '../../src/index.ts';
import { asFetch } from '../../src/openai/index.ts';
import { createHandler, nodeListener } from '../../src/server/index.ts';
import { fault, reply } from '../../src/testing/index.ts';
import type { BatchServer } from '../support/batch-server.ts';
import { lineOf, MODEL, startBatchServer } from '../support/batch-server.ts';
import { until } from '../support/chained.ts';
import { rejectionOf } from '../support/layered.ts';

let server: BatchServer;

beforeAll(async () => {
  server = await startBatchServer({ handler: { models: { fast: MODEL } } });
});
afterAll(() => server.close());

const messages = [{ role: 'user' as const, content: 'Hi' }];

/** What the server writes for these bytes, until it ends the connection. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(server.origin).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes.toString();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

const ask = (method: string, target: string, more = ''): Promise<string> =>
  raw(`${method} ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${more}\r\n`);

const form = (...parts: string[]): Promise<string> => {
  const body = `${parts.map((part) => `--x\r\ncontent-disposition: form-data; ${part}\r\n`).join('')}--x--\r\n`;
  return ask(
    'POST',
    '/v1/files',
    `content-type: multipart/form-data; boundary=x\r\ncontent-length: ${body.length}\r\n`.concat(`\r\n${body}`),
  );
};

function sent(answer: string): { status: number; error: Record<string, unknown> } {
  const status = Number(answer.slice(9, 12));
  const { error } = JSON.parse(/\{.*\}/s.exec(answer)?.[0] ?? '{}');
  return { status, error };
}

describe('requests that are not meant well', () => {
  it.each([
    ['TRACE', '/health', 400, null],
    ['OPTIONS', '*', 404, 'unknown_url'],
    ['OPTIONS', '/v1/models', 405, 'method_not_allowed'],
    ['DELETE', '/v1/models', 405, 'method_not_allowed'],
    ['GET', '//v1/models', 404, 'unknown_url'],
    ['GET', '/v1/models/', 404, 'unknown_url'],
    ['GET', '/v1/files/..%2f..%2fetc', 404, null],
    ['GET', '/v1/files/%zz', 404, null],
    ['GET', '/v1/files/%00', 404, null],
    ['GET', '/v1/models/__proto__', 404, 'model_not_found'],
    ['GET', '/v1/models/constructor', 404, 'model_not_found'],
    ['GET', '/v1/batches?limit=1e99', 400, 'invalid_value'],
    ['GET', '/v1/batches?limit=0', 400, 'invalid_value'],
    ['GET', '/v1/files?order=sideways', 400, 'invalid_value'],
  ])('%s %s', async (method, target, status, code) => {
    const answer = sent(await ask(method, target));
    expect(answer).toEqual({
      status,
      error: { message: expect.any(String), type: 'invalid_request_error', param: answer.error.param, code },
    });
    expect(await (await fetch(`${server.origin}/health`)).json()).toEqual({ status: 'ok' });
  });

  it('a whole address instead of a path, as proxies are asked', async () => {
    expect(await ask('GET', 'http://elsewhere.example/health')).toMatch(/^HTTP\/1\.1 200 OK.*"status":"ok"/s);
  });

  it('HEAD is answered without a body', async () => {
    expect(await ask('HEAD', '/health')).toMatch(/^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)+\r\n$/);
  });

  it('a length beyond the limit is refused before anything is read, and the connection ends', async () => {
    const answer = await raw('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n');
    expect(sent(answer)).toMatchObject({ status: 413, error: { code: 'request_too_large' } });
    expect(answer).toMatch(/connection: close/i);
  });

  it('a connection serves on after a refusal whose request was read', async () => {
    const answer = await raw(
      'POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400', 'HTTP/1.1 200']);
  });

  it.each([
    ['__proto__ among the parameters', `"__proto__":{"polluted":1}`, 400],
    ['__proto__ deeper', `"providerOptions":{"anthropic":{"__proto__":{"polluted":1}}}`, 200],
    ['half a character in the name of a model', `"model":"openai/\\ud800"`, 200],
    ['a name that every object has', `"model":"constructor"`, 404],
    ['a name of a hundred thousand letters', `"model":"${'a'.repeat(100_000)}"`, 404],
  ])('%s', async (_, member, status) => {
    const body = `{"model":"fast","messages":[{"role":"user","content":"Hi"}],${member}}`;
    const response = await fetch(`${server.origin}/v1/chat/completions`, { method: 'POST', body });
    expect(response.status).toBe(status);
    expect((await response.text()).length).toBeLessThan(2000);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it.each([
    [
      'no boundary',
      () => ask('POST', '/v1/files', 'content-type: multipart/form-data\r\ncontent-length: 3\r\n\r\n--x'),
      'InvalidBoundary',
    ],
    ['a thousand parts', () => form(...Array<string>(1000).fill('name="a"\r\n\r\nv')), 'ReachedLimit'],
    ['a name as long as a book', () => form(`name="file"; filename="${'a'.repeat(200_000)}"\r\n\r\n{}`), 'BadHeaders'],
    ['a field as long as a book', () => form(`name="purpose"\r\n\r\n${'a'.repeat(200_000)}`), 'ReachedLimit'],
  ])('a form with %s', async (_, send, reason) => {
    expect(sent(await send())).toMatchObject({
      status: 400,
      error: { message: `The form could not be read (${reason}).`, type: 'invalid_request_error', param: 'file', code: null },
    });
  });

  it('of fields that come twice the last counts, of files the first', async () => {
    const file = (name: string): string => `name="file"; filename="${name}"\r\n\r\n{}`;
    const answer = await form(
      'name="purpose"\r\n\r\nparty',
      file('../../a.jsonl'),
      file('b.jsonl'),
      'name="purpose"\r\n\r\nbatch',
    );
    expect(JSON.parse(/\{.*\}/s.exec(answer)?.[0] ?? '')).toMatchObject({ filename: 'a.jsonl', bytes: 2, purpose: 'batch' });
  });
});

describe('what a header can not carry', () => {
  it('is not sent: an id of the provider with line ends', async () => {
    const failing: Middleware = async () => {
      throw new RateLimitError({ message: 'no', status: 429, requestID: 'a\r\nset-cookie: b' });
    };
    const llm = createClient({ use: [failing] });
    const body = JSON.stringify({ model: 'openai/m', messages });
    const response = await createHandler(llm)(new Request('http://x/v1/chat/completions', { method: 'POST', body }));
    expect(response.status).toBe(429);
    expect(response.headers.get('x-request-id')).toMatch(/^[\w-]+$/);
    await llm.close();
  });
});

describe('the listener', () => {
  it('ends a connection whose handler rejects, or answers what can not be sent', async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('broken')) });
    for (const answer of [() => Promise.reject(new Error('no')), async () => new Response(broken)]) {
      const bare = createServer(nodeListener(answer)).listen(0, '127.0.0.1');
      await new Promise((resolve) => bare.once('listening', resolve));
      const asked = fetch(`http://127.0.0.1:${(bare.address() as AddressInfo).port}/`).then((response) => response.text());
      expect(await rejectionOf(asked)).toBeInstanceOf(TypeError);
      bare.close();
    }
  });

  it('lets go of a body whose reader left, before it began and in the middle', async () => {
    for (const before of [true, false]) {
      let cancelled = 0;
      let come: () => void = () => {};
      const arrived = new Promise<void>((resolve) => {
        come = resolve;
      });
      let answer: (response: Response) => void = () => {};
      const body = new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(1000)),
        cancel: () => void cancelled++,
      });
      const bare = createServer(
        nodeListener(() => {
          come();
          return new Promise((resolve) => {
            answer = resolve;
          });
        }),
      ).listen(0, '127.0.0.1');
      await new Promise((resolve) => bare.once('listening', resolve));
      const socket = connect((bare.address() as AddressInfo).port, '127.0.0.1', () =>
        socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'),
      );
      await arrived;
      if (before) {
        const gone = new Promise((resolve) => bare.once('connection', resolve));
        socket.destroy();
        // the server has seen it when it takes the next one
        const next = connect((bare.address() as AddressInfo).port, '127.0.0.1');
        next.on('connect', () => next.destroy());
        await gone;
        await new Promise(setImmediate);
      }
      answer(new Response(body));
      if (!before) {
        await new Promise((resolve) => socket.once('data', resolve));
        socket.destroy();
      }
      await until(() => cancelled === 1);
      bare.close();
    }
  });
});

describe('asFetch', () => {
  const client = (): OpenAI =>
    new OpenAI({ apiKey: 'unused', baseURL: 'https://nowhere.example/api/v1', maxRetries: 0, fetch: asFetch(server.llm) });

  it('takes uploads and runs batches', async () => {
    const openai = client();
    const text = JSON.stringify(lineOf('a'));
    const file = await openai.files.create({ file: await toFile(Buffer.from(text), 'a.jsonl'), purpose: 'batch' });
    expect(await (await openai.files.content(file.id)).text()).toBe(text);
    const endpoint = '/v1/chat/completions';
    const batch = await openai.batches.create({ input_file_id: file.id, endpoint, completion_window: '24h' });
    expect(await server.ended(batch)).toMatchObject({ status: 'completed', request_counts: { completed: 1 } });
    expect(await openai.files.delete(file.id)).toMatchObject({ deleted: true });
  });

  it('understands the paths of Azure and of bases that end in "models"', async () => {
    const fetch = asFetch(server.llm);
    const azure = new AzureOpenAI({
      apiKey: 'k',
      endpoint: 'https://x.openai.azure.com',
      apiVersion: '2025-01-01',
      maxRetries: 0,
      fetch,
    });
    const foundry = new OpenAI({ apiKey: 'k', baseURL: 'https://x.services.ai.azure.com/models', maxRetries: 0, fetch });
    for (const openai of [azure, foundry]) {
      const answer = await openai.chat.completions.create({ model: MODEL, messages });
      expect(answer.choices[0]?.message.content).toBe('Hello from the mock server.');
    }
  });

  it('rejects for a signal that has aborted, and passes one on whatever the garbage collector took', async () => {
    const fetch = asFetch(server.llm);
    const body = JSON.stringify({ model: 'openai/gpt-5-mini', messages, stream: true });
    const url = 'https://x.example/v1/chat/completions';
    const reason = new Error('enough');
    expect(await rejectionOf(fetch(url, { method: 'POST', body, signal: AbortSignal.abort(reason) }))).toBe(reason);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const stop = new AbortController();
    server.mock.enqueue('openai', fault.stall(1));
    const response = await fetch(url, { method: 'POST', body, signal: stop.signal });
    const outcome = new Promise((resolve) => server.llm.on('call-ended', resolve));
    for (let i = 0; i < 3; i++) {
      await new Promise(setImmediate);
      collect();
    }
    stop.abort();
    await outcome;
    await response.body?.cancel().catch(() => {});
  });
});

describe('parameters', () => {
  it('go to the provider as they come', async () => {
    server.mock.enqueue('openai', reply('one'));
    const params = {
      n: 1,
      seed: 7,
      tools: [{ type: 'function', function: { name: 'add', parameters: { type: 'object' } } }],
      tool_choice: 'none',
      response_format: { type: 'json_object' },
      metadata: { a: 'b' },
      user: 'u',
    };
    const body = JSON.stringify({ model: 'openai/gpt-4o-mini', messages, ...params });
    const response = await fetch(`${server.origin}/v1/chat/completions`, { method: 'POST', body });
    expect(response.status).toBe(200);
    expect(server.mock.requests.at(-1)?.body).toMatchObject(params);
  });
});
