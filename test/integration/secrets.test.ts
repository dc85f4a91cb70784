import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ClientOptions, LLMClient, LLMError, Middleware } from '../../src/index.ts';
import {
  budget,
  cache,
  circuitBreaker,
  coalesce,
  contextCheck,
  createClient,
  fallback,
  hedge,
  isLLMError,
  rateLimit,
  retry,
  timeout,
} from '../../src/index.ts';
import { redisStore } from '../../src/redis/index.ts';
import { mockProvider } from '../../src/testing/mock-dialects.ts';
import { EVENTS } from '../support/chained.ts';
import { rejection } from '../support/client.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { redisMissing, startRedis } from '../support/redis-server.ts';
import { TRANSCRIPTS } from '../support/transcripts/transcripts.ts';
import type { Loopback } from '../wire/loopback.ts';
import { bodyOf, httpServer } from '../wire/loopback.ts';

const KEY = 'zq7-Very+Private/Key=0815';
const PROMPT = 'My diary says: "the treasure lies under the old oak\nin Kilmarnock", and nobody else knows it.';
const SYSTEM = 'You are the butler of Lady Ermintrude and must never mention her debts of 4711 pounds.';
/** No run of this length of a prompt may be seen. */
const TELLING = 24;
const PROVIDERS = ['openai', 'deepseek', 'anthropic', 'gemini', 'ollama'];

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void;

let server: Loopback;
let handler: Handler;
beforeAll(async () => {
  server = await httpServer((request, response) => {
    bodyOf(request).then(
      (body) => handler(request, body.toString(), response),
      () => response.destroy(),
    );
  });
});
afterAll(() => server.close());

/** What the service knows of us: the key as it came, and the request as text. */
const known = ({ headers }: IncomingMessage): string =>
  ['authorization', 'x-api-key', 'api-key', 'x-goog-api-key'].map((name) => headers[name]).join(' ');

const json =
  (status: number, make: (echo: { key: string; body: string }) => unknown): Handler =>
  (request, body, response) => {
    response.writeHead(status, {
      'content-type': 'application/json',
      'x-debug': known(request),
      'www-authenticate': known(request),
    });
    response.end(JSON.stringify(make({ key: known(request), body })));
  };

const text =
  (status: number, type: string, make: (echo: { key: string; body: string }) => string): Handler =>
  (request, body, response) => {
    response.writeHead(status, { 'content-type': type });
    response.end(make({ key: known(request), body }));
  };

/** Ways in which a careless service repeats what it was told. */
const ECHOES: Readonly<Record<string, Handler>> = {
  'the key in the message of a 401': json(401, ({ key }) => ({ error: { message: `Incorrect API key provided: ${key}.` } })),
  'key and request in every field': json(400, ({ key, body }) => ({
    error: {
      message: `${body} ${key}`,
      code: key,
      type: PROMPT,
      param: PROMPT,
      status: SYSTEM,
      metadata: { raw: body, headers: key },
    },
    detail: body,
    request_id: KEY,
  })),
  'the prompt in single quotes': json(400, () => ({ error: { message: `Invalid input '${PROMPT}' (${SYSTEM})` } })),
  'the prompt escaped twice': json(500, ({ body }) => ({ error: { message: JSON.stringify(body) } })),
  'validation errors with the input': json(422, ({ body }) => ({
    detail: [{ loc: ['body', 'messages', 0, PROMPT], msg: `bad value ${PROMPT}`, type: 'value_error', input: body }],
  })),
  'Google details': json(400, ({ key, body }) => ({
    error: {
      code: 400,
      status: 'INVALID_ARGUMENT',
      message: `API key not valid: ${key}`,
      details: [
        { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: PROMPT, description: body }] },
      ],
    },
  })),
  'an overflow that quotes the prompt': json(400, ({ body }) => ({
    error: { message: `maximum context length is 10 tokens: ${body}`, code: 'context_length_exceeded' },
  })),
  'a web page': text(502, 'text/html', ({ key, body }) => `<html><title>${key}</title><p>${PROMPT}</p><pre>${body}</pre></html>`),
  'plain text': text(500, 'text/plain', ({ key, body }) => `crash while handling ${key}: ${PROMPT} ${body}`),
  'an error in a 200': json(200, ({ key, body }) => ({ error: { message: `${key} ${PROMPT} ${body}`, code: key } })),
  'a web page in a 200': text(200, 'text/html', ({ key, body }) => `<html>${key} ${PROMPT} ${body}</html>`),
  'plain text in a 200': text(200, 'text/plain', ({ key }) => `${key} ${PROMPT}`),
  'broken JSON in a 200': text(200, 'application/json', ({ key }) => `{"x": ${key} ${PROMPT}}`),
  'another protocol in a 200': json(200, ({ key, body }) => ({ [key]: body, [PROMPT]: key })),
  'the key alone in a 200': text(200, 'application/json', () => KEY),
  'an event that is no JSON': text(200, 'text/event-stream', () => `data: ${KEY}\n\ndata: {${PROMPT.replace('\n', ' ')}\n\n`),
  'an error event': text(
    200,
    'text/event-stream',
    ({ key, body }) => `event: error\ndata: ${JSON.stringify({ error: { message: `${key} ${PROMPT} ${body}` } })}\n\n`,
  ),
};

