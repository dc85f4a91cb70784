import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ChatReply, ChatRequest } from '../../../src/contract/chat.ts';
import type { MockAnswer, MockFailureName, MockReply, MockRequest } from '../../../src/contract/mock.ts';
import type { Provider, ProviderSettings } from '../../../src/contract/provider.ts';
import { anthropicServer } from '../../../src/dialects/anthropic/server.ts';
import { isLLMError } from '../../../src/errors/catalogue.ts';
import { ConfigurationError } from '../../../src/errors/setup-errors.ts';
import { anthropic } from '../../../src/providers/anthropic/anthropic.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { DeadlineList } from '../../../src/time/deadline-list.ts';
import { createConnection } from '../../../src/wire/connection.ts';
import { undiciTransport } from '../../../src/wire/undici-transport.ts';
import { callOf } from '../../support/call.ts';

const MODEL = 'claude-sonnet-4-6';
const REPLY: MockReply = {
  text: 'Hello there',
  toolCalls: [{ name: 'f', arguments: { x: 1 } }],
  reasoning: 'Greet.',
  usage: { promptTokens: 12, completionTokens: 5, cachedTokens: 4 },
  finishReason: 'tool_calls',
  chunks: 2,
};

const transport = undiciTransport();
const deadlines = new DeadlineList(systemClock);
const requests: MockRequest[] = [];
const SUCCESS = 'success';
let outcome: MockFailureName | typeof SUCCESS | 'cut' | 'pages' = SUCCESS;
let server: Server;
let origin = '';

function answerTo(request: MockRequest): MockAnswer {
  const ask = anthropicServer.ask(request);
  if (outcome === 'pages') {
    const first = !request.path.includes('after_id');
    const data = [{ id: first ? 'a' : 'b' }];
    return { status: 200, headers: {}, body: { data, has_more: first, last_id: data[0]?.id } };
  }
  if (ask === undefined) return anthropicServer.failure('notFound', ask, {});
  if (outcome !== SUCCESS && outcome !== 'cut') return anthropicServer.failure(outcome, ask, { retryAfterSeconds: 3 });
  if (!ask.stream) return anthropicServer.reply(REPLY, ask);
  const { headers, frames } = anthropicServer.stream(REPLY, ask);
  const sent = outcome === 'cut' ? frames.filter(({ terminal }) => !terminal) : frames;
  return { status: 200, headers, body: sent.map(({ text }) => text).join('') };
}

beforeAll(async () => {
  server = createServer(async (incoming, outgoing) => {
    let text = '';
    for await (const bytes of incoming) text += bytes;
    const headers = incoming.headers as Record<string, string>;
    const request = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers,
      body: text === '' ? '' : JSON.parse(text),
    };
    requests.push(request);
    const { status, headers: own, body } = answerTo(request);
    outgoing.writeHead(status, own).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await transport.close();
  deadlines.close();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  requests.length = 0;
  outcome = SUCCESS;
});

function provider(
  settings: ProviderSettings = { apiKey: 'sk-ant-test-key' },
  env: Readonly<Record<string, string>> = {},
): Provider {
  return anthropic.create({
    id: 'anthropic',
    settings: { baseURL: origin, ...settings },
    env: (name) => env[name],
    connect: (spec) =>
      createConnection(spec, {
        provider: 'anthropic',
        transport: () => transport,
        deadlines,
        clock: systemClock,
        maxResponseBytes: 1 << 20,
        headers: {},
        sendCorrelationId: false,
      }),
  });
}

const HELLO: ChatRequest = { messages: [{ role: 'user', content: 'Hi' }] };
const facts = { provider: 'anthropic', model: MODEL };
const chat = async (from: Provider, request: ChatRequest = HELLO): Promise<ChatReply> => {
  if (from.operations.chat === undefined) throw new Error('no chat');
  return from.operations.chat(callOf('chat', request, facts));
};
const stream = async (from: Provider, request: ChatRequest = HELLO) => {
  if (from.operations.stream === undefined) throw new Error('no stream');
  return from.operations.stream(callOf('stream', request, facts));
};

describe('over a real connection', () => {
  it('replies', async () => {
    const reply = await chat(provider());
    expect(reply.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: 'Hello there', reasoning_content: 'Greet.', tool_calls: [{ function: { arguments: '{"x":1}' } }] },
    });
    expect(requests[0]).toMatchObject({
      method: 'POST',
      path: '/v1/messages',
      headers: { 'x-api-key': 'sk-ant-test-key', 'anthropic-version': '2023-06-01' },
      body: { model: MODEL, max_tokens: 128_000, messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] },
    });
    expect(requests[0]?.headers).not.toHaveProperty('anthropic-beta');
  });

  it('takes its own reply back in the next turn', async () => {
    const reply = await chat(provider());
    const message = reply.choices[0]?.message;
    if (message === undefined) throw new Error('no message');
    const call = message.tool_calls?.[0]?.id ?? '';
    await chat(provider(), {
      messages: [...HELLO.messages, message, { role: 'tool', tool_call_id: call, content: 'done' }] as ChatRequest['messages'],
    });
    const body = requests[1]?.body as { messages: { content: object[] }[] };
    expect(body.messages[1]?.content.map((block) => 'type' in block && block.type)).toEqual(['thinking', 'text', 'tool_use']);
    expect(body.messages[2]?.content).toEqual([{ type: 'tool_result', tool_use_id: call, content: 'done' }]);
  });

  it('streams, with usage only for those who asked', async () => {
    const result = await stream(provider(), { ...HELLO, stream_options: { include_usage: true } });
    let text = '';
    let usage: unknown;
    for await (const chunk of result) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage ??= chunk.usage;
    }
    expect(text).toBe('Hello there');
    expect(usage).toMatchObject({ prompt_tokens: 12, completion_tokens: 5 });
    const quiet = await stream(provider());
    for await (const chunk of quiet) expect(chunk.choices).toHaveLength(1);
    expect(quiet.usage).toMatchObject({ total_tokens: 17 });
  });

  it('reports a stream without message_stop as interrupted, with what there was', async () => {
    outcome = 'cut';
    const read = async () => {
      for await (const _ of await stream(provider()));
    };
    await expect(read()).rejects.toMatchObject({ kind: 'stream_interrupted', partial: { content: 'Hello there' } });
  });

  it.each([
    ['rateLimit', 'rate_limit', 3000],
    ['overloaded', 'service_unavailable', 3000],
    ['unavailable', 'service_unavailable', 3000],
    ['quota', 'insufficient_credits', undefined],
    ['contextWindow', 'context_window_exceeded', undefined],
    ['contentPolicy', 'content_policy_violation', undefined],
    ['auth', 'authentication', undefined],
    ['notFound', 'not_found', undefined],
    ['badRequest', 'bad_request', undefined],
    ['internal', 'internal_server', undefined],
  ] as const)('understands %s as %s', async (name, kind, retryAfterMs) => {
    outcome = name;
    const error: unknown = await chat(provider()).catch((caught: unknown) => caught);
    expect(isLLMError(error, kind)).toBe(true);
    expect(error).toMatchObject({ provider: 'anthropic', model: MODEL, requestID: expect.stringMatching(/^req_/) });
    if (retryAfterMs !== undefined) expect(error).toMatchObject({ retryAfterMs });
    expect(JSON.stringify(error)).not.toContain('sk-ant-test-key');
  });

  it('lists models, all pages', async () => {
    outcome = 'pages';
    const list = await provider().operations.models?.(callOf('models', {}, facts));
    expect(list?.data.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(requests.map(({ path }) => path)).toEqual(['/v1/models?limit=1000', '/v1/models?limit=1000&after_id=a']);
  });
});

