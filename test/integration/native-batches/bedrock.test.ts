import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Batch } from '../../../src/index.ts';
import { ConflictError, NotFoundError, retry } from '../../../src/index.ts';
import { fault } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';
import { chatRequest, collected, type NativeClient, startNativeClient } from '../../support/native-client.ts';

let rig: NativeClient;
beforeEach(async () => {
  rig = await startNativeClient(['bedrock']);
});
afterEach(() => rig.close());

const provider = 'bedrock';
const order = {
  provider,
  endpoint: '/v1/chat/completions',
  model: 'bedrock/anthropic.claude-sonnet-4-5-v1:0',
  input_file_id: 's3://in/records.jsonl',
  providerOptions: { bedrock: { roleArn: 'arn:aws:iam::123456789012:role/Batch', outputS3Uri: 's3://out/results/' } },
};
const created = () => rig.mock.requests.filter(({ method, path }) => method === 'POST' && path === '/model-invocation-job');

it('makes a job from S3 to S3, signed, and follows it to its end', async () => {
  const batch = await rig.llm.batches.create({ ...order, completion_window: '48h' });
  expect(batch).toMatchObject({
    object: 'batch',
    status: 'in_progress',
    native_status: 'InProgress',
    model: 'anthropic.claude-sonnet-4-5-v1:0',
    input_file_id: 's3://in/records.jsonl',
    completion_window: '48h',
  });
  expect(batch.id).toMatch(/^arn:aws:bedrock:/);
  expect(created()[0]).toMatchObject({
    headers: { authorization: expect.stringContaining('AWS4-HMAC-SHA256') },
    body: {
      modelInvocationType: 'Converse',
      timeoutDurationInHours: 48,
      inputDataConfig: { s3InputDataConfig: { s3InputFormat: 'JSONL', s3Uri: 's3://in/records.jsonl' } },
      outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://out/results/' } },
    },
  });
  const completed = await rig.llm.batches.retrieve(batch.id, { provider });
  expect(completed).toMatchObject({
    status: 'completed',
    native_status: 'Completed',
    output_file_id: 's3://out/results/',
    request_counts: { total: 100, completed: 100, failed: 0 },
    native_counts: { totalRecordCount: 100, successRecordCount: 100 },
  });
});

it('tells that some records have failed', async () => {
  rig.mock.enqueue(provider, fault.rateLimit());
  const { id } = await rig.llm.batches.create(order);
  expect(await rig.ended(id, provider)).toMatchObject({
    status: 'completed',
    native_status: 'PartiallyCompleted',
    partial: true,
    request_counts: { total: 100, completed: 99, failed: 1 },
  });
});

it('tells why a job has failed', async () => {
  rig.mock.enqueueBatch(provider, { ends: 'failed', errors: [{ message: 'The role cannot read the bucket.' }] });
  const { id } = await rig.llm.batches.create(order);
  expect(await rig.ended(id, provider)).toMatchObject({
    status: 'failed',
    errors: { data: [{ message: 'The role cannot read the bucket.' }] },
  });
});

it('gives a token, so that a repeat after a lost answer is the same job', async () => {
  const llm = rig.make({ use: [retry({ minDelay: 1, maxDelay: 1 })] });
  rig.mock.enqueueBatch(provider, fault.resetBeforeHeaders());
  const batch = await llm.batches.create(order);
  const tokens = created().map(({ body }) => (body as { readonly clientRequestToken: string }).clientRequestToken);
  expect(tokens).toHaveLength(2);
  expect(new Set(tokens).size).toBe(1);
  expect((await collected(llm.batches.list({ provider }))).map(({ id }) => id)).toEqual([batch.id]);
});

it('lists jobs, newest first, over all pages', async () => {
  const ids: string[] = [];
  for (let i = 0; i < 3; i++) ids.unshift((await rig.llm.batches.create(order)).id);
  const all: Batch[] = await collected(rig.llm.batches.list({ provider, limit: 2 }));
  expect(all.map(({ id }) => id)).toEqual(ids);
});

it('stops jobs; one that has ended is a conflict, one that nobody knows is not found', async () => {
  rig.mock.enqueueBatch(provider, { visits: 9 });
  const { id } = await rig.llm.batches.create(order);
  await rig.llm.batches.cancel(id, { provider });
  expect(await rig.ended(id, provider)).toMatchObject({ status: 'cancelled', native_status: 'Stopped' });
  const other = await rig.llm.batches.create(order);
  await rig.ended(other.id, provider);
  expect(await rejection(rig.llm.batches.cancel(other.id, { provider }))).toBeInstanceOf(ConflictError);
  expect(await rejection(rig.llm.batches.cancel(`${id}0`, { provider }))).toBeInstanceOf(NotFoundError);
});

it('says what it needs, before anything is sent', async () => {
  const wrong = [
    [{ providerOptions: {} }, { code: 'missing_required_parameter', param: 'providerOptions.bedrock.roleArn' }],
    [{ input_file_id: 'file-1' }, { code: 'invalid_value', param: 'input_file_id' }],
    [{ endpoint: '/v1/embeddings' }, { code: 'invalid_value', param: 'endpoint' }],
    [{ completion_window: '1h' }, { code: 'invalid_value', param: 'completion_window' }],
    [{ model: undefined }, { code: 'missing_required_parameter', param: 'model' }],
  ] as const;
  for (const [change, facts] of wrong) {
    expect(await rejection(rig.llm.batches.create({ ...order, ...change }))).toMatchObject({ kind: 'bad_request', ...facts });
  }
  const { input_file_id: _, ...inline } = order;
  const refused = await rejection(rig.llm.batches.create({ ...inline, requests: [chatRequest('hi')] }));
  expect(refused).toMatchObject({ kind: 'unsupported_operation', param: 'requests' });
  expect(created()).toHaveLength(0);
});

it('does not read results, and says where they are', async () => {
  const { id } = await rig.llm.batches.create(order);
  const error = await rejection(collected(rig.llm.batches.results(id, { provider, minPoll: 0 })));
  expect(error).toMatchObject({ kind: 'unsupported_operation' });
  expect((error as Error).message).toContain('s3://out/results/');
});
