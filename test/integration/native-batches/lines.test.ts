import OpenAI from 'openai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { budget, cache, contextCheck, createClient, fallback, hedge, rateLimit, retry, timeout } from '../../../src/index.ts';
import { fromOpenAI } from '../../../src/openai/index.ts';
import { fakeClock, fault, reply } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';
import { chatRequest, collected, type NativeClient, startNativeClient } from '../../support/native-client.ts';

let rig: NativeClient;
beforeEach(async () => {
  rig = await startNativeClient(['openai', 'anthropic', 'gemini', 'mistral', 'groq']);
});
afterEach(() => rig.close());

const endpoint = '/v1/chat/completions';

describe.each(['openai', 'anthropic', 'gemini', 'mistral'])('lines for %s', (provider) => {
  it('are checked before anything is sent, in order, with the codes of OpenAI', async () => {
    const messages = [{ role: 'user', content: 'hi' }];
    const requests = [
      chatRequest('fine'),
      { custom_id: 'a', body: { model: 'm', messages, stream: true } },
      { custom_id: 'b', body: { messages } },
      { custom_id: 'c', body: { model: 'm' } },
      { custom_id: 'd', body: { model: 'm', messages: 'hi' } },
      { custom_id: 'a', body: { model: 'm', messages } },
      { custom_id: 'e', url: '/v1/embeddings', body: { model: 'm', messages } },
      { custom_id: 'f', body: undefined as never },
    ].map((request, i) => (i === 0 ? { ...request, body: { ...request.body, model: 'm' } } : request));
    const error = await rejection(rig.llm.batches.create({ provider, endpoint, requests }));
    expect(error).toMatchObject({
      kind: 'bad_request',
      status: 400,
      code: 'streaming_unsupported',
      param: 'body.stream',
      provider,
    });
    const { errors } = (error as { readonly details: { readonly errors: object[] } }).details;
    expect(errors).toMatchObject([
      { code: 'streaming_unsupported', line: 2, param: 'body.stream' },
      { code: 'invalid_request', line: 3, param: 'body.model' },
      { code: 'invalid_request', line: 4, param: 'body.messages' },
      { code: 'invalid_request', line: 5, param: 'body.messages' },
      { code: 'duplicate_custom_id', line: 6, param: 'custom_id' },
      { code: 'invalid_url', line: 7, param: 'url' },
      { code: 'missing_required_parameter', line: 8, param: 'body' },
    ]);
    const empty = await rejection(rig.llm.batches.create({ provider, endpoint, model: 'm', requests: [] }));
    expect(empty).toMatchObject({ code: 'empty_batch' });
    expect(rig.mock.requests).toHaveLength(0);
  });

  it('have one model where the provider wants one', async () => {
    const requests = [chatRequest('1', { model: 'm' }), chatRequest('2', { model: 'other' })];
    const creating = rig.llm.batches.create({ provider, endpoint, requests });
    if (provider === 'anthropic') expect((await creating).request_counts?.total).toBe(2);
    else expect(await rejection(creating)).toMatchObject({ code: 'model_mismatch' });
  });

  it('are given either as requests or as a file', async () => {
    for (const both of [{}, { requests: [], input_file_id: 'f' }]) {
      const error = await rejection(rig.llm.batches.create({ provider, endpoint, model: 'm', ...both }));
      expect(error).toMatchObject({ kind: 'configuration', code: 'wrong_argument' });
    }
  });
});