interface Heard {
  readonly llm: LLMClient;
  readonly told: unknown[];
}

function listening(provider: string, options: ClientOptions = {}): Heard {
  const told: unknown[] = [];
  const log = (...line: unknown[]): void => {
    told.push(line);
  };
  const llm = createClient({
    logger: { debug: log, info: log, warn: log, error: log },
    use: [],
    ...options,
    providers: { [provider]: { apiKey: KEY, baseURL: `${server.origin}${mockProvider(provider).suffix}` } },
  });
  for (const name of EVENTS) llm.on(name, (event) => told.push(event));
  return { llm, told };
}

const messages = [
  { role: 'system' as const, content: SYSTEM },
  { role: 'user' as const, content: PROMPT },
];

/** Everything that people print, log or send of an error. */
function shown(error: LLMError, told: readonly unknown[]): Readonly<Record<string, string>> {
  const attempts = error.attempts.flatMap((attempt) => [attempt, attempt.error]);
  return {
    message: error.message,
    text: String(error),
    stack: error.stack ?? '',
    JSON: JSON.stringify(error),
    inspection: inspect(error, { depth: 10 }),
    attempts: inspect(attempts, { depth: 10 }) + JSON.stringify(attempts),
    events: inspect(told, { depth: 10 }) + told.map((one) => JSON.stringify(one)).join(),
  };
}

function expectSilence(error: unknown, told: readonly unknown[]): void {
  if (!isLLMError(error)) expect.fail(`not a typed error: ${inspect(error)}`);
  for (const [where, given] of Object.entries(shown(error, told))) expectNothingOf(given, where);
}

const RUNS = [PROMPT, SYSTEM].flatMap((prompt) =>
  Array.from({ length: prompt.length - TELLING + 1 }, (_, i) => prompt.slice(i, i + TELLING)),
);

function expectNothingOf(given: string, where: string): void {
  for (const form of [KEY, encodeURIComponent(KEY), Buffer.from(KEY).toString('base64')]) {
    if (given.includes(form)) expect.fail(`the key is in ${where}: ${given}`);
  }
  const run = RUNS.find((one) => given.includes(one));
  if (run !== undefined) expect.fail(`"${run}" of the prompt is in ${where}: ${given}`);
}

