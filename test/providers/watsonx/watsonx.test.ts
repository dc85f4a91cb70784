import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClientOptions, LLMClient } from '../../../src/index.ts';
import { createClient } from '../../../src/index.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { fakeClock, fault, reply, startMockServer } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';

const KEY = 'ibm-key-0123456789';
const model = 'watsonx/ibm/granite-4-h-small';
const messages = [{ role: 'user' as const, content: 'hi' }];

let mock: MockServer;
const clients: LLMClient[] = [];

function clientOf(settings: Readonly<Record<string, unknown>> = {}, options: ClientOptions = {}): LLMClient {
  const own = { apiKey: KEY, baseURL: mock.baseURL('watsonx'), iamURL: mock.baseURL('watsonx_iam'), projectId: 'p-1' };
  const client = createClient({ use: [], ...options, providers: { watsonx: { ...own, ...settings } } });
  clients.push(client);
  return client;
}

const exchanges = () => mock.requests.filter(({ provider }) => provider === 'watsonx_iam');
const sent = () => mock.requests.filter(({ provider }) => provider === 'watsonx');

beforeEach(async () => {
  mock = await startMockServer();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await mock.close();
});

const expired = () =>
  fault.status(401, {
    errors: [{ code: 'authentication_token_expired', message: 'Failed to authenticate the request due to an expired token' }],
    trace: 'trace-1',
    status_code: 401,
  });