it('lines are written as calls are, by the same encoder', async () => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }];
  const requests = [
    { custom_id: 'a', body: { ...chatRequest('hi').body, max_completion_tokens: 9, tools, tool_choice: 'required' } },
  ];
  const options = { anthropic: { thinking: { type: 'disabled' } } };
  const body = { ...(requests[0]?.body as object), model: 'anthropic/claude-sonnet-4-5', providerOptions: options };
  await rig.llm.chat.completions.create(body as never);
  await rig.llm.batches.create({ provider: 'anthropic', endpoint, requests: [{ custom_id: 'a', body }] });
  const [call, batch] = rig.mock.requests;
  expect(batch?.body).toEqual({ requests: [{ custom_id: 'a', params: call?.body }] });

  await rig.llm.chat.completions.create({ ...body, model: 'gemini/gemini-2.5-flash' } as never);
  await rig.llm.batches.create({ provider: 'gemini', endpoint, model: 'google/gemini-2.5-flash', requests });
  const [, , geminiCall, geminiBatch] = rig.mock.requests;
  expect(geminiBatch?.path).toBe('/v1beta/models/gemini-2.5-flash:batchGenerateContent');
  expect(geminiBatch?.body).toMatchObject({
    batch: { inputConfig: { requests: { requests: [{ request: geminiCall?.body, metadata: { key: 'a' } }] } } },
  });
});

it('what a provider lacks is told with its line, or dropped where that is allowed', async () => {
  const order = {
    provider: 'anthropic',
    endpoint,
    model: 'm',
    requests: [chatRequest('1'), chatRequest('2', { logprobs: true })],
  };
  expect(await rejection(rig.llm.batches.create(order))).toMatchObject({
    details: { errors: [{ code: 'unsupported_parameter', line: 2, param: 'body.logprobs' }] },
  });
  expect((await rig.llm.batches.create(order, { unsupportedParams: 'drop' })).status).toBe('in_progress');
  expect(
    await rejection(rig.llm.batches.create({ ...order, requests: [{ custom_id: 'no spaces', ...chatRequest('1') }] })),
  ).toMatchObject({
    param: 'custom_id',
  });
  for (const wrong of [{ endpoint: '/v1/embeddings' }, { completion_window: '7d' }]) {
    expect(await rejection(rig.llm.batches.create({ ...order, ...wrong }))).toMatchObject({
      code: 'invalid_value',
      param: Object.keys(wrong)[0],
    });
  }
});

describe('results', () => {
  const completed = { id: 'b', status: 'completed', endpoint, output_file_id: 'out', error_file_id: null };
  const readFrom = async (files: readonly string[], batch: object = completed) => {
    rig.mock.enqueueBatch('openai', fault.status(200, batch), ...files.map((text) => fault.status(200, text)));
    return collected(rig.llm.batches.results('b', { provider: 'openai' }));
  };

  it('of every writer are read: empty lines, bodies as text, errors of other shapes', async () => {
    const lines = [
      { id: 'batch_req_1', custom_id: 'a', response: { status_code: 200, request_id: 'r', body: { x: 1 } }, error: null },
      { custom_id: 'a', response: { status_code: 200, request_id: 'r', body: '{"x":2}' } },
      { id: 'z', custom_id: 'c', error: { type: 'request_failed', message: 'no' } },
      { id: 'y', custom_id: 'd', response: null, error: { code: 'batch_expired', message: 'late' } },
    ];
    const text = `\n${lines.map((line) => JSON.stringify(line)).join('\r\n\n')}`;
    expect(await readFrom([text])).toEqual([
      { ...lines[0] },
      { id: 'batch_req_a', custom_id: 'a', response: { status_code: 200, request_id: 'r', body: { x: 2 } }, error: null },
      { id: 'z', custom_id: 'c', response: null, error: { code: 'request_failed', message: 'no' } },
      { id: 'y', custom_id: 'd', response: null, error: { code: 'batch_expired', message: 'late' } },
    ]);
  });

  it('may be in no file, in empty files, and in a file that is gone', async () => {
    expect(await readFrom([], { ...completed, output_file_id: null })).toEqual([]);
    expect(await readFrom(['', ''], { ...completed, error_file_id: 'err' })).toEqual([]);
    rig.mock.enqueueBatch('openai', fault.status(200, completed));
    expect(await rejection(collected(rig.llm.batches.results('b', { provider: 'openai' })))).toMatchObject({ kind: 'not_found' });
  });

  it('that break off are told as interrupted, after what has come', async () => {
    const line = JSON.stringify({ custom_id: 'a', response: { status_code: 200, request_id: 'r', body: {} } });
    rig.mock.enqueueBatch('openai', fault.status(200, completed), fault.status(200, `${line}\n${line.slice(0, 20)}`));
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { custom_id } of rig.llm.batches.results('b', { provider: 'openai' })) seen.push(custom_id);
    })();
    expect(await rejection(reading)).toMatchObject({ kind: 'stream_interrupted' });
    expect(seen).toEqual(['a']);
  });

  it('are answers of calls, tool calls and schemas included', async () => {
    rig.mock.enqueue('anthropic', reply({ toolCalls: [{ id: 't', name: 'f', arguments: { a: 1 } }] }));
    const { id } = await rig.llm.batches.create({ provider: 'anthropic', endpoint, model: 'm', requests: [chatRequest('1')] });
    const [line] = await rig.results(id, 'anthropic');
    expect(line?.response?.body).toMatchObject({
      object: 'chat.completion',
      choices: [
        { finish_reason: 'tool_calls', message: { tool_calls: [{ id: 't', function: { name: 'f', arguments: '{"a":1}' } }] } },
      ],
      usage: { prompt_tokens: 12 },
    });
  });

  it('of vectors come from Mistral as from a call', async () => {
    const requests = [{ custom_id: 'v', body: { input: ['a', 'b'] } }];
    const order = { provider: 'mistral', endpoint: '/v1/embeddings', model: 'mistral-embed', requests };
    const { id } = await rig.llm.batches.create(order);
    const [line] = await rig.results(id, 'mistral');
    const call = await rig.llm.embeddings.create({ model: 'mistral/mistral-embed', input: ['a', 'b'] });
    expect(line?.response?.body).toMatchObject({ data: call.data });
  });
});

