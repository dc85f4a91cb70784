import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { Mistral } from '@mistralai/mistralai';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fault, reply } from '../../../src/testing/index.ts';
import { collected, type NativeClient, startNativeClient } from '../../support/native-client.ts';

let rig: NativeClient;
beforeEach(async () => {
  rig = await startNativeClient(['anthropic', 'gemini', 'mistral']);
});
afterEach(() => rig.close());

const contentOf = (body: unknown): unknown =>
  (body as { choices?: { message: { content: unknown } }[] }).choices?.[0]?.message.content;

describe('@anthropic-ai/sdk', () => {
  const sdk = (): Anthropic => new Anthropic({ apiKey: 'k', baseURL: rig.mock.baseURL('anthropic'), maxRetries: 0 });
  const requests = ['a', 'b', 'c'].map((custom_id) => ({
    custom_id,
    params: { model: 'claude-sonnet-4-5', max_tokens: 64, messages: [{ role: 'user' as const, content: custom_id }] },
  }));

  it('goes through the life of a batch, and reads what ours reads', async () => {
    const { batches } = sdk().messages;
    rig.mock.enqueue('anthropic', reply('A'), fault.overloaded(), reply('C'));
    const made = await batches.create({ requests });
    expect(made).toMatchObject({ processing_status: 'in_progress', results_url: null });
    await batches.retrieve(made.id);
    const ended = await batches.retrieve(made.id);
    expect(ended).toMatchObject({ processing_status: 'ended', request_counts: { succeeded: 2, errored: 1 } });
    const theirs = new Map((await collected(await batches.results(made.id))).map((line) => [line.custom_id, line.result]));
    const ours = await rig.results(made.id, 'anthropic');
    expect(ours).toHaveLength(theirs.size);
    for (const { custom_id, response } of ours) {
      const result = theirs.get(custom_id);
      if (result?.type === 'succeeded') {
        const [block] = result.message.content;
        expect(contentOf(response?.body)).toBe(block?.type === 'text' ? block.text : undefined);
      } else
        expect(response).toMatchObject({ status_code: 529, body: { error: { message: expect.stringMatching(/overloaded/i) } } });
    }
    expect(await rig.llm.batches.retrieve(made.id, { provider: 'anthropic' })).toMatchObject({
      status: 'completed',
      native_status: 'ended',
      native_counts: ended.request_counts,
      request_counts: { total: 3, completed: 2, failed: 1 },
    });
    expect((await collected(batches.list({ limit: 1 }))).map(({ id }) => id)).toEqual([made.id]);
    await expect(batches.cancel(made.id)).rejects.toMatchObject({ status: 400 });
    expect(await batches.delete(made.id)).toMatchObject({ type: 'message_batch_deleted' });
  });

  it('tells ends apart that have one name here', async () => {
    const { batches } = sdk().messages;
    const provider = 'anthropic';
    const end = async (cancel: boolean): Promise<string> => {
      const { id } = await batches.create({ requests });
      if (cancel) expect((await batches.cancel(id)).processing_status).toBe('canceling');
      await rig.ended(id, provider);
      expect((await batches.retrieve(id)).processing_status).toBe('ended');
      return id;
    };
    rig.mock.enqueueBatch(provider, { ends: 'expired' });
    expect(await rig.llm.batches.retrieve(await end(false), { provider })).toMatchObject({ status: 'expired', partial: true });
    rig.mock.enqueueBatch(provider, { ends: 'expired', done: 1 });
    expect(await rig.llm.batches.retrieve(await end(false), { provider })).toMatchObject({ status: 'completed', partial: true });
    rig.mock.enqueueBatch(provider, { done: 1 });
    expect(await rig.llm.batches.retrieve(await end(true), { provider })).toMatchObject({ status: 'cancelled', partial: true });
    rig.mock.enqueueBatch(provider, { done: 3 });
    expect(await rig.llm.batches.retrieve(await end(true), { provider })).toMatchObject({ status: 'completed' });
  });

  it('refuses what the service refuses', async () => {
    const { batches } = sdk().messages;
    await expect(batches.create({ requests: [] })).rejects.toMatchObject({ status: 400 });
    await expect(batches.create({ requests: [{ ...requests[0], custom_id: 'no spaces' } as never] })).rejects.toThrow(
      /custom_id/,
    );
    await expect(batches.retrieve('msgbatch_0')).rejects.toMatchObject({ status: 404 });
  });
});