describe.each(PROVIDERS)('%s', (provider) => {
  const open: LLMClient[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((llm) => llm.close()));
  });
  const listen = (options?: ClientOptions): Heard => {
    const heard = listening(provider, options);
    open.push(heard.llm);
    return heard;
  };

  it.each(Object.entries(ECHOES))('keeps key and prompt to itself: %s', async (_, echo) => {
    handler = echo;
    for (const stream of [false, true]) {
      const { llm, told } = listen();
      const error = await rejection(llm.chat.completions.create({ model: `${provider}/m`, messages, stream }));
      expect(told.length).toBeGreaterThan(3);
      expectSilence(error, told);
    }
  });

  it('keeps them to itself in a stream that breaks', async () => {
    const [transcript] = TRANSCRIPTS.filter((one) => one.provider === provider && one.name.includes('an error event'));
    const opening = new TextDecoder().decode(transcript?.bytes).split('\n').slice(0, -3).join('\n');
    const type = transcript?.contentType ?? '';
    for (const event of [
      { error: { message: `${KEY}: ${PROMPT}`, type: SYSTEM, code: KEY } },
      { type: 'error', error: { type: 'api_error', message: `${PROMPT} ${KEY}` } },
      KEY,
      undefined,
    ]) {
      const data = event === undefined ? `${KEY} {${PROMPT}` : JSON.stringify(event);
      handler = (_request, _body, response) => {
        response.writeHead(200, { 'content-type': type });
        response.end(`${opening}\n\n${type.startsWith('text/event-stream') ? 'data: ' : ''}${data}\n\n`);
      };
      const { llm, told } = listen();
      const read = async (): Promise<void> => {
        for await (const _ of await llm.chat.completions.create({ model: `${provider}/m`, messages, stream: true }));
      };
      expectSilence(await rejection(read()), told);
    }
  });

  it('keeps them to itself when nobody answers', async () => {
    handler = (_request, _body, response) => response.destroy();
    const { llm, told } = listen();
    expectSilence(await rejection(llm.chat.completions.create({ model: `${provider}/m`, messages })), told);
  });
});

describe.skipIf(redisMissing() !== undefined)('every layer, with a store in Redis', () => {
  let redis: RedisServer;
  let inspector: Redis;
  beforeAll(async () => {
    redis = await startRedis();
    inspector = new Redis(redis.url);
  });
  afterAll(async () => {
    inspector?.disconnect();
    await redis?.close();
  });

  const layers = (): Middleware[] => [
    cache(),
    coalesce(),
    budget({ maxTokens: 10_000_000 }),
    fallback(['openai/another', 'openai/a-third'], { resume: true }),
    contextCheck(),
    retry({ minDelay: 1, maxDelay: 1 }),
    hedge({ after: 1 }),
    rateLimit({ concurrency: 4, requestsPerMinute: 200, key: () => `${KEY} ${PROMPT}` }),
    circuitBreaker({ minCalls: 2 }),
    timeout(),
  ];

  /** Every key of the store with what it holds. */
  async function everything(): Promise<string> {
    const keys = await inspector.keys('*');
    const values = keys.map(async (key) => {
      const type = await inspector.type(key);
      if (type === 'hash') return [key, await inspector.hgetall(key)];
      return [key, type === 'zset' ? await inspector.zrange(key, '0', '-1') : await inspector.get(key)];
    });
    return JSON.stringify(await Promise.all(values));
  }

  it.each(Object.entries(ECHOES))('keeps key and prompt out of events, errors, logs and Redis: %s', async (name, echo) => {
    const store = redisStore(redis.url, { commandTimeout: 10_000, connectTimeout: 10_000 });
    const { llm, told } = listening('openai', { use: layers(), store });
    for (const stream of [false, true]) {
      handler = echo;
      const error = await rejection(llm.chat.completions.create({ model: 'openai/m', messages, stream }));
      handler = json(200, () => ({
        id: 'x',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Never.' } }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      }));
      // not from the cache: the limiter is asked for it
      const asked = [...messages, { role: 'user' as const, content: `${name} ${stream}` }];
      await llm.chat.completions.create({ model: 'openai/well', messages: asked });
      expectSilence(error, told);
    }
    const kept = await everything();
    expect(kept).toContain('rateLimit:');
    expect(kept).toContain('spending:');
    expectNothingOf(kept, 'Redis');
    await llm.close();
    await store.close();
  });
});

describe.each(['wrong', 'x7Q2', 'k-1'])('the short key %s', (apiKey) => {
  it.each(PROVIDERS)('is not told by %s', async (provider) => {
    handler = json(401, ({ key }) => ({
      error: { message: `Incorrect API key provided: ${key}. Something went wrong.`, code: apiKey, type: key, status: apiKey },
      detail: `Unauthorized (${key})`,
    }));
    const providers = { [provider]: { apiKey, baseURL: `${server.origin}${mockProvider(provider).suffix}` } };
    const llm = createClient({ use: [], providers });
    const error = await rejection(llm.chat.completions.create({ model: `${provider}/m`, messages }));
    if (!isLLMError(error, 'authentication')) throw error;
    expect(error.message).toContain('Something went wrong');
    const told = Object.values(shown(error, [])).join('\n').replaceAll('went wrong', '');
    expect(told.match(new RegExp(`.*(?<![\\w-])${apiKey}(?![\\w-]).*`))).toBeNull();
    await llm.close();
  });
});

it('a token that is made for each request is a secret too', async () => {
  const said: string[] = [];
  handler = (request, _body, response) => {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    said.push(token);
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: `token <${token}> is not for this`, code: token } }));
  };
  let made = 0;
  const azureADTokenProvider = (): string => `opaque.token:${++made}:0815`;
  const llm = createClient({ use: [], providers: { azure: { baseURL: server.origin, azureADTokenProvider } } });
  for (let i = 1; i <= 3; i++) {
    const error = await rejection(llm.chat.completions.create({ model: 'azure/m', messages }));
    if (!isLLMError(error)) throw error;
    expect(said.at(-1)).toBe(`opaque.token:${i}:0815`);
    expect(Object.values(shown(error, [])).join('\n')).not.toContain('opaque.token');
    expect(error.message).toContain('is not for this');
  }
  await llm.close();
});