describe('files', () => {
  it('are sent as they are written, and come as they are read', async () => {
    const line = `${JSON.stringify({ custom_id: 'ü', body: 'x'.repeat(1000) })}\n`;
    async function* content(): AsyncGenerator<string> {
      for (let i = 0; i < 500; i++) yield line;
    }
    for (const fetch of [undefined, globalThis.fetch]) {
      const llm = rig.make(fetch === undefined ? {} : { fetch });
      const streamed = await llm.files.create({
        provider: 'openai',
        purpose: 'batch',
        file: { name: 'in.jsonl', content: content() },
      });
      const whole = await llm.files.create({
        provider: 'openai',
        purpose: 'batch',
        file: new File([line.repeat(500)], 'in "1".jsonl'),
      });
      expect(streamed.bytes).toBe(whole.bytes);
      expect(whole.filename).toBe('in %221%22.jsonl');
      const response = await llm.files.content(streamed.id, { provider: 'openai' });
      expect(await response.text()).toBe(line.repeat(500));
      expect(await rejection(llm.files.retrieve('file-none', { provider: 'openai' }))).toMatchObject({ kind: 'not_found' });
      expect(await llm.files.delete(whole.id, { provider: 'openai' })).toEqual({ id: whole.id, object: 'file', deleted: true });
    }
  });

  it('in memory are sent again after a refusal; a stream is not, since it has been read', async () => {
    const llm = rig.make({ use: [retry({ minDelay: 1, maxDelay: 1 })] });
    const upload = (file: File | { name: string; content: AsyncIterable<string> }) =>
      llm.files.create({ provider: 'openai', purpose: 'batch', file });
    rig.mock.enqueueBatch('openai', fault.rateLimit());
    expect((await upload(new File(['{}'], 'in.jsonl'))).filename).toBe('in.jsonl');
    async function* content(): AsyncGenerator<string> {
      yield '{}';
    }
    rig.mock.enqueueBatch('openai', fault.rateLimit());
    expect(await rejection(upload({ name: 'in.jsonl', content: content() }))).toMatchObject({ code: 'stream_consumed' });
  });

  it('that OpenAI does not find a moment after it took them are looked for once more', async () => {
    const missing = {
      error: { message: 'Cannot find file file-1, or project p does not have access to it.', param: 'file_id', code: null },
    };
    let made = 0;
    rig.mock.enqueueBatch(
      'openai',
      fault.status(200, { id: 'file-1', object: 'file' }),
      fault.status(400, missing),
      fault.status(200, { id: 'b', status: 'validating' }),
    );
    const order = { provider: 'openai', endpoint, model: 'm', requests: [chatRequest('1')] };
    expect((await rig.llm.batches.create(order)).id).toBe('b');
    for (const { path } of rig.mock.requests) if (path.endsWith('/batches')) made++;
    expect(made).toBe(2);
  });
});

