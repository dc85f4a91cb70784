import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions, LLMClient } from '../../../src/index.ts';
import { createClient, openaiCompatible, retry, timeout } from '../../../src/index.ts';
import type { FakeClock, Fault, MockServer } from '../../../src/testing/index.ts';
import { fakeClock, fault, reply, startMockServer } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';

const KEY = 'nvapi-key-0123456789';
const ID = '9b0c1d2e-aaaa-4bbb-8ccc-0123456789ab';
const messages = [{ role: 'user' as const, content: 'hi' }];
const NVIDIA = { model: 'nvidia_nim/meta/llama-3.3-70b-instruct', messages };
const XAI = { model: 'xai/grok-4', messages, providerOptions: { xai: { deferred: true } } };

let clock: FakeClock;
let mock: MockServer;
const clients: LLMClient[] = [];

function clientOf(options: ClientOptions = {}): LLMClient {
  const at = (id: string) => ({ apiKey: KEY, baseURL: mock.baseURL(id) });
  const client = createClient({
    use: [],
    clock,
    ...options,
    providers: { nvidia_nim: at('nvidia_nim'), xai: at('xai'), ...options.providers },
  });
  clients.push(client);
  return client;
}

/** When the server was asked, since the first request. */
const times = () => mock.requests.map(({ at }) => at - (mock.requests[0]?.at ?? 0));
/** What it was asked, and when. */
const asked = () => mock.requests.map(({ method, path }, i) => `${times()[i]} ${method} ${path.replace(/\/\w+-[\w-]+$/, '/ID')}`);
/** The first request is there: what it needed is loaded. */
const posted = () => expect.poll(() => mock.requests.length).toBe(1);

beforeEach(async () => {
  clock = fakeClock();
  mock = await startMockServer({ clock });
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await mock.close();
});

/** Runs the clock until the promise has settled. */
async function hurried<T>(promise: PromiseLike<T>): Promise<T> {
  let over = false;
  const settled = Promise.resolve(promise).finally(() => {
    over = true;
  });
  settled.catch(() => {});
  for (let i = 0; !over && i < 5000; i++) await clock.advance(250);
  return settled;
}

const textOf = (answer: { readonly choices: readonly { readonly message: { readonly content: string | null } }[] }) =>
  answer.choices[0]?.message.content;

async function streamed(llm: LLMClient, request: typeof NVIDIA | typeof XAI): Promise<string> {
  let text = '';
  for await (const chunk of await llm.chat.completions.create({ ...request, stream: true }))
    text += chunk.choices[0]?.delta.content ?? '';
  return text;
}

const accepted = (headers: Record<string, string>, body: unknown = ''): Fault => fault.status(202, body, headers);

