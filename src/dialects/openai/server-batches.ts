import { LineCheck } from '../../contract/batch-line-check.ts';
import type { MockAnswer, MockRequest } from '../../contract/mock.ts';
import type { MockBatch, MockBatchAPI, MockBatchLine, MockBatchShelf } from '../../contract/mock-batches.ts';
import { isRecord } from '../chat-rules.ts';
import type { MockFileWords } from './server-files.ts';
import { answerFiles, found, hex, slice } from './server-files.ts';

const HEADERS = { 'x-request-id': 'req_mock_openai' };
const ENDPOINTS = ['/v1/responses', '/v1/chat/completions', '/v1/embeddings', '/v1/completions', '/v1/moderations'];
const ROUTE = /^(?:\/openai)?(?:\/v1)?(\/(?:batches|files)(?:\/[^?]*)?)(?:\?(.*))?$/;
const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.floor(ms / 1000));

/** What tells the batches of one host from OpenAI's. */
export interface MockBatchWords {
  readonly show: (batch: MockBatch) => object;
  readonly created?: (batch: object) => object;
  readonly list: (batches: readonly object[], hasMore: boolean) => object;
  /** Lists are given as a whole. */
  readonly unpaged?: boolean;
  /** Any window is taken. */
  readonly anyWindow?: boolean;
  /** Endpoints and the URLs of lines are written without `/v1`. */
  readonly unversioned?: boolean;
  readonly files: MockFileWords;
}

export const refuse = (status: number, message: string, param: string | null, code: string | null = null): MockAnswer => ({
  status,
  headers: HEADERS,
  body: { error: { message, type: 'invalid_request_error', param, code } },
});

/** OpenAI's batches and files, backwards. */
export function mockBatches(words: MockBatchWords): MockBatchAPI {
  return {
    concerns: ({ path }) => ROUTE.test(path),
    async answer(request, shelf) {
      const { method } = request;
      const [, path = '', search = ''] = ROUTE.exec(request.path) ?? [];
      const query = new URLSearchParams(search);
      if (path.startsWith('/files')) return answerFiles({ method, path, query, request }, shelf, words.files);
      if (path === '/batches') {
        if (method === 'POST') return create(request, shelf, words);
        const { items, hasMore } = slice(shelf.batches, words.unpaged === true ? new URLSearchParams() : query, 20);
        return found(words.list(items.map(words.show), hasMore));
      }
      const [, id = '', cancels] = /^\/batches\/([^/]+)(\/cancel)?$/.exec(path) ?? [];
      const batch =
        cancels === undefined ? await shelf.visit(decodeURIComponent(id)) : shelf.batches.find((one) => one.id === id);
      if (batch === undefined) return refuse(404, `No batch found with id '${id}'.`, null);
      if (cancels !== undefined && shelf.cancel(batch) === undefined) {
        return refuse(409, `Cannot cancel a batch with status '${batch.status}'.`, null);
      }
      return found(words.show(batch));
    },
    ended(batch, shelf) {
      const lines = batch.lines.map((line, i) => ({ good: isGood(line), text: JSON.stringify(resultOf(line, i)) }));
      const write = (kind: 'output' | 'error', good: boolean): void => {
        const text = lines.filter((line) => line.good === good).map((line) => `${line.text}\n`);
        if (text.length === 0) return;
        const file = { filename: `${batch.id}_${kind}.jsonl`, purpose: 'batch_output', text: text.join('') };
        batch.files[kind] = shelf.addFile((number) => `file-${hex(number)}`, file).id;
      };
      write('output', true);
      write('error', false);
    },
  };
}

function create({ body, headers }: MockRequest, shelf: MockBatchShelf, words: MockBatchWords): MockAnswer {
  const order = isRecord(body) ? body : {};
  const { endpoint, completion_window: window, input_file_id: fileId } = order;
  const given = String(endpoint);
  const known = words.unversioned === true ? ENDPOINTS.map((one) => one.slice('/v1'.length)) : ENDPOINTS;
  if (!known.includes(given)) {
    const supported = known.map((one) => `'${one}'`).join(', ');
    return refuse(400, `Invalid value: '${given}'. Supported values are: ${supported}.`, 'endpoint', 'invalid_value');
  }
  if (window !== '24h' && words.anyWindow !== true) {
    return refuse(400, `Invalid value: '${window}'. Supported values are: '24h'.`, 'completion_window', 'invalid_value');
  }
  const file = shelf.files.find(({ id }) => id === fileId);
  const check = new LineCheck({ endpoint: given, mixedModels: false });
  const lines: MockBatchLine[] = [];
  if (file === undefined) {
    check.add(
      'invalid_request',
      `Cannot find file ${fileId}, or organization org-mock does not have access to it.`,
      null,
      'file_id',
    );
  }
  for (const [i, text] of (file?.text ?? '').split('\n').entries()) {
    if (text.trim() !== '') readLine(text, i + 1, { check, lines, headers });
  }
  const batch = shelf.create((number) => `batch_${hex(number)}`, order, lines, check.errors);
  const shown = words.show(batch);
  return found(words.created?.(shown) ?? shown);
}

