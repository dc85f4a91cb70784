import type { MockAnswer, MockRequest } from '../../contract/mock.ts';
import type { MockBatch, MockBatchAPI, MockBatchLine, MockBatchShelf, MockFile } from '../../contract/mock-batches.ts';
import { isRecord } from '../chat-rules.ts';
import { failureAnswer } from './server-failures.ts';

const HEADERS = { 'content-type': 'application/json; charset=UTF-8' };
const CREATION = /^(\/v\d\w*)?\/models\/([^/:]+):batchGenerateContent$/;
const BATCH = /^(?:\/v\d\w*)?\/batches(?:\/([^/:?]+)(:cancel)?)?(?:\?(.*))?$/;
const UPLOAD = /^\/upload\/v\d\w*\/files(?:\?(.*))?$/;
const FILE = /^(?:\/v\d\w*)?\/files(?:\/([^/:?]+)(:download)?)?(?:\?(.*))?$/;

/** gRPC's codes for the statuses of HTTP. */
const GRPC: Readonly<Record<number, number>> = { 400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 503: 14 };
const ENDED = new Set(['completed', 'failed', 'expired', 'cancelled']);

const ok = (body: unknown, headers: Readonly<Record<string, string>> = {}): MockAnswer => ({
  status: 200,
  headers: { ...HEADERS, ...headers },
  body,
});

const refuse = (message: string, status: string): MockAnswer => ({
  status: 400,
  headers: HEADERS,
  body: { error: { code: 400, message, status } },
});

/** Batches and files of the Gemini Developer API, backwards. */
export const geminiBatches: MockBatchAPI = {
  concerns: ({ path }) => [CREATION, BATCH, UPLOAD, FILE].some((route) => route.test(path)),
  async answer(request, shelf, baseURL) {
    const { method, path } = request;
    if (CREATION.test(path)) return create(request, shelf);
    if (UPLOAD.test(path)) return upload(request, shelf, baseURL);
    const [, id, cancels, search = ''] = BATCH.exec(path) ?? [];
    if (!BATCH.test(path)) return answerFile(request, shelf);
    if (id === undefined) {
      const { items, next } = pageOf(shelf.batches, new URLSearchParams(search));
      return ok({ operations: items.map(show), ...next });
    }
    const known = shelf.batches.find((batch) => batch.id === `batches/${id}`);
    if (known === undefined) return failureAnswer('notFound', undefined, {});
    if (method === 'DELETE') return ok({});
    if (cancels === undefined) return ok(show((await shelf.visit(known.id)) ?? known));
    return shelf.cancel(known) === undefined
      ? refuse('The batch has already been completed and cannot be cancelled.', 'FAILED_PRECONDITION')
      : ok({});
  },
  ended(batch, shelf) {
    if (isInline(batch)) return;
    const text = batch.lines.map((line) => `${JSON.stringify({ key: line.customId, ...resultOf(line) })}\n`).join('');
    const file = { filename: `${batch.id}_results`, purpose: 'batch_output', text };
    batch.files.output = shelf.addFile((number) => `files/batch-${number}`, file).id;
  },
};

const inputOf = ({ order }: MockBatch): Record<string, unknown> => (isRecord(order.inputConfig) ? order.inputConfig : {});
const isInline = (batch: MockBatch): boolean => inputOf(batch).fileName === undefined;

function create({ path, body, headers }: MockRequest, shelf: MockBatchShelf): MockAnswer {
  const [, version = '', model = ''] = CREATION.exec(path) ?? [];
  const order = isRecord(body) && isRecord(body.batch) ? body.batch : {};
  const input = isRecord(order.inputConfig) ? order.inputConfig : {};
  const file = shelf.files.find(({ id }) => id === input.fileName);
  if (input.fileName !== undefined && file === undefined) return failureAnswer('notFound', undefined, {});
  const given = isRecord(input.requests) && Array.isArray(input.requests.requests) ? input.requests.requests : linesOf(file);
  if (given.length === 0) return refuse('The batch has no requests.', 'INVALID_ARGUMENT');
  const route = `${version}/models/${model}:generateContent`;
  const lines = given.filter(isRecord).map(({ request, key, metadata }): MockBatchLine => {
    const named = key ?? (isRecord(metadata) ? metadata.key : undefined);
    const customId = typeof named === 'string' ? named : undefined;
    return { customId, request: { method: 'POST', path: route, headers, body: request } };
  });
  return ok(show(shelf.create((number) => `batches/mock${number}`, { ...order, model: `models/${model}` }, lines)));
}

function linesOf(file: MockFile | undefined): unknown[] {
  return (file?.text ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));
}

function resultOf({ outcome }: MockBatchLine): object {
  if (typeof outcome !== 'object') return { error: { code: 1, message: 'The batch was cancelled before this request was run.' } };
  if (outcome.status < 400) return { response: outcome.body };
  const error = isRecord(outcome.body) && isRecord(outcome.body.error) ? outcome.body.error : {};
  return { error: { code: GRPC[outcome.status] ?? 2, message: error.message, details: error.details ?? [] } };
}