describe('an answer that comes later', () => {
  it('is asked for at NVIDIA by the id of the header, with waits that grow to ten seconds', async () => {
    const llm = clientOf();
    mock.enqueue('nvidia_nim', ...Array.from({ length: 12 }, () => fault.later()), reply('At last.'));
    const answer = await hurried(llm.chat.completions.create(NVIDIA));
    expect(textOf(answer)).toBe('At last.');
    expect(answer.route.attempts).toMatchObject([{ number: 1, outcome: 'success', durationMs: expect.any(Number) }]);
    const waits = times().map((at, i, all) => Math.ceil(at - (all[i - 1] ?? at)));
    expect(waits).toEqual([0, 500, 750, 1125, 1688, 2532, 3797, 5696, 8543, 10_000, 10_000, 10_000, 10_000]);
    expect(asked()[0]).toBe('0 POST /v1/chat/completions');
    expect(asked()[1]).toBe('500 GET /v1/status/ID');
    expect(new Set(mock.requests.slice(1).map(({ path }) => path)).size).toBe(1);
    expect(mock.requests[1]).toMatchObject({ headers: { authorization: 'Bearer [redacted]' }, body: '' });
  });

  it('is asked for at xAI by the id of the body', async () => {
    const llm = clientOf();
    mock.enqueue('xai', fault.later(), fault.later(), fault.later(), reply({ text: 'Deferred.', reasoning: 'Hm.' }));
    const answer = await hurried(llm.chat.completions.create(XAI));
    expect(answer.choices[0]?.message).toMatchObject({ content: 'Deferred.', reasoning_content: 'Hm.' });
    expect(mock.requests[0]?.body).toMatchObject({ deferred: true, model: 'grok-4' });
    const get = 'GET /v1/chat/deferred-completion/ID';
    expect(asked()).toEqual(['0 POST /v1/chat/completions', `500 ${get}`, `1250 ${get}`, `2375 ${get}`]);
  });

  it('is what the mock of xAI gives to `deferred` by itself, and only once', async () => {
    const llm = clientOf();
    mock.enqueue('xai', 'Once.');
    expect(textOf(await hurried(llm.chat.completions.create(XAI)))).toBe('Once.');
    expect(mock.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
    const again = await fetch(`${mock.baseURL('xai')}${mock.requests[1]?.path.replace('/v1', '')}`, {
      headers: { authorization: 'Bearer k' },
    });
    expect(again.status).toBe(404);
  });

  it.each([
    ['200 and the id alone, as xAI has it in its specification', fault.status(200, { request_id: ID })],
    ['202 and more than the id', accepted({}, { request_id: ID, status: 'pending' })],
  ])('is recognised by %s', async (_, first) => {
    const llm = clientOf();
    const done = fault.status(200, { id: 'x', choices: [{ message: { content: 'yes' }, finish_reason: 'stop' }] });
    const fetched: string[] = [];
    const routed = createClient({
      use: [],
      clock,
      providers: { xai: { apiKey: KEY, baseURL: 'https://xai.example/v1' } },
      fetch: async (input) => {
        const url = String(input instanceof Request ? input.url : input);
        fetched.push(url);
        const item = (fetched.length === 1 ? first : done) as Extract<Fault, { name: 'status' }>;
        return Response.json(item.body, { status: item.status });
      },
    });
    clients.push(routed, llm);
    expect(textOf(await hurried(routed.chat.completions.create(XAI)))).toBe('yes');
    expect(fetched).toEqual(['https://xai.example/v1/chat/completions', `https://xai.example/v1/chat/deferred-completion/${ID}`]);
  });

  it('may be a text or vectors too', async () => {
    const llm = clientOf();
    mock.enqueue('nvidia_nim', fault.later(), 'A text.', fault.later(), reply());
    const text = await hurried(llm.completions.create({ model: 'nvidia_nim/m', prompt: 'x' }));
    expect(text.choices[0]?.text).toBe('A text.');
    const vectors = await hurried(llm.embeddings.create({ model: 'nvidia_nim/e', input: ['a', 'b'] }));
    expect(vectors.data).toHaveLength(2);
    expect(asked().map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'POST /v1/completions',
      'GET /v1/status/ID',
      'POST /v1/embeddings',
      'GET /v1/status/ID',
    ]);
  });

  it('does not come at other hosts: there a 202 is no answer', async () => {
    const provider = openaiCompatible({ baseURL: mock.baseURL('mine'), apiKey: KEY });
    const llm = clientOf({ providers: { mine: provider } });
    mock.enqueue('mine', accepted({ 'nvcf-reqid': ID }, {}));
    expect(await rejection(llm.chat.completions.create({ model: 'mine/m', messages }))).toMatchObject({
      kind: 'response_validation',
    });
    expect(mock.requests).toHaveLength(1);
  });

  it('comes at once as ever, with the id in a header all the same', async () => {
    const llm = clientOf();
    const body = { id: 'x', choices: [{ message: { content: 'now' }, finish_reason: 'stop' }] };
    mock.enqueue('nvidia_nim', fault.status(200, body, { 'nvcf-reqid': ID, 'nvcf-status': 'fulfilled' }));
    const { data, request_id } = await llm.chat.completions.create(NVIDIA).withResponse();
    expect([textOf(data), request_id]).toEqual(['now', ID]);
    mock.enqueue('nvidia_nim', accepted({ 'nvcf-reqid': ID }, body));
    expect(textOf(await llm.chat.completions.create(NVIDIA))).toBe('now');
    expect(mock.requests).toHaveLength(2);
  });

  it('is looked for after the wait that the 202 names, a minute at most', async () => {
    const llm = clientOf();
    mock.enqueue('nvidia_nim', fault.later(), accepted({ 'retry-after': '7' }), accepted({ 'retry-after': '3600' }), 'Patience.');
    expect(textOf(await hurried(llm.chat.completions.create(NVIDIA)))).toBe('Patience.');
    expect(times()).toEqual([0, 500, 7500, 67_500]);
  });
});

