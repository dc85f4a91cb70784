import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Batch } from '../../../src/index.ts';
import { fault } from '../../../src/testing/index.ts';
import { rejection } from '../../support/client.ts';
import { type NativeClient, startNativeClient } from '../../support/native-client.ts';

let rig: NativeClient;
beforeEach(async () => {
  rig = await startNativeClient(['openai', 'azure', 'together_ai', 'anthropic', 'gemini', 'mistral', 'bedrock']);
});
afterEach(() => rig.close());

/** What ours makes of a batch that the provider tells in these words. */
async function read(provider: string, body: object): Promise<Batch> {
  rig.mock.enqueueBatch(provider, fault.status(200, body));
  return rig.llm.batches.retrieve('any', { provider });
}

describe('words of hosts of the OpenAI dialect', () => {
  const batch = { id: 'b', object: 'batch', endpoint: '/v1/chat/completions', input_file_id: 'f', created_at: 1_760_000_000 };

  it.each([
    ['Validating', 'validating'],
    ['VALIDATING', 'validating'],
    ['PROGRESS', 'in_progress'],
    ['InProgress', 'in_progress'],
    ['finalizing', 'finalizing'],
    ['COMPLETED', 'completed'],
    ['canceled', 'cancelled'],
    ['some new word', 'in_progress'],
  ])('"%s" is %s', async (native_status, status) => {
    expect(await read('openai', { ...batch, status: native_status })).toMatchObject({ status, native_status });
  });

  it('times are seconds, milliseconds and ISO 8601', async () => {
    for (const created_at of [1_760_000_000, 1_760_000_000_000, '2025-10-09T08:53:20Z', '1760000000']) {
      expect((await read('openai', { ...batch, status: 'failed', created_at })).created_at).toBe(1_760_000_000);
    }
  });

  it('what is null or strange is left out', async () => {
    const nothing = { total: null, completed: null, failed: null };
    const told = await read('azure', {
      ...batch,
      endpoint: '/chat/completions',
      status: 'in_progress',
      request_counts: nothing,
      output_file_id: '',
      errors: null,
      metadata: null,
      more: { to: 'come' },
    });
    expect(told.endpoint).toBe('/v1/chat/completions');
    for (const name of ['request_counts', 'output_file_id', 'errors', 'metadata', 'completed_at'])
      expect(told).not.toHaveProperty(name);
  });

  it('errors are lists of objects or texts, or one text', async () => {
    const failed = { ...batch, status: 'failed' };
    for (const errors of [{ data: [{ code: 'c', message: 'm', line: 2 }] }, [{ code: 'c', message: 'm', line: 2 }]]) {
      expect((await read('openai', { ...failed, errors })).errors?.data).toEqual([
        { code: 'c', message: 'm', line: 2, param: null },
      ]);
    }
    expect((await read('openai', { ...failed, errors: ['m'] })).errors?.data).toMatchObject([{ message: 'm', line: null }]);
    expect((await read('together_ai', { ...failed, error: 'm' })).errors?.data).toMatchObject([{ message: 'm' }]);
  });

  it('a batch that the queue had no place for says so, and can be made again', async () => {
    const error = { code: 'token_limit_exceeded', message: 'Enqueued token limit reached for m.', line: null, param: null };
    rig.mock.enqueueBatch('openai', { ends: 'failed', errors: [error], visits: 1 });
    const order = { provider: 'openai', endpoint: '/v1/chat/completions', model: 'm', requests: [{ body: { messages: [] } }] };
    const run = rig.llm.batches.run(order.requests, { ...order, minPoll: 1 });
    expect(await rejection(run.done())).toMatchObject({ code: 'token_limit_exceeded', details: { errors: [error] } });
    const { input_file_id } = await run.batch();
    expect((await rig.llm.batches.create({ ...order, requests: undefined, input_file_id })).status).toBe('validating');
  });

  it('an answer that is no batch is none', async () => {
    expect(await rejection(read('openai', { hello: 'world' }))).toMatchObject({ kind: 'response_validation' });
    expect(await rejection(read('openai', { error: { message: 'no', code: 'server_error' } }))).toMatchObject({
      kind: 'internal_server',
    });
  });
});

it.each([
  ['BATCH_STATE_PENDING', 'validating'],
  ['JOB_STATE_QUEUED', 'validating'],
  ['BATCH_STATE_RUNNING', 'in_progress'],
  ['JOB_STATE_PAUSED', 'in_progress'],
  ['JOB_STATE_UPDATING', 'in_progress'],
  ['BATCH_STATE_SUCCEEDED', 'completed'],
  ['JOB_STATE_PARTIALLY_SUCCEEDED', 'completed'],
  ['BATCH_STATE_EXPIRED', 'expired'],
  ['JOB_STATE_CANCELLING', 'cancelling'],
  ['BATCH_STATE_CANCELLED', 'cancelled'],
])("Gemini's %s is %s", async (state, status) => {
  const batch = await read('gemini', { name: 'batches/1', metadata: { state, batchStats: { requestCount: '3' } } });
  expect(batch).toMatchObject({ status, native_status: state, native_counts: { requestCount: 3 } });
  expect(batch.partial).toBe(state.includes('PARTIALLY') ? true : undefined);
});

it("Gemini's failure tells why", async () => {
  const error = { code: 3, status: 'INVALID_ARGUMENT', message: 'Line 2 is no JSON.' };
  const batch = await read('gemini', { name: 'batches/1', done: true, metadata: { state: 'BATCH_STATE_FAILED' }, error });
  expect(batch).toMatchObject({ status: 'failed', errors: { data: [{ code: 'INVALID_ARGUMENT', message: error.message }] } });
});

it.each([
  ['QUEUED', 'validating'],
  ['RUNNING', 'in_progress'],
  ['SUCCESS', 'completed'],
  ['FAILED', 'failed'],
  ['TIMEOUT_EXCEEDED', 'expired'],
  ['CANCELLATION_REQUESTED', 'cancelling'],
  ['CANCELLED', 'cancelled'],
])("Mistral's %s is %s", async (native_status, status) => {
  const errors = native_status === 'FAILED' ? [{ message: 'bad line', count: 2 }] : [];
  const job = {
    id: 'j',
    endpoint: '/v1/chat/completions',
    status: native_status,
    total_requests: 2,
    succeeded_requests: 1,
    errors,
  };
  const batch = await read('mistral', job);
  expect(batch).toMatchObject({ status, native_status });
  expect(batch.errors?.data?.[0]?.message).toBe(native_status === 'FAILED' ? 'bad line' : undefined);
});

it.each([
  ['Submitted', 'validating'],
  ['Validating', 'validating'],
  ['Scheduled', 'in_progress'],
  ['InProgress', 'in_progress'],
  ['Completed', 'completed'],
  ['PartiallyCompleted', 'completed'],
  ['Failed', 'failed'],
  ['Expired', 'expired'],
  ['Stopping', 'cancelling'],
  ['Stopped', 'cancelled'],
])("Bedrock's %s is %s", async (native_status, status) => {
  const batch = await read('bedrock', { jobArn: 'arn', status: native_status, submitTime: '2026-01-01T00:00:00Z' });
  expect(batch).toMatchObject({ status, native_status, created_at: 1_767_225_600 });
});
