import Replicate from 'replicate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LLMClient } from '../../../src/index.ts';
import { createClient } from '../../../src/index.ts';
import type { MockServer } from '../../../src/testing/index.ts';
import { fault, reply, startMockServer } from '../../../src/testing/index.ts';

let mock: MockServer;
let llm: LLMClient;
let sdk: Replicate;

beforeEach(async () => {
  mock = await startMockServer();
  const baseURL = mock.baseURL('replicate');
  llm = createClient({ providers: { replicate: { apiKey: 'r8_test', baseURL } }, use: [] });
  sdk = new Replicate({ auth: 'r8_test', baseUrl: baseURL });
});
afterEach(async () => {
  await llm.close();
  await mock.close();
});

const model = 'meta/meta-llama-3-8b-instruct';
const messages = [{ role: 'user' as const, content: 'Say hello.' }];

describe("Replicate's own SDK", () => {
  it('runs a model and reads the same text as our client', async () => {
    const said = reply({ text: 'Grüße,\n\n two lines', usage: { promptTokens: 7, completionTokens: 5 } });
    mock.enqueue('replicate', said, said);
    const output = (await sdk.run(model, { input: { prompt: 'Say hello.' } })) as string[];
    const ours = await llm.chat.completions.create({ model: `replicate/${model}`, messages });
    expect(output.join('')).toBe('Grüße,\n\n two lines');
    expect(ours.choices[0]).toMatchObject({ message: { content: output.join('') }, finish_reason: 'stop' });
    expect(ours.usage).toMatchObject({ prompt_tokens: 7, completion_tokens: 5 });
    const [theirs, own] = mock.requests;
    expect(own).toMatchObject({ method: theirs?.method, path: theirs?.path });
    expect(own?.headers.prefer).toBe(theirs?.headers.prefer);
    expect(own?.body).toEqual(theirs?.body);
  });

  it('follows a stream as our client does', async () => {
    const said = reply({ chunks: ['Once', ' upon\n', '\n a time'] });
    mock.enqueue('replicate', said, said);
    let theirs = '';
    for await (const event of sdk.stream(model, { input: { prompt: 'Tell.' } })) theirs += String(event);
    let ours = '';
    const stream = await llm.chat.completions.create({ model: `replicate/${model}`, messages, stream: true });
    for await (const chunk of stream) ours += chunk.choices[0]?.delta.content ?? '';
    expect(theirs).toContain('Once upon\n\n a time');
    expect(ours).toBe('Once upon\n\n a time');
    expect(stream.route.usage).toMatchObject({ prompt_tokens: 12 });
    const paths = mock.requests.map(({ method, path }) => `${method} ${path.replace(/0{8}-[\w-]+/, 'job')}`);
    expect(paths).toEqual([
      `POST /v1/models/${model}/predictions`,
      'GET /v1/streams/job',
      `POST /v1/models/${model}/predictions`,
      'GET /v1/streams/job',
      'GET /v1/predictions/job',
    ]);
    const fetched = mock.requests.filter(({ path }) => path.includes('/streams/'));
    expect(fetched.every(({ headers }) => headers.authorization === undefined)).toBe(true);
  });

  it('polls and cancels', async () => {
    mock.enqueue('replicate', 'Polled.', fault.stall(0));
    const created = await sdk.predictions.create({ model, input: { prompt: 'x' } });
    expect(created.status).toBe('starting');
    expect((await sdk.wait(created, {})).output).toEqual(['Polled.']);
    const stalled = await sdk.predictions.create({ model, input: { prompt: 'x' } });
    expect((await sdk.predictions.get(stalled.id)).status).toBe('processing');
    expect((await sdk.predictions.cancel(stalled.id)).status).toBe('canceled');
  });

  it('fails where our client fails', async () => {
    mock.enqueue('replicate', fault.contentPolicy(), fault.contentPolicy());
    await expect(sdk.run(model, { input: { prompt: 'x' } })).rejects.toThrow('flagged as sensitive');
    const error = await llm.chat.completions.create({ model: `replicate/${model}`, messages }).catch((thrown) => thrown);
    expect(error).toMatchObject({ kind: 'content_policy_violation', reason: expect.stringContaining('flagged as sensitive') });
    const wrong = new Replicate({ auth: 'wrong', baseUrl: mock.baseURL('replicate') });
    await expect(wrong.run(model, { input: {} })).rejects.toMatchObject({ response: { status: 401 } });
  });
});