const STATES: Readonly<Record<MockBatch['status'], string>> = {
  validating: 'PENDING',
  in_progress: 'RUNNING',
  finalizing: 'RUNNING',
  completed: 'SUCCEEDED',
  failed: 'FAILED',
  expired: 'EXPIRED',
  cancelling: 'RUNNING',
  cancelled: 'CANCELLED',
};

const iso = (ms: number): string => new Date(ms).toISOString();

function show(batch: MockBatch): object {
  const { id, createdAt, order, status, since, lines, errors, files } = batch;
  const answered = lines.map(({ outcome }) => (typeof outcome === 'object' ? outcome.status : 0));
  const count = (matches: (status: number) => boolean): string => String(answered.filter(matches).length);
  const done = ENDED.has(status);
  const end = since[status] ?? createdAt;
  // a batch that expires gives no results at all
  const hasOutput = status === 'completed' || status === 'cancelled';
  const inline = { inlinedResponses: { inlinedResponses: lines.map((line) => inlineResult(line)) } };
  const output = isInline(batch) ? inline : { responsesFile: files.output };
  const metadata = {
    '@type': 'type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch',
    model: order.model,
    displayName: order.displayName,
    ...(isInline(batch) ? {} : { inputConfig: { fileName: inputOf(batch).fileName } }),
    createTime: iso(createdAt),
    ...(done ? { endTime: iso(end) } : {}),
    updateTime: iso(end),
    batchStats: {
      requestCount: String(lines.length),
      pendingRequestCount: done ? '0' : String(lines.length),
      successfulRequestCount: count((one) => one > 0 && one < 400),
      failedRequestCount: count((one) => one >= 400),
    },
    state: `BATCH_STATE_${STATES[status]}`,
    name: id,
    ...(hasOutput ? { output } : {}),
  };
  const [error] = errors;
  const end_ =
    status === 'failed'
      ? { error: { code: 3, message: error?.message ?? 'The batch failed.' } }
      : hasOutput
        ? { response: output }
        : {};
  return { name: id, metadata, ...(done ? { done, ...end_ } : {}) };
}

const inlineResult = (line: MockBatchLine): object => ({
  ...resultOf(line),
  ...(line.customId === undefined ? {} : { metadata: { key: line.customId } }),
});

/** In two steps: the first one tells the address for the second. */
function upload({ path, headers, body }: MockRequest, shelf: MockBatchShelf, baseURL: string): MockAnswer {
  const query = new URLSearchParams(UPLOAD.exec(path)?.[1] ?? '');
  if (headers['x-goog-upload-command'] === 'start') {
    const file = isRecord(body) && isRecord(body.file) ? body.file : {};
    const name = encodeURIComponent(
      String(file.displayName ?? file.display_name ?? headers['x-goog-upload-file-name'] ?? 'upload'),
    );
    const url = `${baseURL}${path.replace(/\?.*$/, '')}?upload_id=mock&upload_protocol=resumable&name=${name}`;
    return { status: 200, headers: { 'x-goog-upload-url': url, 'x-goog-upload-status': 'active' }, body: '' };
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const kept = { filename: query.get('name') ?? 'upload', purpose: 'batch', text };
  const file = shelf.addFile((number) => `files/mock${number}`, kept);
  return ok({ file: showFile(file) }, { 'x-goog-upload-status': 'final' });
}

function answerFile({ method, path }: MockRequest, shelf: MockBatchShelf): MockAnswer {
  const [, id, downloads, search = ''] = FILE.exec(path) ?? [];
  if (id === undefined) {
    const { items, next } = pageOf(shelf.files, new URLSearchParams(search));
    return ok({ files: items.map(showFile), ...next });
  }
  const file = shelf.files.find((one) => one.id === `files/${id}`);
  if (file === undefined) return failureAnswer('notFound', undefined, {});
  if (method === 'DELETE') {
    shelf.deleteFile(file.id);
    return ok({});
  }
  return downloads === undefined
    ? ok(showFile(file))
    : { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: file.text };
}

const showFile = ({ id, filename, text, purpose, createdAt }: MockFile): object => ({
  name: id,
  displayName: filename,
  mimeType: 'application/jsonl',
  sizeBytes: String(new TextEncoder().encode(text).byteLength),
  createTime: iso(createdAt),
  updateTime: iso(createdAt),
  expirationTime: iso(createdAt + 172_800_000),
  state: 'ACTIVE',
  source: purpose === 'batch_output' ? 'GENERATED' : 'UPLOADED',
});

function pageOf<T>(all: readonly T[], query: URLSearchParams): { readonly items: readonly T[]; readonly next: object } {
  const from = Number(query.get('pageToken') ?? 0);
  const to = from + Number(query.get('pageSize') ?? 50);
  return { items: all.slice(from, to), next: all.length > to ? { nextPageToken: String(to) } : {} };
}