function readLine(
  text: string,
  number: number,
  { check, lines, headers }: { check: LineCheck; lines: MockBatchLine[]; headers: MockRequest['headers'] },
): void {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch {
    return check.add('invalid_json_line', 'This line is not parseable as valid JSON.', number);
  }
  const customId = check.check(number, line);
  const { url, body } = line as { readonly url?: unknown; readonly body?: unknown };
  lines.push({ customId, request: { method: 'POST', path: String(url).replace(/^(?!\/v1)/, '/v1'), headers, body } });
}

const isGood = ({ outcome }: MockBatchLine): boolean => typeof outcome === 'object' && outcome.status < 400;

const UNRUN = {
  expired: { code: 'batch_expired', message: 'This request could not be executed before the completion window expired.' },
  cancelled: { code: 'batch_cancelled', message: 'This request was not executed because the batch was cancelled.' },
} as const;

function resultOf({ customId, outcome }: MockBatchLine, index: number): object {
  const head = { id: `batch_req_${hex(index)}`, custom_id: customId };
  if (typeof outcome !== 'object') return { ...head, response: null, error: UNRUN[outcome ?? 'expired'] };
  const response = { status_code: outcome.status, request_id: `req_line_${index}`, body: outcome.body };
  return { ...head, response, error: null };
}

/** A batch in OpenAI's own words. */
export function showBatch(batch: MockBatch): object {
  const { id, createdAt, order, status, since, errors, files, lines } = batch;
  const ended = lines.filter(({ outcome }) => outcome !== undefined);
  return {
    id,
    object: 'batch',
    endpoint: order.endpoint,
    errors: status === 'failed' ? { object: 'list', data: errors } : null,
    input_file_id: order.input_file_id,
    completion_window: order.completion_window,
    status,
    output_file_id: files.output ?? null,
    error_file_id: files.error ?? null,
    created_at: seconds(createdAt),
    in_progress_at: seconds(since.in_progress) ?? null,
    expires_at: (seconds(createdAt) ?? 0) + 86_400,
    finalizing_at: seconds(since.completed) ?? null,
    completed_at: seconds(since.completed) ?? null,
    failed_at: seconds(since.failed) ?? null,
    expired_at: seconds(since.expired) ?? null,
    cancelling_at: seconds(since.cancelling) ?? null,
    cancelled_at: seconds(since.cancelled) ?? null,
    request_counts: {
      total: since.in_progress === undefined ? 0 : lines.length,
      completed: ended.filter(isGood).length,
      failed: ended.filter((line) => !isGood(line)).length,
    },
    metadata: order.metadata ?? null,
  };
}

const listed = (data: readonly object[], has_more: boolean): object => {
  const ids = data.map((item) => (item as { readonly id: string }).id);
  return { object: 'list', data, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null, has_more };
};

export const openaiFileWords: MockFileWords = {
  show: ({ id, filename, purpose, text, createdAt }) => ({
    id,
    object: 'file',
    bytes: new TextEncoder().encode(text).byteLength,
    created_at: seconds(createdAt),
    expires_at: purpose === 'batch' ? (seconds(createdAt) ?? 0) + 2_592_000 : null,
    filename,
    purpose,
    status: 'processed',
    status_details: null,
  }),
  list: listed,
  deleted: (id) => ({ id, object: 'file', deleted: true }),
  refuse,
};

export const openaiBatches: MockBatchAPI = mockBatches({ show: showBatch, list: listed, files: openaiFileWords });

/** Groq's: other windows, no pages. */
export const groqBatches: MockBatchAPI = mockBatches({
  show: showBatch,
  list: (data) => ({ object: 'list', data }),
  anyWindow: true,
  unpaged: true,
  files: { ...openaiFileWords, list: (data) => ({ object: 'list', data }) },
});

/** Azure's dated API writes endpoints without a version. */
export const datedAzureBatches: MockBatchAPI = mockBatches({
  show: showBatch,
  list: listed,
  unversioned: true,
  files: openaiFileWords,
});

const iso = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());

/** Together's: the batch inside `job` when it was just made, times in ISO 8601, statuses in capitals, bare lists, uploads of its own. */
export const togetherBatches: MockBatchAPI = mockBatches({
  show: ({ id, order, createdAt, since, status, files, errors, lines }) => ({
    id,
    user_id: 'user-mock',
    input_file_id: order.input_file_id,
    file_size_bytes: 1,
    // it has no word for a batch that is being cancelled
    status: status === 'cancelling' ? 'IN_PROGRESS' : status.toUpperCase(),
    job_deadline: iso(createdAt + 86_400_000),
    created_at: iso(createdAt),
    endpoint: order.endpoint,
    progress: lines.length === 0 ? 0 : (100 * lines.filter(({ outcome }) => outcome !== undefined).length) / lines.length,
    model_id: '',
    output_file_id: files.output ?? '',
    error_file_id: files.error ?? '',
    error: errors.map(({ message }) => message).join('; '),
    completed_at: iso(since.completed ?? since.failed ?? since.expired ?? since.cancelled),
  }),
  created: (job) => ({ job, warning: '' }),
  list: (data) => data,
  anyWindow: true,
  unpaged: true,
  files: {
    ...openaiFileWords,
    show: ({ id, filename, text, createdAt }) => ({
      id,
      object: 'file',
      created_at: seconds(createdAt),
      filename,
      bytes: text.length,
      purpose: 'batch-api',
      Processed: true,
      FileType: 'jsonl',
      LineCount: 0,
    }),
    list: (data) => ({ data }),
    deleted: (id) => ({ id, deleted: true }),
    uploads: ['/files/upload'],
  },
});
