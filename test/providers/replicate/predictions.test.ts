import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallOptions, ClientOptions, LLMClient } from '../../../src/index.ts';
import { createClient, timeout } from '../../../src/index.ts';
import { fakeClock } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';

interface Seen {
  readonly line: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Record<string, unknown>;
}
type Answer = (response: ServerResponse, seen: Seen) => void;

const servers: Server[] = [];
const clients: LLMClient[] = [];
let seen: Seen[];
let answers: Record<string, Answer[]>;
let origin: string;

/** Answers per method and path, the last one again and again. */
async function serve(): Promise<string> {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (part) => {
      text += part;
    });
    request.on('end', () => {
      const line = `${request.method} ${request.url}`;
      const entry = { line, headers: request.headers, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
      seen.push(entry);
      const queue = answers[line] ?? [];
      const next = queue.length > 1 ? queue.shift() : queue[0];
      if (next === undefined) response.writeHead(404).end('{"detail":"no such route"}');
      else next(response, entry);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeEach(async () => {
  seen = [];
  answers = {};
  origin = await serve();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

function client(options: ClientOptions = {}): LLMClient {
  const made = createClient({
    use: [],
    ...options,
    providers: { replicate: { apiKey: 'r8_secret', baseURL: `${origin}/v1` } },
  });
  clients.push(made);
  return made;
}

const json =
  (status: number, body: object, headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

const events =
  (...blocks: string[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const block of blocks) response.write(`${block}\n\n`);
    response.end();
  };

const job = (status: string, more: object = {}): object => ({ id: 'p1', status, output: null, error: null, urls: {}, ...more });
const streaming = (at = origin): object =>
  job('starting', { urls: { stream: `${at}/streams/p1`, get: 'http://evil.invalid/steal' } });

const CREATE = 'POST /v1/models/meta/llama/predictions';
const GET = 'GET /v1/predictions/p1';
const CANCEL = 'POST /v1/predictions/p1/cancel';
const STREAM = 'GET /streams/p1';

const chat = { model: 'replicate/meta/llama', messages: [{ role: 'user' as const, content: 'Hi' }] };
const lines = (): string[] => seen.map(({ line }) => line);

async function read(llm: LLMClient, options: CallOptions = {}): Promise<string> {
  let text = '';
  for await (const chunk of await llm.chat.completions.create({ ...chat, stream: true }, options)) {
    text += chunk.choices[0]?.delta.content ?? '';
  }
  return text;
}

/** Runs the client's clock while a promise is pending. */
async function hurried<T>(clock: ReturnType<typeof fakeClock>, promise: PromiseLike<T>): Promise<T> {
  const advancing = setInterval(() => void clock.advance(500), 3);
  try {
    return await promise;
  } finally {
    clearInterval(advancing);
  }
}

describe('a prediction that is waited for', () => {
  it('asks to wait, then polls until its end, through failures of the polls', async () => {
    answers[CREATE] = [json(202, job('processing', { output: ['par'] }))];
    answers[GET] = [
      json(200, job('processing', { output: ['par', 'tial'] })),
      json(503, { detail: 'busy' }),
      json(429, { detail: 'Request was throttled.', retry_after: 2 }),
      json(200, job('succeeded', { output: ['whole', ' answer'], created_at: '2026-01-02T03:04:05Z' })),
    ];
    const clock = fakeClock();
    const reply = await hurried(clock, client({ clock }).chat.completions.create(chat));
    expect(reply).toMatchObject({
      id: 'p1',
      created: 1767323045,
      choices: [{ message: { content: 'whole answer' }, finish_reason: 'stop' }],
    });
    expect(reply.usage).toBeUndefined();
    expect(lines()).toEqual([CREATE, GET, GET, GET, GET]);
    expect(seen[0]?.headers).toMatchObject({ prefer: 'wait', authorization: 'Bearer r8_secret' });
    expect(seen.every(({ headers }) => headers.host === seen[0]?.headers.host)).toBe(true);
  });

  it('fails when the prediction fails, without its input', async () => {
    const input = { prompt: 'a private prompt' };
    answers[CREATE] = [json(201, job('starting'))];
    answers[GET] = [json(200, job('failed', { error: 'model crashed', output: ['half'], input, logs: 'a private prompt' }))];
    const error = await rejection(client().chat.completions.create(chat));
    expect(error).toMatchObject({ kind: 'internal_server', reason: 'model crashed', requestID: 'p1', status: 500 });
    expect(JSON.stringify(error)).not.toContain('private');
    expect(lines()).toEqual([CREATE, GET]);
  });

  it.each(['canceled', 'aborted'])('is an error when somebody else had it %s', async (status) => {
    answers[CREATE] = [json(201, job(status))];
    expect(await rejection(client().chat.completions.create(chat))).toMatchObject({ kind: 'connection', retryable: false });
  });

  it('is cancelled at an abort and at a limit, which the service knows too', async () => {
    answers[CREATE] = [json(201, job('starting'))];
    answers[GET] = [json(200, job('processing'))];
    answers[CANCEL] = [json(200, job('canceled'))];
    const aborter = new AbortController();
    const aborted = rejection(client().chat.completions.create(chat, { signal: aborter.signal }));
    await expect.poll(lines).toContain(GET);
    aborter.abort();
    expect(await aborted).toMatchObject({ kind: 'aborted' });
    await expect.poll(lines).toContain(CANCEL);

    seen.length = 0;
    const limited = client({ use: [timeout({ attempt: 300 })] });
    const error = await rejection(limited.chat.completions.create(chat));
    expect(error).toMatchObject({ kind: 'timeout', phase: 'attempt', details: { limitMs: 300 } });
    expect(seen[0]?.headers['cancel-after']).toBe('5s');
    await expect.poll(lines).toContain(CANCEL);
  });

  it('addresses official models, versions and deployments', async () => {
    const done = json(201, job('succeeded', { output: 'ok' }));
    const hex = 'ab'.repeat(32);
    answers['POST /v1/predictions'] = [done];
    answers['POST /v1/deployments/me/mine/predictions'] = [done];
    const llm = client();
    for (const model of [`meta/llama:${hex}`, hex, 'deployments/me/mine']) {
      await llm.chat.completions.create({ ...chat, model: `replicate/${model}` });
    }
    expect(seen.map(({ body }) => body.version)).toEqual([hex, hex, undefined]);
    expect(await rejection(llm.chat.completions.create({ ...chat, model: 'replicate/a/b/c' }))).toMatchObject({
      kind: 'bad_request',
      param: 'model',
    });
    expect(seen).toHaveLength(3);
  });

  it('turns the conversation and the parameters into inputs', async () => {
    answers[CREATE] = [json(201, job('succeeded', { output: { label: 1 } }))];
    const llm = client();
    const reply = await llm.chat.completions.create({
      ...chat,
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'One' },
        { role: 'assistant', content: 'Two' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Three' },
            { type: 'image_url', image_url: { url: 'https://x.test/a.png' } },
          ],
        },
      ],
      max_completion_tokens: 9,
      temperature: 0.5,
      stop: ['END', 'STOP'],
      seed: 3,
      providerOptions: { replicate: { input: { min_tokens: 2, seed: null } } },
    });
    expect(reply.choices[0]?.message.content).toBe('{"label":1}');
    expect(seen[0]?.body).toEqual({
      input: {
        system_prompt: 'Be short.',
        prompt: 'User: One\n\nAssistant: Two\n\nUser: Three\n\nAssistant:',
        image: 'https://x.test/a.png',
        max_tokens: 9,
        temperature: 0.5,
        stop_sequences: 'END,STOP',
        min_tokens: 2,
      },
    });
    const comma = await rejection(llm.chat.completions.create({ ...chat, stop: 'a,b' }));
    expect(comma).toMatchObject({ kind: 'unsupported_params', param: 'stop' });
  });
});

describe('a prediction that is followed', () => {
  it('joins lines, ignores logs and keeps the key to itself', async () => {
    answers[CREATE] = [json(201, streaming())];
    answers[STREAM] = [
      events(
        'event: logs\ndata: loading',
        'event: output\nid: 1:0\ndata: Once upon',
        'event: output\nid: 2:0\ndata:  a time\ndata: \ndata: there was',
        'event: done\ndata: {}',
      ),
    ];
    answers[GET] = [json(200, job('succeeded', { metrics: { input_token_count: 3, output_token_count: 7 } }))];
    const llm = client({ headers: { 'x-api-key': 'another secret' } });
    const stream = await llm.chat.completions.create({ ...chat, stream: true, stream_options: { include_usage: true } });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Once upon a time\n\nthere was');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 10 } });
    expect(stream.route.usage?.total_tokens).toBe(10);
    expect(seen[0]?.headers).not.toHaveProperty('prefer');
    const fetched = seen.find(({ line }) => line === STREAM);
    expect(fetched?.headers).not.toHaveProperty('authorization');
    expect(fetched?.headers).not.toHaveProperty('x-api-key');
    expect(fetched?.headers.accept).toBe('text/event-stream');
  });

  it('is polled where no stream is named, or only one on a foreign origin', async () => {
    const foreign = await serve();
    for (const created of [job('starting'), streaming(foreign), streaming('https://stream.replicate.com.evil.invalid')]) {
      answers = { [CREATE]: [json(201, created)], [GET]: [json(200, job('succeeded', { output: ['polled'] }))] };
      seen.length = 0;
      expect(await read(client())).toBe('polled');
      expect(lines()).toEqual([CREATE, GET]);
    }
  });

  it('raises from the prediction when the stream says that it failed', async () => {
    const bad = json(200, job('failed', { error: 'flagged as sensitive (E005)' }));
    answers = { [CREATE]: [json(201, streaming())], [GET]: [bad], [STREAM]: [events('event: done\ndata: {"reason":"error"}')] };
    expect(await rejection(read(client()))).toMatchObject({ kind: 'content_policy_violation', requestID: 'p1' });
    answers[STREAM] = [events('event: output\ndata: Hi', 'event: error\ndata: {"detail":"boom"}')];
    expect(await rejection(read(client()))).toMatchObject({ kind: 'content_policy_violation', partial: { content: 'Hi' } });
  });

  it('is completed from the prediction when the stream broke but the prediction did not', async () => {
    const whole = json(200, job('succeeded', { output: ['Once', ' upon', ' a time'] }));
    answers = { [CREATE]: [json(201, streaming())], [GET]: [whole], [STREAM]: [events('event: output\ndata: Once')] };
    expect(await read(client())).toBe('Once upon a time');
    answers[STREAM] = [(response) => response.destroy()];
    expect(await read(client())).toBe('Once upon a time');
    answers[STREAM] = [events('event: output\ndata: Something else')];
    expect(await rejection(read(client()))).toMatchObject({ kind: 'stream_interrupted', partial: { content: 'Something else' } });
  });

  it('is cancelled when it is left, aborted or silent', async () => {
    const stalled: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: output\ndata: Hi\n\n');
    };
    answers = { [CREATE]: [json(201, streaming())], [GET]: [json(200, job('processing'))], [STREAM]: [stalled] };
    const cancelled = async (): Promise<void> => {
      await expect.poll(lines).toContain(CANCEL);
      seen.length = 0;
    };
    for await (const _ of await client().chat.completions.create({ ...chat, stream: true })) break;
    await cancelled();
    const aborter = new AbortController();
    const stream = await client().chat.completions.create({ ...chat, stream: true }, { signal: aborter.signal });
    for await (const _ of stream) aborter.abort();
    await cancelled();
    const silent = await rejection(read(client({ use: [timeout({ idle: 60 })] })));
    expect(silent).toMatchObject({ kind: 'timeout', phase: 'idle', partial: { content: 'Hi' } });
    await cancelled();
  });
});