describe('@google/genai', () => {
  const sdk = (): GoogleGenAI => new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: rig.mock.baseURL('gemini') } });
  const provider = 'gemini';

  it('goes through the life of a batch of requests, and reads what ours reads', async () => {
    const { batches } = sdk();
    rig.mock.enqueue(provider, reply('A'), fault.rateLimit(), reply('C'));
    const src = ['a', 'b', 'c'].map((key) => ({ contents: [{ role: 'user', parts: [{ text: key }] }], metadata: { key } }));
    const made = await batches.create({ model: 'gemini-2.5-flash', src, config: { displayName: 'mine' } });
    expect(made).toMatchObject({ state: 'JOB_STATE_PENDING', displayName: 'mine', model: 'models/gemini-2.5-flash' });
    const name = String(made.name);
    expect((await batches.get({ name })).state).toBe('JOB_STATE_RUNNING');
    const ended = await batches.get({ name });
    expect(ended.state).toBe('JOB_STATE_SUCCEEDED');
    const theirs = ended.dest?.inlinedResponses ?? [];
    const ours = await rig.results(name, provider);
    expect(ours.map(({ custom_id }) => custom_id)).toEqual(['a', 'b', 'c']);
    expect(ours.map(({ response }) => contentOf(response?.body))).toEqual(
      theirs.map(({ response }) => response?.candidates?.[0]?.content?.parts?.[0]?.text),
    );
    expect(ours[1]?.response).toMatchObject({ status_code: 429, body: { error: { code: 'rate_limit_exceeded' } } });
    expect(await rig.llm.batches.retrieve(name, { provider })).toMatchObject({
      status: 'completed',
      native_status: 'BATCH_STATE_SUCCEEDED',
      model: 'gemini-2.5-flash',
      request_counts: { total: 3, completed: 2, failed: 1 },
    });
    expect((await collected(await batches.list())).map((job) => job.name)).toEqual([name]);
  });

  it('goes through the life of a batch of a file', async () => {
    const { batches, files } = sdk();
    const lines = ['a', 'b'].map((key) => ({ key, request: { contents: [{ role: 'user', parts: [{ text: key }] }] } }));
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const theirs = await files.upload({ file: new Blob([text]), config: { mimeType: 'application/jsonl', displayName: 'in' } });
    const ours = await rig.llm.files.create({ provider, purpose: 'batch', file: new File([text], 'in') });
    expect(await files.get({ name: ours.id })).toMatchObject({ displayName: theirs.displayName, sizeBytes: theirs.sizeBytes });
    expect(await (await rig.llm.files.content(String(theirs.name), { provider })).text()).toBe(text);
    expect((await collected(rig.llm.files.list({ provider, limit: 1 }))).map(({ id }) => id)).toEqual([ours.id, theirs.name]);

    rig.mock.enqueue(provider, reply('A'), fault.unavailable());
    const made = await batches.create({ model: 'gemini-2.5-flash', src: ours.id });
    const name = String(made.name);
    const ended = await rig.ended(name, provider);
    expect(ended).toMatchObject({
      status: 'completed',
      input_file_id: ours.id,
      output_file_id: expect.stringMatching(/^files\//),
    });
    expect((await batches.get({ name })).dest?.fileName).toBe(ended.output_file_id);
    const results = await rig.results(name, provider);
    expect(results.map(({ custom_id, response }) => [custom_id, response?.status_code])).toEqual([
      ['a', 200],
      ['b', 503],
    ]);
    expect(contentOf(results[0]?.response?.body)).toBe('A');
    expect(await rig.llm.files.delete(ours.id, { provider })).toMatchObject({ deleted: true });
    await expect(files.get({ name: ours.id })).rejects.toMatchObject({ status: 404 });
  });

  it('cancels', async () => {
    const { batches } = sdk();
    const src = [{ contents: [{ role: 'user', parts: [{ text: 'a' }] }] }];
    const { name = '' } = await batches.create({ model: 'gemini-2.5-flash', src });
    await batches.cancel({ name });
    expect((await batches.get({ name })).state).toBe('JOB_STATE_CANCELLED');
    await batches.delete({ name });
    await expect(batches.get({ name: 'batches/none' })).rejects.toMatchObject({ status: 404 });
  });
});

