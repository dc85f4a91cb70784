import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LLMClient, ProviderSettings } from 'holdfast';
import { createClient, InsufficientCreditsError, isLLMError, retry } from 'holdfast';
import { fakeClock } from 'holdfast/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rejection } from '../support/client.ts';
import { parrot, patientChat } from './parrot.ts';

// A provider that is written with the public exports alone, as docs/own-provider.md does it, over real sockets.

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let server: Server;
let origin: string;
let answer: Answer;
const clients: LLMClient[] = [];
const seen: { method: string; path: string; headers: IncomingMessage['headers']; body: unknown }[] = [];

beforeEach(async () => {
  seen.length = 0;
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      seen.push({ method, path, headers, body: body === '' ? undefined : JSON.parse(body) });
      answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  server.closeAllConnections();
  server.close();
});

function client(settings: ProviderSettings = {}, options: object = {}): LLMClient {
  const own = parrot({ apiKey: 'cracker', baseURL: `${origin}/v1`, ...settings });
  const made = createClient({ use: [], ...options, providers: { parrot: own } });
  clients.push(made);
  return made;
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

const chat = { model: 'parrot/grey', messages: [{ role: 'user' as const, content: 'Polly?' }] };

describe('a provider of one’s own', () => {
  it('chats', async () => {
    answer = json(200, { said: 'Polly!', tokens: [3, 2] });
    const reply = await client().chat.completions.create(chat);
    expect(reply.choices[0]?.message.content).toBe('Polly!');
    expect(reply.usage?.total_tokens).toBe(5);
    expect(reply.route).toMatchObject({ provider: 'parrot', model: 'grey', attempts: [{ outcome: 'success', status: 200 }] });
    expect(seen).toMatchObject([
      {
        method: 'POST',
        path: '/v1/say',
        headers: { authorization: 'Bearer cracker' },
        body: { bird: 'grey', lines: [{ by: 'user', text: 'Polly?' }], stream: false },
      },
    ]);
  });

  it('streams, and tells usage to those who ask', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (const line of [{ said: 'Pol' }, { said: 'ly!' }, { tokens: [3, 2] }]) response.write(`${JSON.stringify(line)}\n`);
      response.end();
    };
    const stream = await client().chat.completions.create({ ...chat, stream: true, stream_options: { include_usage: true } });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Polly!');
    expect(chunks.at(-1)?.usage?.total_tokens).toBe(5);
    expect(stream.route.usage).toMatchObject({ prompt_tokens: 3 });
  });

  it('fails with the classes of the library, by its own rules and by the shared ones', async () => {
    const llm = client();
    const failing = async (given: Answer): Promise<unknown> => {
      answer = given;
      return rejection(llm.chat.completions.create(chat));
    };
    const hungry = await failing(json(400, { problem: { code: 'HUNGRY', text: 'no crackers left for key cracker' } }));
    expect(hungry).toBeInstanceOf(InsufficientCreditsError);
    expect(hungry).toMatchObject({ provider: 'parrot', model: 'grey', status: 400, retryable: false });
    expect(JSON.stringify(hungry) + String(hungry)).not.toContain('cracker"');
    expect(await failing(json(200, { problem: { code: 'TOO_LONG', text: 'too many lines' } }))).toMatchObject({
      kind: 'context_window_exceeded',
      status: 400,
    });
    expect(await failing(json(429, {}, { 'retry-after': '2' }))).toMatchObject({ kind: 'rate_limit', retryAfterMs: 2000 });
    expect(await failing(json(200, [1]))).toSatisfy((error) => isLLMError(error, 'response_validation'));
    expect(await failing((_, response) => response.destroy())).toMatchObject({ kind: 'connection', retryable: true });
    expect(await rejection(llm.embeddings.create({ model: 'parrot/grey', input: 'x' }))).toMatchObject({
      kind: 'unsupported_operation',
    });
    const keyless = await rejection(client({ apiKey: '' }).chat.completions.create(chat));
    expect(keyless).toMatchObject({ kind: 'configuration', message: expect.stringContaining('PARROT_API_KEY') });
  });

  it('loses a stream as every provider does', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write('{"said":"Pol"}\n');
      setTimeout(() => response.destroy(), 10);
    };
    const stream = await client().chat.completions.create({ ...chat, stream: true });
    const error = await rejection(
      (async () => {
        for await (const _ of stream);
      })(),
    );
    expect(error).toMatchObject({ kind: 'stream_interrupted', partial: { content: 'Pol' } });
  });

  it('is retried like every provider', async () => {
    const clock = fakeClock();
    let calls = 0;
    answer = (...given) => (++calls === 1 ? json(503, {}) : json(200, { said: 'Back', tokens: [1, 1] }))(...given);
    const running = client({}, { clock, use: [retry({ maxRetries: 1 })] }).chat.completions.create(chat);
    const advancing = setInterval(() => void clock.advance(2000), 5);
    expect((await running).choices[0]?.message.content).toBe('Back');
    clearInterval(advancing);
  });
});

describe('an operation of several exchanges', () => {
  const patient = (options: object = {}): LLMClient => {
    const made = createClient({
      use: [],
      ...options,
      providers: {
        slow: {
          id: 'slow',
          settings: { baseURL: origin },
          create(context) {
            const wire = context.connect({ baseURL: origin, secrets: [] });
            return { id: context.id, wire, operations: { chat: patientChat(wire) } };
          },
        },
      },
    });
    clients.push(made);
    return made;
  };

  it('waits for its job', async () => {
    let asked = 0;
    const message = { role: 'assistant', content: 'At last.', refusal: null };
    const reply = {
      id: 'r',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message, finish_reason: 'stop' }],
    };
    answer = (...given) => json(200, ++asked < 3 ? { id: 'j1' } : { id: 'j1', reply })(...given);
    const clock = fakeClock();
    const running = patient({ clock }).chat.completions.create({ ...chat, model: 'slow/one' });
    const advancing = setInterval(() => void clock.advance(500), 5);
    expect((await running).choices[0]?.message.content).toBe('At last.');
    clearInterval(advancing);
    expect(seen.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /jobs', 'GET /jobs/j1', 'GET /jobs/j1']);
  });

  it.each([
    ['an abort', 'aborted'],
    ['a deadline', 'timeout'],
  ])('is ended by %s in the middle of a wait, and the job with it', async (_, kind) => {
    answer = json(200, { id: 'j2' });
    const aborter = new AbortController();
    const call = patient().chat.completions.create(
      { ...chat, model: 'slow/one' },
      kind === 'aborted' ? { signal: aborter.signal } : { deadline: 100 },
    );
    const failed = rejection(call);
    await expect.poll(() => seen.length).toBeGreaterThan(0);
    if (kind === 'aborted') aborter.abort();
    expect(await failed).toMatchObject({ kind, ...(kind === 'timeout' ? { phase: 'deadline' } : {}) });
    await expect.poll(() => seen.at(-1)).toMatchObject({ method: 'DELETE', path: '/jobs/j2' });
  });
});
