import Groq from 'groq-sdk';
import OpenAI, { AzureOpenAI, toFile } from 'openai';
import Together from 'together-ai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createClient } from '../../../src/index.ts';
import { fault, reply } from '../../../src/testing/index.ts';
import { collected, type NativeClient, startNativeClient } from '../../support/native-client.ts';

let rig: NativeClient;
beforeEach(async () => {
  rig = await startNativeClient(['openai', 'azure', 'groq', 'together_ai']);
});
afterEach(() => rig.close());

const line = (custom_id: string, url: string): string =>
  JSON.stringify({ custom_id, method: 'POST', url, body: { model: 'm', messages: [{ role: 'user', content: custom_id }] } });
const fileOf = (url: string): string => `${line('a', url)}\n${line('b', url)}\n`;
const parsed = (text: string): unknown[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((one) => JSON.parse(one));

const clients: readonly (readonly [string, () => OpenAI, string])[] = [
  ['openai', () => new OpenAI({ apiKey: 'k', baseURL: rig.mock.baseURL('openai'), maxRetries: 0 }), '/v1/chat/completions'],
  ['azure', () => new OpenAI({ apiKey: 'k', baseURL: rig.mock.baseURL('azure'), maxRetries: 0 }), '/v1/chat/completions'],
  [
    'azure',
    () => {
      const baseURL = rig.mock.baseURL('azure').replace(/\/v1$/, '');
      return new AzureOpenAI({ apiKey: 'k', baseURL, apiVersion: '2024-10-21', maxRetries: 0 });
    },
    '/chat/completions',
  ],
];

describe.each(clients)('the official client at %s', (provider, make, url) => {
  it('goes through the life of a batch, and reads what ours reads', async () => {
    const sdk = make();
    const dated = url.startsWith('/v1') ? {} : { apiVersion: '2024-10-21' };
    const baseURL = url.startsWith('/v1') ? rig.mock.baseURL(provider) : rig.mock.baseURL(provider).replace(/\/v1$/, '');
    const llm = createClient({ use: [], providers: { [provider]: { apiKey: 'k', baseURL, ...dated } } });
    const file = await sdk.files.create({ file: await toFile(Buffer.from(fileOf(url)), 'in.jsonl'), purpose: 'batch' });
    expect(await llm.files.retrieve(file.id, { provider })).toMatchObject({
      id: file.id,
      filename: 'in.jsonl',
      bytes: file.bytes,
    });
    expect(await (await llm.files.content(file.id, { provider })).text()).toBe(fileOf(url));

    rig.mock.enqueue(provider, reply('yes'), fault.contextWindow());
    const made = await sdk.batches.create({
      input_file_id: file.id,
      endpoint: url as '/v1/chat/completions',
      completion_window: '24h',
      metadata: { who: 'sdk' },
    });
    expect(made).toMatchObject({ object: 'batch', status: 'validating', metadata: { who: 'sdk' } });
    expect((await llm.batches.retrieve(made.id, { provider })).status).toBe('in_progress');
    const ended = await sdk.batches.retrieve(made.id);
    const ours = await llm.batches.retrieve(made.id, { provider });
    expect(ended.status).toBe('completed');
    expect(ours).toMatchObject({
      status: ended.status,
      endpoint: '/v1/chat/completions',
      request_counts: ended.request_counts,
      output_file_id: ended.output_file_id,
      error_file_id: ended.error_file_id,
      completed_at: ended.completed_at,
      expires_at: ended.expires_at,
    });

    const texts = [ended.output_file_id, ended.error_file_id].map(async (id) => (await sdk.files.content(String(id))).text());
    const theirs = (await Promise.all(texts)).flatMap(parsed);
    expect(await collected(llm.batches.results(made.id, { provider }))).toEqual(theirs);
    expect((await collected(sdk.batches.list({ limit: 1 }))).map(({ id }) => id)).toEqual([made.id]);
    await expect(sdk.batches.cancel(made.id)).rejects.toMatchObject({ status: 409 });
    await expect(sdk.batches.retrieve('batch_0')).rejects.toMatchObject({ status: 404 });
    expect(await sdk.files.delete(file.id)).toEqual({ id: file.id, object: 'file', deleted: true });
    await llm.close();
  });

  it('cancels, and is refused as by the service', async () => {
    const sdk = make();
    const upload = (text: string, name = 'in.jsonl') =>
      toFile(Buffer.from(text), name).then((file) => sdk.files.create({ file, purpose: 'batch' }));
    const { id: input_file_id } = await upload(fileOf(url));
    const order = { input_file_id, endpoint: url as '/v1/chat/completions', completion_window: '24h' as const };
    const { id } = await sdk.batches.create(order);
    expect((await sdk.batches.cancel(id)).status).toBe('cancelling');
    expect((await sdk.batches.retrieve(id)).status).toBe('cancelled');

    for (const [text, name] of [
      ['', 'in.jsonl'],
      ['{malformed', 'in.jsonl'],
      [fileOf(url), 'in.txt'],
    ] as const) {
      await expect(upload(text, name)).rejects.toThrow(/invalid file format.*jsonl/i);
    }
    await expect(sdk.batches.create({ ...order, endpoint: '/v1/nope' as never })).rejects.toMatchObject({
      status: 400,
      param: 'endpoint',
      code: 'invalid_value',
    });
    const missing = await sdk.batches.create({ ...order, input_file_id: 'file-0' });
    expect((await sdk.batches.retrieve(missing.id)).errors?.data).toMatchObject([{ code: 'invalid_request' }]);
    const broken = await upload(`${line('a', url)}\n{nope\n${line('a', '/v1/embeddings')}\n`);
    const failed = await sdk.batches.create({ ...order, input_file_id: broken.id });
    expect(await sdk.batches.retrieve(failed.id)).toMatchObject({
      status: 'failed',
      errors: {
        data: [
          { code: 'invalid_json_line', line: 2 },
          { code: 'invalid_url', line: 3, param: 'url' },
          { code: 'duplicate_custom_id', line: 3, param: 'custom_id' },
        ],
      },
    });
  });
});

it('groq-sdk goes through the life of a batch, and reads what ours reads', async () => {
  const sdk = new Groq({ apiKey: 'k', baseURL: rig.mock.baseURL('groq'), maxRetries: 0 });
  const text = fileOf('/v1/chat/completions');
  const file = await sdk.files.create({ file: new File([text], 'in.jsonl'), purpose: 'batch' });
  rig.mock.enqueue('groq', reply('yes'), fault.rateLimit());
  const made = await sdk.batches.create({
    input_file_id: String(file.id),
    endpoint: '/v1/chat/completions',
    completion_window: '7d',
  });
  await sdk.batches.retrieve(made.id);
  const ended = await sdk.batches.retrieve(made.id);
  expect(ended).toMatchObject({ status: 'completed', request_counts: { total: 2, completed: 1, failed: 1 } });
  const texts = [ended.output_file_id, ended.error_file_id].map(async (id) => (await sdk.files.content(String(id))).text());
  const theirs = (await Promise.all(texts)).flatMap(parsed);
  expect(await rig.results(made.id, 'groq')).toEqual(theirs);
  expect(await rig.llm.batches.retrieve(made.id, { provider: 'groq' })).toMatchObject({ completion_window: '7d' });
  expect((await sdk.batches.list()).data.map(({ id }) => id)).toEqual([made.id]);
  await expect(sdk.batches.cancel(made.id)).rejects.toMatchObject({ status: 409 });
});

it('together-ai goes through the life of a batch, and reads what ours reads', async () => {
  const sdk = new Together({ apiKey: 'k', baseURL: rig.mock.baseURL('together_ai'), maxRetries: 0 });
  const file = await rig.llm.files.create({
    provider: 'together_ai',
    purpose: 'batch',
    file: new File([fileOf('/v1/chat/completions')], 'in.jsonl'),
  });
  expect(file.purpose).toBe('batch');
  expect(await sdk.files.retrieve(file.id)).toMatchObject({ id: file.id, purpose: 'batch-api' });
  rig.mock.enqueue('together_ai', reply('yes'), fault.rateLimit());
  const { job } = await sdk.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions' });
  const id = String(job?.id);
  expect((await sdk.batches.retrieve(id)).status).toBe('IN_PROGRESS');
  const ended = await sdk.batches.retrieve(id);
  expect(ended.status).toBe('COMPLETED');
  const ours = await rig.llm.batches.retrieve(id, { provider: 'together_ai' });
  expect(ours).toMatchObject({ status: 'completed', native_status: 'COMPLETED', output_file_id: ended.output_file_id });
  expect(ours.completed_at).toBe(Math.floor(Date.parse(String(ended.completed_at)) / 1000));
  const texts = [ended.output_file_id, ended.error_file_id].map(async (one) => (await sdk.files.content(String(one))).text());
  expect(await rig.results(id, 'together_ai')).toEqual((await Promise.all(texts)).flatMap(parsed));
  expect((await sdk.batches.list()).map((one) => one.id)).toEqual([id]);
});