describe('a stream whose answer comes later', () => {
  it('is the whole answer in pieces', async () => {
    const llm = clientOf();
    mock.enqueue('nvidia_nim', fault.later(), fault.later(), reply({ text: 'In pieces.', reasoning: 'Hm.' }));
    expect(await hurried(streamed(llm, NVIDIA))).toBe('In pieces.');
    mock.enqueue('xai', fault.later(), fault.later(), reply('Deferred.'));
    expect(await hurried(streamed(llm, XAI))).toBe('Deferred.');
    expect(mock.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET', 'POST', 'GET', 'GET']);
  });

  it('may stream after all', async () => {
    const llm = clientOf();
    const event = (delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ id: 'c', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    const events = `${event({ content: 'Str' })}${event({ content: 'eamed.' })}${event({}, 'stop')}data: [DONE]\n\n`;
    mock.enqueue('nvidia_nim', fault.later(), fault.status(200, events, { 'content-type': 'text/event-stream' }));
    expect(await hurried(streamed(llm, NVIDIA))).toBe('Streamed.');
  });

  it('streams at once as ever, and keeps its connection', async () => {
    const llm = clientOf();
    mock.enqueue('xai', reply({ chunks: ['at ', 'once'] }));
    expect(await streamed(llm, { ...XAI, providerOptions: { xai: { deferred: false } } })).toBe('at once');
    expect(mock.requests).toHaveLength(1);
  });

  it('fails with the first-token limit, if it is the shorter one', async () => {
    const llm = clientOf({ use: [timeout({ firstToken: 3000, attempt: 60_000 })] });
    mock.enqueue('nvidia_nim', ...Array.from({ length: 9 }, () => fault.later()));
    expect(await hurried(rejection(streamed(llm, NVIDIA)))).toMatchObject({
      kind: 'timeout',
      phase: 'first_token',
      details: { limitMs: 3000 },
    });
  });
});

describe('the wait for an answer', () => {
  it('ends at once with an abort, and nothing is asked any more', async () => {
    const llm = clientOf();
    const aborter = new AbortController();
    mock.enqueue('nvidia_nim', ...Array.from({ length: 9 }, () => fault.later()));
    const error = rejection(llm.chat.completions.create(NVIDIA, { signal: aborter.signal }));
    await posted();
    await clock.advance(600);
    aborter.abort();
    expect(await error).toMatchObject({ kind: 'aborted' });
    await clock.advance(60_000);
    expect(mock.requests).toHaveLength(2);
  });

  it('ends with an abort while a question is under way, and so does its connection', async () => {
    let asking = (): void => {};
    const question = new Promise<void>((resolve) => {
      asking = resolve;
    });
    let gone = (): void => {};
    const closed = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const server = createServer((request, response) => {
      if (request.method === 'POST') return void response.writeHead(202, { 'nvcf-reqid': ID }).end();
      response.on('close', gone);
      asking();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
    const llm = clientOf({ providers: { nvidia_nim: { apiKey: KEY, baseURL } } });
    const aborter = new AbortController();
    const error = rejection(llm.chat.completions.create(NVIDIA, { signal: aborter.signal }));
    await hurried(question);
    aborter.abort();
    expect(await error).toMatchObject({ kind: 'aborted' });
    await closed;
    server.close();
  });

  it('ends with the deadline, and with the limit of the attempt', async () => {
    const llm = clientOf({ use: [timeout({ attempt: 4000 })] });
    mock.enqueue('nvidia_nim', ...Array.from({ length: 20 }, () => fault.later()));
    const deadline = await hurried(rejection(llm.chat.completions.create(NVIDIA, { deadline: 2000 })));
    expect(deadline).toMatchObject({ kind: 'timeout', phase: 'deadline', retryable: false });
    expect(asked()).toHaveLength(3);
    const attempt = await hurried(rejection(llm.chat.completions.create(NVIDIA)));
    expect(attempt).toMatchObject({ kind: 'timeout', phase: 'attempt', details: { limitMs: 4000 } });
  });

  it('ends with the client', async () => {
    const llm = clientOf();
    mock.enqueue('nvidia_nim', ...Array.from({ length: 9 }, () => fault.later()));
    const error = rejection(llm.chat.completions.create(NVIDIA));
    await posted();
    await clock.advance(600);
    await llm.close();
    expect(await error).toMatchObject({ kind: 'aborted', code: 'client_closed' });
  });
});

describe('a failure', () => {
  it.each([
    ['422', fault.status(422, { title: 'Unprocessable', detail: 'bad input' }, { 'nvcf-reqid': ID }), 'unprocessable_entity'],
    ['500 that says that it is over', ended(500, 'errored'), 'internal_server'],
    ['504 that says that it is over', ended(504, 'errored'), 'timeout'],
    ['429 that says that it was rejected', ended(429, 'rejected'), 'rate_limit'],
    [
      'an overflow',
      fault.status(400, { detail: "This model's maximum context length is 8 tokens" }, { 'nvcf-reqid': ID }),
      'context_window_exceeded',
    ],
    ['a wrong key', fault.status(401, { detail: 'no' }, { 'nvcf-reqid': ID }), 'authentication'],
    [
      'an error in a 200',
      fault.status(200, { error: { message: 'no', code: 'content_filter' } }, { 'nvcf-reqid': ID }),
      'content_policy_violation',
    ],
  ])('in the answer is the failure of the call: %s', async (_, failure, kind) => {
    const llm = clientOf();
    mock.enqueue('nvidia_nim', fault.later(), fault.later(), failure);
    const error = await hurried(rejection(llm.chat.completions.create(NVIDIA)));
    expect(error).toMatchObject({ kind, requestID: ID });
    expect(mock.requests).toHaveLength(3);
  });

  it('of a question is asked again, after the wait that it names', async () => {
    const llm = clientOf();
    mock.enqueue(
      'nvidia_nim',
      fault.later(),
      fault.later(),
      fault.rateLimit({ retryAfterSeconds: 12 }),
      fault.unavailable(),
      fault.resetBeforeHeaders(),
      'After all.',
    );
    expect(textOf(await hurried(llm.chat.completions.create(NVIDIA)))).toBe('After all.');
    expect(times().slice(0, 4)).toEqual([0, 500, 1250, 13_250]);
    expect(mock.requests).toHaveLength(6);
    expect(mock.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('of a question that asks for more time than there is, ends the call at once', async () => {
    const llm = clientOf({ use: [timeout({ attempt: 30_000 })] });
    mock.enqueue('nvidia_nim', fault.later(), fault.rateLimit({ retryAfterSeconds: 60 }));
    const error = rejection(llm.chat.completions.create(NVIDIA));
    await posted();
    await clock.advance(500);
    expect(await error).toMatchObject({ kind: 'rate_limit', retryAfterMs: 60_000, requestID: 'req_mock_openai' });
  });

  it('of six questions in a row is the failure of the call', async () => {
    const llm = clientOf();
    mock.enqueue('nvidia_nim', fault.later(), ...Array.from({ length: 9 }, () => fault.unavailable()));
    const error = await hurried(rejection(llm.chat.completions.create(NVIDIA)));
    expect(error).toMatchObject({ kind: 'service_unavailable', status: 503, requestID: 'req_mock_openai' });
    expect(mock.requests).toHaveLength(7);
  });

  it('that cuts an answer which is given once is a connection that failed, to be tried anew', async () => {
    const llm = clientOf();
    mock.enqueue('xai', fault.later(), fault.cutAfter(1));
    expect(await hurried(rejection(llm.chat.completions.create(XAI)))).toMatchObject({ kind: 'connection', retryable: true });
    expect(mock.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'GET']);
    const patient = clientOf({ use: [retry()] });
    mock.enqueue('xai', fault.later(), fault.cutAfter(1), fault.later(), 'Anew.');
    expect(textOf(await hurried(patient.chat.completions.create(XAI)))).toBe('Anew.');
  });

  it('of the first request is left to the layers', async () => {
    const llm = clientOf({ use: [retry({ maxRetries: 1, minDelay: 100 })] });
    mock.enqueue('nvidia_nim', fault.unavailable(), fault.later(), 'Second order.');
    const answer = await hurried(llm.chat.completions.create(NVIDIA));
    expect(textOf(answer)).toBe('Second order.');
    expect(answer.route.attempts).toMatchObject([{ outcome: 'service_unavailable' }, { outcome: 'success' }]);
    expect(mock.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'GET']);
  });
});

describe('an id is not trusted', () => {
  const HOSTILE = ['../../v1/models', '%2e%2e/x', 'a/b', 'a?b=c', 'a#b', '..', 'x'.repeat(129), 'a b', '@evil.example', '{}'];
  it.each(HOSTILE)('in a header: %s', async (id) => {
    const llm = clientOf();
    mock.enqueue('nvidia_nim', accepted({ 'nvcf-reqid': id }), accepted({ 'nvcf-reqid': id }));
    const error = await hurried(rejection(llm.chat.completions.create(NVIDIA)));
    expect(error).toMatchObject({ kind: 'response_validation', retryable: false });
    expect(await hurried(rejection(streamed(llm, NVIDIA)))).toMatchObject({ kind: 'response_validation' });
    expect(mock.requests.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  it.each([...HOSTILE, 7, null, { id: ID }])('in a body: %j', async (request_id) => {
    const llm = clientOf();
    mock.enqueue('xai', fault.status(202, { request_id }), fault.status(202, { request_id }));
    const error = await hurried(rejection(llm.chat.completions.create(XAI)));
    expect(error).toMatchObject({ kind: 'response_validation' });
    expect(await hurried(rejection(streamed(llm, XAI)))).toMatchObject({ kind: 'response_validation' });
    expect(mock.requests.map(({ method }) => method)).toEqual(['POST', 'POST']);
  });

  it('and a 202 without any is no answer', async () => {
    const llm = clientOf();
    mock.enqueue('nvidia_nim', accepted({}), accepted({ location: 'https://evil.example/answer' }));
    for (let i = 0; i < 2; i++)
      expect(await rejection(llm.chat.completions.create(NVIDIA))).toMatchObject({
        kind: 'response_validation',
        message: expect.stringContaining('without an id'),
      });
    expect(mock.requests).toHaveLength(2);
  });

  it('and a question that is sent elsewhere does not take the key along', async () => {
    const llm = clientOf();
    mock.enqueue('nvidia_nim', fault.later(), fault.status(302, '', { location: 'https://evil.example/answer' }));
    expect(await hurried(rejection(llm.chat.completions.create(NVIDIA)))).toMatchObject({
      kind: 'configuration',
      code: 'redirected',
    });
  });
});

function ended(status: number, said: string): Fault {
  return fault.status(status, '', { 'nvcf-reqid': ID, 'nvcf-status': said });
}