describe('settings', () => {
  const headersOf = async (settings: ProviderSettings, env: Readonly<Record<string, string>> = {}, request = HELLO) => {
    await chat(provider(settings, env), request);
    return requests[0]?.headers ?? {};
  };

  it.each(['', '/', '/v1', '/v1/'])('accept a base URL that ends in %j', async (suffix) => {
    await chat(provider({ apiKey: 'k', baseURL: `${origin}${suffix}` }));
    expect(requests[0]?.path).toBe('/v1/messages');
  });

  it('keep a path of the base URL', async () => {
    await chat(provider({ apiKey: 'k', baseURL: `${origin}/anthropic/v1` })).catch(() => undefined);
    expect(requests[0]?.path).toBe('/anthropic/v1/messages');
  });

  it('come from the environment', async () => {
    const env = {
      ANTHROPIC_API_KEY: 'env-key',
      ANTHROPIC_BASE_URL: `${origin}/v1`,
      ANTHROPIC_CUSTOM_HEADERS: 'X-Team: blue\n\nbroken',
    };
    const headers = await headersOf({ baseURL: undefined }, env);
    expect(headers).toMatchObject({ 'x-api-key': 'env-key', 'x-team': 'blue' });
  });

  it('prefer a token over a key, and settings over the environment', async () => {
    const headers = await headersOf({ apiKey: 'k', authToken: 'sk-ant-oat01-x' }, { ANTHROPIC_API_KEY: 'env-key' });
    expect(headers).toMatchObject({ authorization: 'Bearer sk-ant-oat01-x', 'anthropic-beta': 'oauth-2025-04-20' });
    expect(headers).not.toHaveProperty('x-api-key');
  });

  it('take the token of the environment last', async () => {
    const headers = await headersOf({}, { ANTHROPIC_AUTH_TOKEN: 'proxy-token' });
    expect(headers.authorization).toBe('Bearer proxy-token');
    expect(headers).not.toHaveProperty('anthropic-beta');
  });

  it('merge betas with those of the call', async () => {
    const request = { ...HELLO, providerOptions: { anthropic: { betas: ['two'] } } };
    const headers = await headersOf({ apiKey: 'k', version: '2026-10-21', betas: ['one'] }, {}, request);
    expect(headers).toMatchObject({ 'anthropic-version': '2026-10-21', 'anthropic-beta': 'one,two' });
  });

  it('name what is missing or wrong', () => {
    expect(() => provider({})).toThrow(/ANTHROPIC_API_KEY or ANTHROPIC_AUTH_TOKEN/);
    expect(() => provider({ apiKey: 'k', betas: 'one' })).toThrow(ConfigurationError);
    expect(() => provider({ apiKey: 'k', version: 7 })).toThrow(/providers\.anthropic\.version must be a string/);
  });
});