describe('tokens', () => {
  it('are exchanged once for calls side by side, and kept', async () => {
    const llm = clientOf();
    await Promise.all(Array.from({ length: 12 }, () => llm.chat.completions.create({ model, messages })));
    await llm.chat.completions.create({ model, messages });
    expect(exchanges()).toHaveLength(1);
    expect(exchanges()[0]).toMatchObject({
      method: 'POST',
      path: '/identity/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    });
    expect(sent()).toHaveLength(13);
    expect(sent()[0]?.headers.authorization).toBe('Bearer [redacted]');
  });

  it('are renewed once before they expire', async () => {
    const clock = fakeClock();
    const llm = clientOf({}, { clock });
    await llm.chat.completions.create({ model, messages });
    await clock.advance(3_500_000);
    await llm.chat.completions.create({ model, messages });
    expect(exchanges()).toHaveLength(1);
    await clock.advance(50_000);
    await Promise.all([1, 2, 3].map(() => llm.chat.completions.create({ model, messages })));
    expect(exchanges()).toHaveLength(2);
  });

  it('are renewed when the provider says that they expired, once', async () => {
    const llm = clientOf();
    mock.enqueue('watsonx', expired(), 'second time lucky', expired(), 'streamed', expired(), expired());
    const answer = await llm.chat.completions.create({ model, messages });
    expect(answer.choices[0]?.message.content).toBe('second time lucky');
    expect(exchanges()).toHaveLength(2);
    let text = '';
    for await (const chunk of await llm.chat.completions.create({ model, messages, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('streamed');
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ kind: 'authentication', status: 401, retryable: true, code: 'authentication_token_expired' });
    expect(error).toMatchObject({ requestID: 'trace-1' });
    expect(sent()).toHaveLength(6);
  });

  it('of many calls that expire together are renewed once', async () => {
    const llm = clientOf();
    await llm.chat.completions.create({ model, messages });
    let arrived = 0;
    let open = (): void => {};
    const all = new Promise<void>((resolve) => {
      open = resolve;
    });
    const together = async () => {
      if (++arrived === 6) open();
      await all;
      return expired();
    };
    mock.enqueue('watsonx', ...Array.from({ length: 6 }, () => together));
    await Promise.all(Array.from({ length: 6 }, () => llm.chat.completions.create({ model, messages })));
    expect(exchanges()).toHaveLength(2);
  });

  it('of the caller are sent as they are and not renewed', async () => {
    const llm = clientOf({ token: 'own-token-123456', apiKey: undefined, iamURL: undefined });
    mock.enqueue('watsonx', expired());
    expect(await rejection(llm.chat.completions.create({ model, messages }))).toMatchObject({
      kind: 'authentication',
      retryable: false,
    });
    expect(exchanges()).toHaveLength(0);
    expect(sent()).toHaveLength(1);
  });

  it('a wrong key is an AuthenticationError that does not tell it, one for each call', async () => {
    const llm = clientOf({ apiKey: 'wrong' });
    const errors = await Promise.all([1, 2].map(() => rejection(llm.chat.completions.create({ model, messages }))));
    for (const error of errors) {
      expect(error).toMatchObject({ kind: 'authentication', status: 400, provider: 'watsonx', retryable: false });
      expect(error).toMatchObject({ message: expect.stringContaining('key could not be found'), attempts: [{ number: 1 }] });
    }
    expect(errors[0]).not.toBe(errors[1]);
    expect((errors[0] as { correlationId: string }).correlationId).not.toBe(
      (errors[1] as { correlationId: string }).correlationId,
    );
    expect(exchanges()).toHaveLength(1);
    expect(sent()).toHaveLength(0);
  });

  it.each([
    ['rate limit', fault.rateLimit(), 'rate_limit', 429],
    ['unavailable', fault.unavailable(), 'service_unavailable', 503],
    ['internal', fault.status(500, { errorCode: 'BXNIM0500E', errorMessage: 'no' }), 'internal_server', 500],
    ['refused', fault.resetBeforeHeaders(), 'connection', undefined],
    ['no token', fault.status(200, { token_type: 'Bearer' }), 'response_validation', 200],
    ['a page', fault.html(), 'response_validation', 200],
    [
      'an echo of the key',
      fault.status(400, { errorCode: 'BXNIM0415E', errorMessage: `no key ${KEY} here` }),
      'authentication',
      400,
    ],
  ])('a failed exchange (%s) is a typed failure, and the next call asks again', async (_, item, kind, status) => {
    const llm = clientOf();
    mock.enqueue('watsonx_iam', item);
    const error = await rejection(llm.chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ kind, provider: 'watsonx', ...(status === 200 ? {} : { status }) });
    expect(JSON.stringify(error) + String(error)).not.toContain(KEY);
    expect((await llm.chat.completions.create({ model, messages })).choices[0]?.finish_reason).toBe('stop');
  });

  it('a stalled exchange ends with the deadline or the abort of each call, not with that of another', async () => {
    const llm = clientOf();
    mock.enqueue('watsonx_iam', fault.slowFirstToken(300));
    const aborter = new AbortController();
    const calls = [
      rejection(llm.chat.completions.create({ model, messages }, { deadline: 60 })),
      rejection(llm.chat.completions.create({ model, messages }, { signal: aborter.signal })),
      llm.chat.completions.create({ model, messages }),
    ] as const;
    expect(await calls[0]).toMatchObject({ kind: 'timeout', phase: 'deadline' });
    aborter.abort();
    expect(await calls[1]).toMatchObject({ kind: 'aborted' });
    expect((await calls[2]).object).toBe('chat.completion');
    expect(exchanges()).toHaveLength(1);
  });

  it('go through the fetch of the client', async () => {
    const urls: string[] = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      urls.push(String(input instanceof Request ? input.url : input));
      return globalThis.fetch(input, init);
    };
    await clientOf({}, { fetch }).chat.completions.create({ model, messages });
    expect(urls.map((url) => new URL(url).pathname)).toEqual(['/watsonx_iam/identity/token', '/watsonx/ml/v1/text/chat']);
  });

  it("carry none of the caller's headers to the token service", async () => {
    const llm = clientOf({ headers: { 'x-mine': 'of the provider' } }, { headers: { 'x-team': 'of the client' } });
    await llm.chat.completions.create({ model, messages }, { headers: { 'x-call': 'of the call' }, idempotencyKey: 'i-1' });
    expect(Object.keys(exchanges()[0]?.headers ?? {}).filter((name) => /^x-|idempotency/.test(name))).toEqual([]);
    expect(sent()[0]?.headers).toMatchObject({ 'x-mine': 'of the provider', 'x-team': 'of the client', 'x-call': 'of the call' });
  });

  it('of the regions on AWS come from an address of their own', async () => {
    const llm = clientOf({ iamURL: `${mock.baseURL('watsonx_iam')}/api/2.0/apikeys/token` });
    await llm.chat.completions.create({ model, messages });
    expect(exchanges()[0]).toMatchObject({ path: '/api/2.0/apikeys/token', headers: { 'content-type': 'application/json' } });
  });
});

describe('settings', () => {
  it.each([
    [{ iamURL: undefined }, /iamURL/],
    [{ projectId: undefined }, /WATSONX_PROJECT_ID or WATSONX_SPACE_ID/],
    [{ apiKey: undefined }, /WATSONX_APIKEY/],
    [{ spaceId: 's' }, /spaceId must be left out/],
    [{ baseURL: undefined, region: 'mars' }, /region must be one of us-south/],
    [{ apiVersion: 'new' }, /apiVersion must be a date/],
  ])('%j is a configuration error', async (settings, message) => {
    const error = await rejection(clientOf(settings).chat.completions.create({ model, messages }));
    expect(error).toMatchObject({ kind: 'configuration', message: expect.stringMatching(message) });
    expect(mock.requests).toHaveLength(0);
  });

  it('a deployment needs no project, and is named by its path', async () => {
    const llm = clientOf({ projectId: undefined });
    await llm.chat.completions.create({ model: 'watsonx/deployment/my-granite', messages });
    expect(sent()[0]?.path).toBe('/ml/v1/deployments/my-granite/text/chat?version=2024-10-08');
    expect(sent()[0]?.body).toEqual({ messages });
  });

  it('CPD keys are sent with their own scheme', async () => {
    const llm = clientOf({ apiKey: undefined, zenApiKey: 'dXNlcjprZXk=' });
    await llm.chat.completions.create({ model, messages });
    expect(sent()[0]?.headers.authorization).toBe('ZenApiKey [redacted]');
  });
});

describe('operations', () => {
  it('chat with tools and reasoning', async () => {
    const llm = clientOf();
    const parameters = { type: 'object', properties: { additionalProperties: { type: 'string' } }, additionalProperties: false };
    mock.enqueue('watsonx', reply({ toolCalls: [{ id: 'c1', name: 'get_weather', arguments: { city: 'Oslo' } }] }));
    const answer = await llm.chat.completions.create({
      model,
      messages,
      tools: [{ type: 'function', function: { name: 'get_weather', parameters, strict: true } }],
      tool_choice: 'required',
      max_completion_tokens: 64,
      reasoning_effort: 'high',
      stop: 'END',
    });
    expect(answer.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ id: 'c1', function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } }] },
    });
    expect(sent()[0]?.body).toEqual({
      model_id: 'ibm/granite-4-h-small',
      project_id: 'p-1',
      messages,
      tools: [
        {
          type: 'function',
          function: {
            name: 'get_weather',
            parameters: { type: 'object', properties: { additionalProperties: { type: 'string' } } },
          },
        },
      ],
      tool_choice_option: 'required',
      max_tokens: 64,
      reasoning_effort: 'high',
      include_reasoning: true,
      stop: ['END'],
    });
    expect(answer.route.warnings.join()).toContain('strict');
    const tool_choice = { type: 'function' as const, function: { name: 'f' } };
    await llm.chat.completions.create({ model, messages, tools: [{ type: 'function', function: { name: 'f' } }], tool_choice });
    expect(sent()[1]?.body).toMatchObject({ tool_choice });
    expect(sent()[1]?.body).not.toHaveProperty('tool_choice_option');
  });

  it('streams, tool calls whose name is repeated empty included', async () => {
    const llm = clientOf();
    mock.enqueue('watsonx', reply({ text: 'One moment', toolCalls: [{ id: 'c1', name: 'f', arguments: { x: 1 } }] }));
    const stream = llm.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
    const final = await stream.finalChatCompletion();
    expect(final.choices[0]).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: 'One moment', tool_calls: [{ id: 'c1', function: { name: 'f', arguments: '{"x":1}' } }] },
    });
    expect(final.usage).toMatchObject({ prompt_tokens: 12 });
    expect(sent()[0]?.path).toBe('/ml/v1/text/chat_stream?version=2024-10-08');
    expect(sent()[0]?.body).not.toHaveProperty('stream');
  });

  it('completes, embeds, reranks and lists models', async () => {
    const llm = clientOf();
    mock.enqueue('watsonx', reply({ text: ' upon a time', usage: { promptTokens: 5, completionTokens: 3 } }));
    const told = await llm.completions.create({ model, prompt: 'Once', max_tokens: 9, temperature: 0, stop: 'x' });
    expect(told).toMatchObject({ choices: [{ text: ' upon a time', finish_reason: 'stop' }], usage: { total_tokens: 8 } });
    expect(sent()[0]).toMatchObject({
      path: '/ml/v1/text/generation?version=2024-10-08',
      body: { input: 'Once', parameters: { max_new_tokens: 9, decoding_method: 'greedy', stop_sequences: ['x'] } },
    });
    const embedded = await llm.embeddings.create({ model, input: ['a', 'b'] });
    expect(embedded.data.map(({ embedding }) => embedding.length)).toEqual([8, 8]);
    const ranked = await llm.rerank.create({
      model,
      query: 'q',
      documents: ['a', { text: 'b' }],
      top_n: 1,
      return_documents: true,
    });
    expect(ranked).toMatchObject({ results: [{ index: 0, relevance_score: 1, document: { text: 'a' } }] });
    expect(sent()[2]?.body).toMatchObject({
      query: 'q',
      inputs: [{ text: 'a' }, { text: 'b' }],
      parameters: { return_options: { top_n: 1, inputs: true } },
    });
    expect((await llm.models.list({ provider: 'watsonx' })).data).toMatchObject([
      { id: 'mock-large', context_window: 131_072 },
      { id: 'mock-small' },
    ]);
  });
});