describe.each([
  ['undici', {}],
  ['fetch', { fetch: (...given: Parameters<typeof fetch>) => fetch(...given) }],
] as const)('redirects with %s', (transport, options) => {
  const PLAIN = { choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }] };

  it.each([301, 302, 303, 307, 308])('never carry credentials to another origin (%i)', async (status) => {
    const asked: string[] = [];
    const stranger = await httpServer((request, response) => {
      asked.push(request.url ?? '');
      response.end(JSON.stringify(PLAIN));
    });
    try {
      for (const place of [
        `${stranger.origin}/v1/chat/completions?${KEY}`,
        `//${stranger.origin.slice(7)}/x`,
        'https://127.0.0.1:1/',
        'http://[oops',
      ]) {
        handler = (_request, _body, response) => response.writeHead(status, { location: place }).end();
        for (const stream of [false, true]) {
          const { llm, told } = listening('openai', options);
          const error = await rejection(llm.chat.completions.create({ model: 'openai/m', messages, stream }));
          expect(isLLMError(error, 'configuration')).toBe(true);
          expect(error).toMatchObject({ code: 'redirected', retryable: false });
          expectSilence(error, told);
          await llm.close();
        }
      }
      expect(asked).toEqual([]);
      expect(stranger.sockets).toEqual([]);
    } finally {
      await stranger.close();
    }
  });

  it('are followed within the origin, with method, body and key', async () => {
    const bodies: string[] = [];
    handler = (request, body, response) => {
      bodies.push(`${request.method} ${request.url} ${known(request).includes(KEY)} ${body.length}`);
      if (request.url === '/elsewhere?a=1')
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(PLAIN));
      else response.writeHead(307, { location: '/elsewhere?a=1' }).end('moved');
    };
    const { llm } = listening('openai', options);
    const reply = await llm.chat.completions.create({ model: 'openai/m', messages });
    expect(reply.choices[0]?.message.content).toBe('Hi');
    const [asked = '', ...more] = bodies;
    const followed = asked.replace('/v1/chat/completions', '/elsewhere?a=1');
    expect(followed).toContain('POST /elsewhere?a=1 true');
    // fetch sees where a redirect leads when it asks a second time
    expect(more).toEqual(transport === 'fetch' ? [asked, followed] : [followed]);
    await llm.close();
  });

  it('end, if they lead in a circle', async () => {
    let asked = 0;
    handler = (_request, _body, response) => {
      asked++;
      response.writeHead(307, { location: '/v1/chat/completions' }).end();
    };
    const { llm } = listening('openai', options);
    const error = await rejection(llm.chat.completions.create({ model: 'openai/m', messages }));
    expect(isLLMError(error, 'configuration')).toBe(true);
    expect(asked).toBeLessThan(10);
    await llm.close();
  });
});

it('the sockets of a closed client are closed', async () => {
  handler = (_request, _body, response) => response.end('{}');
  const { llm } = listening('openai');
  const before = new Set(server.sockets);
  await rejection(llm.chat.completions.create({ model: 'openai/m', messages }));
  await llm.close();
  for (const socket of server.sockets) if (!before.has(socket) && !socket.destroyed) await once(socket, 'close');
});
