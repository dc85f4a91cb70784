import { BadRequestError, ConflictError, NotFoundError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatchServer } from '../support/batch-server.ts';
import { lineOf, MODEL, startBatchServer } from '../support/batch-server.ts';
import { rejectionOf } from '../support/layered.ts';

/** Every case of the reference system's error suite, through the official client, with the whole envelope. */
let server: BatchServer;

beforeAll(async () => {
  server = await startBatchServer();
});
afterAll(() => server.close());

type Failed = { readonly status: number; readonly error: object };

/** What a refused call answers with. */
async function refusal(promise: Promise<unknown>, type: abstract new (...args: never[]) => Error): Promise<Failed> {
  const error = await rejectionOf(promise);
  expect(error).toBeInstanceOf(type);
  const { status, error: body } = error as Failed;
  return { status, error: body };
}

/** The errors of a batch that fails. */
async function errorsOf(lines: readonly object[], more?: object): Promise<object[]> {
  const batch = await server.create(await server.upload(lines), more);
  expect(batch.status).toBe('validating');
  const ended = await server.ended(batch);
  expect(ended.status).toBe('failed');
  expect(ended.failed_at).toEqual(expect.any(Number));
  expect(ended.errors?.object).toBe('list');
  expect(ended.output_file_id).toBeUndefined();
  return ended.errors?.data ?? [];
}

