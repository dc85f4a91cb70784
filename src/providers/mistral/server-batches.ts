import type { MockAnswer, MockRequest } from '../../contract/mock.ts';
import type { MockBatch, MockBatchAPI, MockBatchLine, MockBatchShelf, MockFile } from '../../contract/mock-batches.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import type { MockFileWords } from '../../dialects/openai/server-files.ts';
import { answerFiles } from '../../dialects/openai/server-files.ts';

const HEADERS = { 'mistral-correlation-id': 'mock-correlation' };
const JOBS = /^\/v1\/batch\/jobs(?:\/([^/?]+)(\/cancel)?)?(?:\?(.*))?$/;
const FILES = /^\/v1(\/files(?:\/[^?]*)?)(?:\?(.*))?$/;
const ENDPOINTS = new Set(['/v1/chat/completions', '/v1/embeddings', '/v1/fim/completions', '/v1/moderations']);

const ok = (body: unknown): MockAnswer => ({ status: 200, headers: HEADERS, body });
const refuse = (status: number, message: string, type: string): MockAnswer => ({
  status,
  headers: HEADERS,
  body: { object: 'error', message, type, param: null, code: null, raw_status_code: status },
});

const seconds = (ms: number): number => Math.floor(ms / 1000);
const uuid = (number: number): string => `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;

const showFile = ({ id, filename, purpose, text, createdAt }: MockFile): object => ({
  id,
  object: 'file',
  bytes: new TextEncoder().encode(text).byteLength,
  created_at: seconds(createdAt),
  filename,
  purpose: purpose === 'batch_output' ? 'batch' : purpose,
  sample_type: purpose === 'batch_output' ? 'batch_result' : 'batch_request',
  num_lines: text.split('\n').filter(Boolean).length,
  source: purpose === 'batch_output' ? 'mistral' : 'upload',
  mimetype: 'application/jsonl',
  signature: null,
  deleted: false,
});

const FILE_WORDS: MockFileWords = {
  show: showFile,
  list: (data) => ({ data, object: 'list', total: data.length }),
  deleted: (id) => ({ id, object: 'file', deleted: true }),
  refuse: (status, message) => refuse(status, message, 'invalid_file'),
};

/** Batch jobs and files of Mistral's platform, backwards. */
export const mistralBatches: MockBatchAPI = {
  concerns: ({ path }) => JOBS.test(path) || FILES.test(path),
  async answer(request, shelf) {
    const { method } = request;
    const [, path, filesQuery = ''] = FILES.exec(request.path) ?? [];
    if (path === '/files' && method === 'GET') return page(shelf.files, new URLSearchParams(filesQuery), showFile);
    if (path !== undefined) {
      return answerFiles({ method, path, query: new URLSearchParams(filesQuery), request }, shelf, FILE_WORDS);
    }
    const [, id, cancels, search = ''] = JOBS.exec(request.path) ?? [];
    const query = new URLSearchParams(search);
    if (id === undefined) return method === 'POST' ? create(request, shelf) : page(shelf.batches, query, show);
    const known = shelf.batches.find((batch) => batch.id === id);
    if (known === undefined) return refuse(404, `Job with id ${id} not found.`, 'not_found');
    if (cancels !== undefined) {
      const cancelled = shelf.cancel(known);
      return cancelled === undefined
        ? refuse(400, 'Only queued or running jobs can be cancelled.', 'invalid_request')
        : ok(show(cancelled));
    }
    if (query.get('inline') === 'true')
      return ok({ ...show(known), outputs: isInline(known) ? resultsOf(known).map(resultOf) : null });
    return ok(show((await shelf.visit(id)) ?? known));
  },
  ended(batch, shelf) {
    if (isInline(batch)) return;
    const write = (kind: 'output' | 'error', good: boolean): void => {
      const text = resultsOf(batch)
        .filter((line) => isGood(line) === good)
        .map((line) => `${JSON.stringify(resultOf(line))}\n`);
      if (text.length === 0) return;
      batch.files[kind] = shelf.addFile(uuid, { filename: `${kind}.jsonl`, purpose: 'batch_output', text: text.join('') }).id;
    };
    write('output', true);
    write('error', false);
  },
};

const isInline = ({ order }: MockBatch): boolean => Array.isArray(order.requests);

function create({ body, headers }: MockRequest, shelf: MockBatchShelf): MockAnswer {
  const order = isRecord(body) ? body : {};
  const { endpoint, model, input_files: inputs } = order;
  if (!ENDPOINTS.has(String(endpoint))) return refuse(422, `Unknown endpoint ${endpoint}`, 'invalid_request');
  const [name] = Array.isArray(inputs) ? inputs : [];
  const file = shelf.files.find(({ id }) => id === name);
  if (name !== undefined && file === undefined) return refuse(404, `File ${name} not found.`, 'invalid_file');
  const given = Array.isArray(order.requests) ? order.requests : linesOf(file);
  if (given.length === 0) return refuse(422, 'Either input_files or requests must be given.', 'invalid_request');
  const lines = given.filter(isRecord).map(({ custom_id, body: params }): MockBatchLine => {
    const request = { method: 'POST', path: String(endpoint), headers, body: { ...(isRecord(params) ? params : {}), model } };
    return { customId: typeof custom_id === 'string' ? custom_id : undefined, request };
  });
  return ok(show(shelf.create(uuid, order, lines)));
}

function linesOf(file: MockFile | undefined): unknown[] {
  const lines = (file?.text ?? '').split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => JSON.parse(line));
}

function page<T>(all: readonly T[], query: URLSearchParams, read: (item: T) => object): MockAnswer {
  const size = Number(query.get('page_size') ?? 100);
  const from = Number(query.get('page') ?? 0) * size;
  return ok({ object: 'list', data: all.slice(from, from + size).map(read), total: all.length });
}

/** Lines that were never run are told nowhere. */
const resultsOf = ({ lines }: MockBatch): MockBatchLine[] => lines.filter(({ outcome }) => typeof outcome === 'object');
const isGood = ({ outcome }: MockBatchLine): boolean => typeof outcome === 'object' && outcome.status < 400;

function resultOf({ customId, outcome }: MockBatchLine): object {
  if (typeof outcome !== 'object') return {};
  const response = { status_code: outcome.status, body: outcome.body };
  return { id: `batch-${customId}`, custom_id: customId ?? null, response, error: null };
}

const STATUSES: Readonly<Record<MockBatch['status'], string>> = {
  validating: 'QUEUED',
  in_progress: 'RUNNING',
  finalizing: 'RUNNING',
  completed: 'SUCCESS',
  failed: 'FAILED',
  expired: 'TIMEOUT_EXCEEDED',
  cancelling: 'CANCELLATION_REQUESTED',
  cancelled: 'CANCELLED',
};
const ENDED = new Set(['completed', 'failed', 'expired', 'cancelled']);

function show(batch: MockBatch): object {
  const { id, createdAt, order, status, since, files, errors, lines } = batch;
  const results = resultsOf(batch);
  const succeeded = results.filter(isGood).length;
  const end = since[status];
  return {
    id,
    object: 'batch',
    input_files: order.input_files ?? [],
    metadata: order.metadata ?? null,
    endpoint: order.endpoint,
    model: order.model ?? null,
    agent_id: null,
    output_file: files.output ?? null,
    error_file: files.error ?? null,
    errors: errors.map(({ message }) => ({ message, count: 1 })),
    outputs: null,
    status: STATUSES[status],
    created_at: seconds(createdAt),
    total_requests: lines.length,
    completed_requests: results.length,
    succeeded_requests: succeeded,
    failed_requests: results.length - succeeded,
    started_at: since.in_progress === undefined ? null : seconds(since.in_progress),
    completed_at: ENDED.has(status) && end !== undefined ? seconds(end) : null,
    timeout_hours: order.timeout_hours ?? 24,
  };
}
