import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MockAnswer, MockFailureName, MockReply, MockRequest } from '../../../src/contract/mock.ts';
import { decodeMessage } from '../../../src/dialects/anthropic/decode.ts';
import { anthropicServer } from '../../../src/dialects/anthropic/server.ts';
import { callOf, contextOf } from '../../support/call.ts';
import { HELLO } from './encoded.ts';
import { streamed } from './streamed.ts';

const RICH: MockReply = {
  text: 'Checking the weather in Oslo. 🌦️',
  toolCalls: [
    { name: 'get_weather', arguments: { city: 'Oslo', days: 3 } },
    { id: 'toolu_own', name: 'now', arguments: {} },
  ],
  reasoning: 'The user wants the weather.',
  usage: { promptTokens: 125, completionTokens: 61, cachedTokens: 100, reasoningTokens: 20 },
  finishReason: 'tool_calls',
  chunks: 5,
};
const PLAIN: MockReply = {
  text: 'Hello there',
  toolCalls: [],
  reasoning: '',
  usage: { promptTokens: 12, completionTokens: 2 },
  finishReason: 'stop',
  chunks: ['Hello', ' there'],
};
const CHAT = { operation: 'chat', model: 'claude-sonnet-4-6', stream: false, includeUsage: true } as const;

let server: Server;
let client: Anthropic;
let next: (request: MockRequest) => MockAnswer = () => anthropicServer.reply(PLAIN, CHAT);