describe('files and input', () => {
  it('an unknown file id is no refusal: the batch fails', async () => {
    const batch = await server.create('file-nonexistent-xyz');
    expect(batch.status).toBe('validating');
    const { status, errors, failed_at } = await server.ended(batch);
    expect(status).toBe('failed');
    expect(failed_at).toEqual(expect.any(Number));
    expect(errors).toEqual({
      object: 'list',
      data: [
        {
          code: 'invalid_request',
          message: 'Cannot find file file-nonexistent-xyz, or this server has no access to it.',
          line: null,
          param: 'file_id',
        },
      ],
    });
  });

  it('a broken line after a valid one is found by its number', async () => {
    const text = `${JSON.stringify({ ...lineOf('valid'), body: { model: 'test' } })}\n{invalid json here`;
    const batch = await server.create(await server.upload(text, 'malformed_batch_input.jsonl'));
    const { errors } = await server.ended(batch);
    expect(errors?.data?.at(-1)).toEqual({
      code: 'invalid_json_line',
      message: 'This line is not parseable as valid JSON.',
      line: 2,
      param: null,
    });
  });

  it.each([
    ['empty', ''],
    ['malformed', '{malformed json'],
  ])('an upload that is %s is refused', async (_, content) => {
    expect(await refusal(server.upload(content, 'malformed_batch_input_file.jsonl'), BadRequestError)).toEqual({
      status: 400,
      error: {
        message: 'Invalid file format for Batch API. Must be .jsonl',
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    });
  });

  it('each of the four members of a line must be there; errors come in their order', async () => {
    const missing = (param: string, line: number): object => ({
      code: 'missing_required_parameter',
      message: `Missing required parameter: '${param}'.`,
      line,
      param,
    });
    const lines = [
      lineOf('x', { custom_id: undefined }),
      lineOf('no-method', { method: undefined }),
      lineOf('no-url', { url: undefined }),
      lineOf('no-body', { body: undefined }),
    ];
    expect(await errorsOf(lines)).toEqual([missing('custom_id', 1), missing('method', 2), missing('url', 3), missing('body', 4)]);
  });

  it('model and messages of a body must be there', async () => {
    const body = { model: MODEL, messages: [{ role: 'user', content: 'Hello' }], max_tokens: 10 };
    const lines = [
      lineOf('no-model', { body: { ...body, model: undefined } }),
      lineOf('no-messages', { body: { ...body, messages: undefined } }),
    ];
    expect(await errorsOf(lines)).toEqual([
      { code: 'invalid_request', message: 'Model parameter is required.', line: 1, param: 'body.model' },
      { code: 'invalid_request', message: 'Messages parameter is required.', line: 2, param: 'body.messages' },
    ]);
  });
});

describe('endpoint and model', () => {
  it('an unknown endpoint is refused at once', async () => {
    const file = await server.upload([lineOf('invalid-endpoint')]);
    expect(await refusal(server.create(file, { endpoint: '/v1/invalid/endpoint' }), BadRequestError)).toEqual({
      status: 400,
      error: {
        message:
          "Invalid value: '/v1/invalid/endpoint'. Supported values are: '/v1/chat/completions', '/v1/completions', '/v1/embeddings'.",
        type: 'invalid_request_error',
        param: 'endpoint',
        code: 'invalid_value',
      },
    });
  });

  it('a line with the URL of another endpoint gives one error', async () => {
    expect(await errorsOf([lineOf('mismatch', { url: '/v1/embeddings' })])).toEqual([
      {
        code: 'invalid_url',
        message: 'The URL provided for this request does not match the batch endpoint.',
        line: 1,
        param: 'url',
      },
    ]);
  });

  it('an unknown model gives one error', async () => {
    const body = { model: 'nonexistent-model-xyz', messages: [{ role: 'user', content: 'Hello' }] };
    expect(await errorsOf([lineOf('invalid-model', { body })])).toEqual([
      {
        code: 'model_not_found',
        message: expect.stringMatching(/^The provided model 'nonexistent-model-xyz' is not supported by the Batch API\./),
        line: 1,
        param: 'body.model',
      },
    ]);
  });
});

describe('the life of a batch', () => {
  const missing = (id: string): object => ({
    message: `No batch found with id '${id}'.`,
    type: 'invalid_request_error',
    param: null,
    code: null,
  });

  it('an unknown batch is not found', async () => {
    const failed = { status: 404, error: missing('batch-nonexistent-xyz') };
    expect(await refusal(server.openai.batches.retrieve('batch-nonexistent-xyz'), NotFoundError)).toEqual(failed);
    expect(await refusal(server.openai.batches.cancel('batch-nonexistent-xyz'), NotFoundError)).toEqual(failed);
  });

  it('a completed batch can not be cancelled, whatever became of its files', async () => {
    const batch = await server.create(await server.upload([lineOf('cancel-completed')]));
    const ended = await server.ended(batch);
    expect(ended.status).toBe('completed');
    const output = ended.output_file_id ?? '';
    expect(await server.openai.files.delete(output)).toEqual({ id: output, object: 'file', deleted: true });
    expect(await refusal(server.openai.batches.cancel(batch.id), ConflictError)).toEqual({
      status: 409,
      error: {
        message: "Cannot cancel a batch with status 'completed'.",
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    });
  });
});

describe('parameters', () => {
  it.each(['1h', '48h', 'invalid', ''])('the window "%s" is refused', async (completion_window) => {
    const file = await server.upload([lineOf('window')]);
    expect(await refusal(server.create(file, { completion_window }), BadRequestError)).toEqual({
      status: 400,
      error: {
        message: `Invalid value: '${completion_window}'. Supported values are: '24h'.`,
        type: 'invalid_request_error',
        param: 'completion_window',
        code: 'invalid_value',
      },
    });
  });

  it('metadata is text', async () => {
    const file = await server.upload([lineOf('metadata')]);
    expect(await refusal(server.create(file, { metadata: { tags: ['tag1', 'tag2'] } }), BadRequestError)).toEqual({
      status: 400,
      error: {
        message: "Invalid type for 'metadata.tags': expected a string, but got an array instead.",
        type: 'invalid_request_error',
        param: 'metadata.tags',
        code: 'invalid_type',
      },
    });
  });
});

describe('streaming', () => {
  const streaming = (custom_id: string): object =>
    lineOf(custom_id, { body: { model: MODEL, messages: [{ role: 'user', content: 'Hello' }], stream: true } });
  const error = (line: number): object => ({
    code: 'streaming_unsupported',
    message: 'Chat Completions: Streaming is not supported in the Batch API.',
    line,
    param: 'body.stream',
  });

  it('is not supported', async () => {
    expect(await errorsOf([streaming('streaming-test')])).toEqual([error(1)]);
  });

  it('in one line fails an otherwise valid batch, and nothing runs', async () => {
    const before = server.mock.requests.length;
    expect(await errorsOf([lineOf('valid'), streaming('streaming-request')])).toEqual([error(2)]);
    expect(server.mock.requests).toHaveLength(before);
  });
});