describe('@mistralai/mistralai', () => {
  const sdk = (): Mistral => new Mistral({ apiKey: 'k', serverURL: rig.mock.baseURL('mistral') });
  const provider = 'mistral';
  const body = { messages: [{ role: 'user', content: 'hi' }] };
  const order = { endpoint: '/v1/chat/completions' as const, model: 'mistral-small-latest' };

  it('goes through the life of a job of requests, and reads what ours reads', async () => {
    const { jobs } = sdk().batch;
    rig.mock.enqueue(provider, reply('A'), fault.rateLimit());
    const requests = ['a', 'b'].map((customId) => ({ customId, body }));
    const made = await jobs.create({ ...order, requests, metadata: { who: 'sdk' }, timeoutHours: 48 });
    expect(made).toMatchObject({ status: 'QUEUED', totalRequests: 2 });
    expect((await jobs.get({ jobId: made.id })).status).toBe('RUNNING');
    expect(await jobs.get({ jobId: made.id })).toMatchObject({ status: 'SUCCESS', succeededRequests: 1, failedRequests: 1 });
    const { outputs } = await jobs.get({ jobId: made.id, inline: true });
    const ours = await rig.results(made.id, provider);
    expect(ours.map(({ custom_id }) => custom_id)).toEqual(outputs?.map((line) => line.custom_id));
    expect(contentOf(ours[0]?.response?.body)).toBe(contentOf(outputs?.[0]?.response?.body));
    expect(ours[1]?.response).toMatchObject({ status_code: 429, body: { error: { type: 'rate_limit_error' } } });
    expect(await rig.llm.batches.retrieve(made.id, { provider })).toMatchObject({
      status: 'completed',
      native_status: 'SUCCESS',
      completion_window: '48h',
      metadata: { who: 'sdk' },
      model: order.model,
    });
    expect((await jobs.list({ pageSize: 1 })).data?.map(({ id }) => id)).toEqual([made.id]);
  });

  it('goes through the life of a job of a file', async () => {
    const mistral = sdk();
    const text = ['a', 'b'].map((custom_id) => `${JSON.stringify({ custom_id, body })}\n`).join('');
    const theirs = await mistral.files.upload({
      file: { fileName: 'in.jsonl', content: new TextEncoder().encode(text) },
      purpose: 'batch',
    });
    const ours = await rig.llm.files.create({ provider, purpose: 'batch', file: new File([text], 'in.jsonl') });
    expect(await mistral.files.retrieve({ fileId: ours.id })).toMatchObject({
      filename: 'in.jsonl',
      sizeBytes: theirs.sizeBytes,
    });
    expect((await collected(rig.llm.files.list({ provider, limit: 1 }))).map(({ id }) => id)).toEqual([ours.id, theirs.id]);

    rig.mock.enqueue(provider, reply('A'), fault.contentPolicy());
    const { id } = await rig.llm.batches.create({ provider, ...order, input_file_id: theirs.id });
    const ended = await rig.ended(id, provider);
    const job = await mistral.batch.jobs.get({ jobId: id });
    expect(job).toMatchObject({ inputFiles: [theirs.id], outputFile: ended.output_file_id, errorFile: ended.error_file_id });
    const stream = await mistral.files.download({ fileId: String(job.outputFile) });
    const line = JSON.parse(await new Response(stream).text());
    const results = await rig.results(id, provider);
    expect(results.map(({ custom_id, response }) => [custom_id, response?.status_code])).toEqual([
      ['a', 200],
      ['b', 403],
    ]);
    expect(contentOf(results[0]?.response?.body)).toBe(contentOf(line.response.body));
  });

  it('cancels', async () => {
    const { jobs } = sdk().batch;
    const { id } = await jobs.create({ ...order, requests: [{ customId: 'a', body }] });
    expect((await jobs.cancel({ jobId: id })).status).toBe('CANCELLATION_REQUESTED');
    expect((await jobs.get({ jobId: id })).status).toBe('CANCELLED');
    await expect(jobs.get({ jobId: '00000000-0000-4000-8000-0000000000ff' })).rejects.toMatchObject({ statusCode: 404 });
  });
});