beforeAll(async () => {
  server = createServer(async (incoming, outgoing) => {
    let text = '';
    for await (const bytes of incoming) text += bytes;
    const request: MockRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers as Record<string, string>,
      body: text === '' ? '' : JSON.parse(text),
    };
    const { status, headers, body } = next(request);
    outgoing.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  client = new Anthropic({ apiKey: 'sk-test', baseURL: `http://127.0.0.1:${port}`, maxRetries: 0 });
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const params = { model: 'claude-sonnet-4-6', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hi' }] };

/** Answers as the mock server does: asked first, authorised, whole or streamed. */
const answering = (reply: MockReply) => {
  next = (request) => {
    const ask = anthropicServer.ask(request);
    if (ask === undefined) return anthropicServer.failure('notFound', ask, {});
    if (!anthropicServer.authorized(request)) return anthropicServer.failure('auth', ask, {});
    if (ask.operation === 'models') return anthropicServer.models(['claude-a', 'claude-b'], ask);
    if (!ask.stream) return anthropicServer.reply(reply, ask);
    const { headers, frames } = anthropicServer.stream(reply, ask);
    return { status: 200, headers, body: frames.map(({ text }) => text).join('') };
  };
};

const bytesOf = (reply: MockReply): string =>
  anthropicServer
    .stream(reply, { ...CHAT, stream: true })
    .frames.map(({ text }) => text)
    .join('');

describe('the official SDK', () => {
  it('reads a reply, which our decoder reads alike', async () => {
    answering(RICH);
    const message = await client.messages.create(params);
    expect(message._request_id).toMatch(/^req_/);
    expect(message.content.map(({ type }) => type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use']);
    expect(message.usage).toMatchObject({ input_tokens: 25, cache_read_input_tokens: 100, output_tokens: 61 });
    const context = contextOf(callOf('chat', { messages: HELLO }, { provider: 'anthropic', model: 'claude-sonnet-4-6' }));
    const reply = decodeMessage(JSON.parse(JSON.stringify(message)), context);
    expect(reply.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: {
        content: RICH.text,
        reasoning_content: RICH.reasoning,
        tool_calls: [{ function: { name: 'get_weather', arguments: '{"city":"Oslo","days":3}' } }, { id: 'toolu_own' }],
      },
    });
    expect(reply.usage).toMatchObject({
      prompt_tokens: 125,
      total_tokens: 186,
      completion_tokens_details: { reasoning_tokens: 20 },
    });
  });

  it.each([
    ['plain', PLAIN],
    ['rich', RICH],
  ])('accumulates from a stream what our decoder yields: %s', async (_, reply) => {
    answering(reply);
    const final = await client.messages.stream(params).finalMessage();
    const whole = await client.messages.create(params);
    expect(JSON.parse(JSON.stringify(final.content))).toEqual(whole.content);
    const { tally, chunks, error } = streamed(bytesOf(reply));
    expect(error).toBeUndefined();
    const textOf = final.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('');
    const thinking = final.content.filter(({ type }) => type === 'thinking');
    const calls = final.content.filter((block) => block.type === 'tool_use');
    expect(tally.partial().content).toBe(textOf);
    expect(textOf).toBe(reply.text);
    expect(tally.partial().tool_calls).toEqual(
      calls.map(({ id, name, input }) => ({ id, name, arguments: JSON.stringify(input) })),
    );
    expect(calls.map(({ name, input }) => [name, input])).toEqual(reply.toolCalls.map((call) => [call.name, call.arguments]));
    const last = chunks.flatMap(({ choices }) => choices).find(({ finish_reason }) => finish_reason !== null);
    expect(last?.delta.thinking_blocks ?? []).toEqual(thinking);
    expect(last?.finish_reason).toBe(final.stop_reason === 'tool_use' ? 'tool_calls' : 'stop');
    const { input_tokens, cache_read_input_tokens, output_tokens } = final.usage;
    expect(tally.usage?.prompt_tokens).toBe(input_tokens + (cache_read_input_tokens ?? 0));
    expect(tally.usage?.completion_tokens).toBe(output_tokens);
  });

  it('lists models and counts tokens', async () => {
    answering(PLAIN);
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toEqual(['claude-a', 'claude-b']);
    const { model, messages } = params;
    expect(await client.messages.countTokens({ model, messages })).toMatchObject({ input_tokens: 12 });
  });

  it.each([
    ['rateLimit', 429, Anthropic.RateLimitError, 'rate_limit_error', /rate limit/],
    ['overloaded', 529, Anthropic.InternalServerError, 'overloaded_error', /Overloaded/],
    ['unavailable', 503, Anthropic.InternalServerError, 'api_error', /unavailable/],
    ['internal', 500, Anthropic.InternalServerError, 'api_error', /Internal/],
    ['quota', 400, Anthropic.BadRequestError, 'invalid_request_error', /credit balance is too low/],
    ['contextWindow', 400, Anthropic.BadRequestError, 'invalid_request_error', /prompt is too long: \d+ tokens > \d+ maximum/],
    ['contentPolicy', 400, Anthropic.BadRequestError, 'invalid_request_error', /content filtering policy/],
    ['badRequest', 400, Anthropic.BadRequestError, 'invalid_request_error', /Field required/],
    ['auth', 401, Anthropic.AuthenticationError, 'authentication_error', /invalid x-api-key/],
    ['notFound', 404, Anthropic.NotFoundError, 'not_found_error', /model: claude-sonnet-4-6/],
  ] as [MockFailureName, number, typeof Anthropic.APIError, string, RegExp][])(
    'meets %s as status %i of its own class',
    async (name, status, Class, type, wording) => {
      next = () => anthropicServer.failure(name, CHAT, { retryAfterSeconds: 2 });
      const error = await client.messages.create(params).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(Class);
      expect(error).toMatchObject({ status, requestID: expect.stringMatching(/^req_/), error: { error: { type } } });
      expect((error as Error).message).toMatch(wording);
      expect((error as { headers: Headers }).headers.get('retry-after')).toBe('2');
    },
  );

  it('meets an error event in the middle of a stream', async () => {
    answering(PLAIN);
    const answer = next;
    const errorFrame = anthropicServer.errorFrame('overloaded');
    next = (request) => {
      const whole = answer(request);
      const [opening = ''] = String(whole.body).split('event: content_block_stop');
      return { ...whole, body: opening + errorFrame };
    };
    let text = '';
    const read = async () => {
      for await (const event of await client.messages.create({ ...params, stream: true })) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text;
      }
    };
    await expect(read()).rejects.toThrow(/Overloaded/);
    expect(text).toBe('Hello there');
    expect(streamed(String(errorFrame)).error).toMatchObject({ details: { body: { error: { type: 'overloaded_error' } } } });
  });
});

describe('the server', () => {
  const request = (method: string, path: string, headers: Record<string, string> = {}): MockRequest => ({
    method,
    path,
    headers,
    body: { model: 'm' },
  });

  it('knows its routes, with and without /v1', () => {
    expect(anthropicServer.ask(request('POST', '/v1/messages?beta=true'))).toMatchObject({ operation: 'chat', model: 'm' });
    expect(anthropicServer.ask(request('POST', '/messages'))).toMatchObject({ operation: 'chat' });
    expect(anthropicServer.ask(request('GET', '/v1/models?limit=1000'))).toMatchObject({ operation: 'models' });
    expect(anthropicServer.ask(request('POST', '/v1/embeddings'))).toBeUndefined();
  });

  it('takes a key in either header', () => {
    expect(anthropicServer.authorized(request('POST', '/', { 'x-api-key': 'k' }))).toBe(true);
    expect(anthropicServer.authorized(request('POST', '/', { authorization: 'Bearer k' }))).toBe(true);
    expect(anthropicServer.authorized(request('POST', '/', { 'x-api-key': 'wrong' }))).toBe(false);
    expect(anthropicServer.authorized(request('POST', '/'))).toBe(false);
  });

  it('marks content and the one terminal frame', () => {
    const { frames } = anthropicServer.stream(PLAIN, { ...CHAT, stream: true });
    expect(frames.filter(({ content }) => content)).toHaveLength(2);
    expect(frames.filter(({ terminal }) => terminal)).toEqual([frames.at(-1)]);
    expect(frames.some(({ text }) => text.startsWith('event: ping'))).toBe(true);
  });

  it('says every finish reason in Anthropic’s words', () => {
    for (const finishReason of ['stop', 'length', 'content_filter'] as const) {
      const { chunks } = streamed(bytesOf({ ...PLAIN, finishReason }));
      const reasons = chunks.flatMap(({ choices }) => choices.flatMap(({ finish_reason }) => finish_reason ?? []));
      expect(reasons).toEqual([finishReason]);
    }
  });
});