it("a user's own instance of openai sends files too", async () => {
  const instance = new OpenAI({ apiKey: 'k', baseURL: rig.mock.baseURL('openai'), maxRetries: 0 });
  const llm = rig.make({ providers: { mine: fromOpenAI(instance, { quirks: { batches: {} } }) } });
  const order = { provider: 'mine', endpoint, model: 'm', requests: [chatRequest('1')] };
  const { id, input_file_id } = await llm.batches.create(order);
  expect(await (await llm.files.content(input_file_id, { provider: 'mine' })).text()).toContain('"custom_id":"request-1"');
  expect(await collected(llm.batches.results(id, { provider: 'mine', minPoll: 0 }))).toHaveLength(1);
});

it('Azure is waited for while it looks at a file', async () => {
  const clock = fakeClock();
  const llm = rig.make({ clock, providers: { azure: { apiKey: 'k', baseURL: rig.mock.baseURL('azure') } } });
  const file = (status: string) => fault.status(200, { id: 'file-1', object: 'file', status });
  const made = fault.status(200, { id: 'b', status: 'validating' });
  rig.mock.enqueueBatch('azure', file('pending'), file('pending'), file('processed'), made);
  let settled = false;
  const creating = llm.batches.create({ provider: 'azure', endpoint, model: 'm', requests: [chatRequest('1')] });
  creating.then(() => {
    settled = true;
  });
  while (!settled) {
    await clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await creating).id).toBe('b');
  expect(rig.mock.requests.map(({ method, path }) => `${method} ${path.replace('/openai/v1', '')}`)).toEqual([
    'POST /files',
    'GET /files/file-1',
    'GET /files/file-1',
    'POST /batches',
  ]);
});

it('layers that are about models let batches pass', async () => {
  const use = [
    ...[cache(), fallback(['anthropic/m']), budget({ maxCostUSD: 0.000001, window: 3_600_000 })],
    ...[contextCheck({ unknown: 'refuse' }), retry(), hedge({ after: 1 }), rateLimit({ requestsPerMinute: 1 }), timeout()],
  ];
  const events: string[] = [];
  const llm = createClient({ use, providers: { openai: { apiKey: 'k', baseURL: rig.mock.baseURL('openai') } } });
  llm.on('attempt-ended', ({ attempt }) => events.push(`${attempt.outcome} ${attempt.costUSD}`));
  const batch = await llm.batches.create({ provider: 'openai', endpoint, model: 'm', requests: [chatRequest('1')] });
  for (let i = 0; i < 3; i++) await llm.batches.retrieve(batch.id, { provider: 'openai' });
  rig.mock.enqueueBatch('openai', fault.unavailable(), fault.unavailable(), fault.unavailable());
  expect(await rejection(llm.batches.retrieve(batch.id, { provider: 'openai', maxRetries: 0 }))).toMatchObject({
    kind: 'service_unavailable',
    provider: 'openai',
  });
  expect(events).toEqual([
    'success undefined',
    'success undefined',
    'success undefined',
    'success undefined',
    'service_unavailable undefined',
  ]);
  await llm.close();
});
