import type { Batch, ListPage } from '../../contract/batches.ts';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, Operation } from '../../contract/codec.ts';
import type { BatchRecord } from '../../contract/native-batches.ts';
import type { Wire, WireMessage } from '../../contract/wire.ts';
import { cancelOperation } from '../../dialects/batch-cancel.ts';
import type { LineCodec, LineCodecs } from '../../dialects/batch-lines.ts';
import { checkEndpoint, encodeLines, refusedOrder } from '../../dialects/batch-lines.ts';
import { hoursOf, nativeBatch, numbersIn, pageOf, queryOf, secondsOf } from '../../dialects/batch-objects.ts';
import type { RecordPlace } from '../../dialects/batch-records.ts';
import { answeredRecord, failedRecord, RecordDecoder, RecordTally } from '../../dialects/batch-records.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { refuseFailure } from '../../dialects/openai/body-failure.ts';
import type { FileOperations } from '../../dialects/openai/files.ts';
import { fileOf, fileOperations } from '../../dialects/openai/files.ts';
import { unsupported } from '../../dialects/params.ts';
import { endedStream } from '../../wire/ended-stream.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { unrepeatable } from '../../wire/unrepeatable.ts';

type BatchOperations = {
  readonly [K in 'createBatch' | 'retrieveBatch' | 'listBatches' | 'cancelBatch' | 'batchResults']: Operation<K>;
};

const ROOT = '/v1/batch/jobs';
/** Endpoints that have another name here. */
const NAMES: Readonly<Record<string, string>> = { '/v1/completions': '/v1/fim/completions' };
const PAGE = 20;
const FILE_PAGE = 100;

const at = (id: string, action = ''): string => `${ROOT}/${encodeURIComponent(id)}${action}`;

/** Mistral's batch jobs and files. Lines have no model and no URL of their own: a job has one of each. */
export function batchOperations(wire: Wire, codecs: LineCodecs): BatchOperations & FileOperations {
  const retrieve = (id: string): WireMessage => ({ method: 'GET', path: at(id) });
  const recordsOf = (place: RecordPlace): ((line: unknown) => BatchRecord | undefined) => {
    const codec = codecs[place.call.request.batch.endpoint];
    return (line) => recordOf(line, place, codec);
  };
  const fromFile = streamOperation<'batchResults'>(wire, {
    framing: 'json-lines',
    encode: ({ request }) => ({ method: 'GET', path: `/v1/files/${encodeURIComponent(request.file ?? '')}/content` }),
    decoder: ({ call }) => new RecordDecoder(recordsOf({ wire, call })),
    tally: () => new RecordTally(),
  });
  const fromJob = replyOperation<'batchResults'>(wire, {
    encode: ({ request }) => ({ method: 'GET', path: at(request.batch.id, '?inline=true') }),
    decode(body, { call }) {
      const outputs = isRecord(body) && Array.isArray(body.outputs) ? body.outputs : [];
      const read = recordsOf({ wire, call });
      return endedStream(outputs.flatMap((line) => read(line) ?? []));
    },
  });
  const files = fileOperations(wire, {}, '/v1');
  return {
    createBatch: unrepeatable(
      replyOperation<'createBatch'>(wire, { encode: (call) => creation(call, codecs), decode: decodeJob }),
    ),
    retrieveBatch: replyOperation<'retrieveBatch'>(wire, { encode: ({ request }) => retrieve(request.id), decode: decodeJob }),
    listBatches: replyOperation<'listBatches'>(wire, {
      encode: ({ request: { after, limit = PAGE } }) => ({
        method: 'GET',
        path: `${ROOT}${queryOf({ page: pageNumber(after), page_size: limit })}`,
      }),
      decode: (body, context) => decodePage(body, context, jobOf, PAGE),
    }),
    cancelBatch: cancelOperation(wire, { cancel: (id) => ({ path: at(id, '/cancel') }), retrieve, decode: decodeJob }),
    batchResults: async (call) => (call.request.file === null ? fromJob(call) : fromFile(call)),
    ...files,
    uploadFile: async (call) => {
      if (call.request.expires_after !== undefined) unsupported(call, 'expires_after');
      return files.uploadFile({ ...call, request: { ...call.request, expires_after: undefined } });
    },
    listFiles: replyOperation<'listFiles'>(wire, {
      encode: ({ request: { after, limit = FILE_PAGE, purpose } }) => ({
        method: 'GET',
        path: `/v1/files${queryOf({ page: pageNumber(after), page_size: limit, purpose })}`,
      }),
      decode: (body, context) => decodePage(body, context, fileOf, FILE_PAGE),
    }),
  };
}

/** Pages have numbers here; an id that comes as `after` names none, which gives the first page. */
const pageNumber = (after: string | undefined): number => (/^\d+$/.test(after ?? '') ? Number(after) : 0);

async function creation(call: Call<'createBatch'>, codecs: LineCodecs): Promise<WireMessage> {
  const {
    lines,
    input_file_id,
    endpoint,
    metadata,
    completion_window: window,
    output_expires_after,
    providerOptions,
  } = call.request;
  const { provider } = call.target;
  const traits = { codecs, mixedModels: false, maxLines: 10_000, anyEndpoint: lines === undefined };
  const hours = window === undefined ? undefined : hoursOf(window);
  if (window !== undefined && hours === undefined) {
    throw refusedOrder(
      provider,
      `Invalid value: '${window}'. Supported values are hours and days such as '24h'.`,
      'completion_window',
    );
  }
  if (output_expires_after) unsupported(call, 'output_expires_after');
  checkEndpoint(call, traits);
  const encoded = lines === undefined ? undefined : await encodeLines(call, traits);
  const model = encoded?.[0]?.model ?? call.target.model;
  return {
    path: ROOT,
    body: {
      ...(encoded === undefined
        ? { input_files: [input_file_id] }
        : { requests: encoded.map(({ customId, body }) => ({ custom_id: customId, body: withoutModel(body) })) }),
      endpoint: NAMES[endpoint] ?? endpoint,
      ...(model === '' ? {} : { model }),
      ...(metadata ? { metadata } : {}),
      ...(hours === undefined ? {} : { timeout_hours: hours }),
      ...providerOptions?.[provider],
    },
  };
}

function withoutModel(body: object): object {
  const { model: _, ...rest } = body as { readonly model?: unknown };
  return rest;
}

function recordOf(line: unknown, place: RecordPlace, codec: LineCodec | undefined): BatchRecord | undefined {
  if (!isRecord(line)) return undefined;
  const customId = String(line.custom_id ?? '');
  const response = isRecord(line.response) ? line.response : undefined;
  const status = typeof response?.status_code === 'number' ? response.status_code : undefined;
  const body = response === undefined ? line.error : parsed(response.body);
  const id = typeof response?.request_id === 'string' ? response.request_id : '';
  if (response === undefined || (status ?? 200) >= 400) {
    return failedRecord(place, customId, { status, body: isRecord(body) ? body : { message: String(body ?? '') } }, id);
  }
  if (codec !== undefined) return answeredRecord(place, customId, body, codec, id);
  const told = isRecord(body) ? body : { value: body };
  return () => ({
    id: `batch_req_${customId}`,
    custom_id: customId,
    response: { status_code: status ?? 200, request_id: id, body: told },
    error: null,
  });
}

function parsed(body: unknown): unknown {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}

function decodeJob(body: unknown, context: DecodeContext): Batch {
  if (!isRecord(body)) throw context.invalid('the answer is no JSON object');
  if (typeof body.id !== 'string') {
    refuseFailure(body, context);
    throw context.invalid('no "id" in the answer');
  }
  return jobOf(body);
}

function decodePage<T extends { readonly id: string }>(
  body: unknown,
  { call, invalid }: DecodeContext<'listBatches' | 'listFiles'>,
  read: (item: Record<string, unknown>) => T,
  size: number,
): ListPage<T> {
  const { data = [], total } = isRecord(body) ? body : {};
  if (!Array.isArray(data)) throw invalid('"data" in the answer is no list');
  const { after, limit = size } = call.request;
  const next = pageNumber(after) + 1;
  const more = typeof total === 'number' && next * limit < total && data.length > 0;
  return pageOf(data.filter(isRecord).map(read), more, more ? String(next) : undefined);
}

const STATUSES: Readonly<Record<string, Batch['status']>> = {
  QUEUED: 'validating',
  RUNNING: 'in_progress',
  SUCCESS: 'completed',
  FAILED: 'failed',
  TIMEOUT_EXCEEDED: 'expired',
  CANCELLATION_REQUESTED: 'cancelling',
  CANCELLED: 'cancelled',
};

function jobOf(job: Record<string, unknown>): Batch {
  const native_status = String(job.status ?? '');
  const status = STATUSES[native_status] ?? 'in_progress';
  const { total_requests, completed_requests, succeeded_requests, failed_requests } = job;
  const native_counts = numbersIn({ total_requests, completed_requests, succeeded_requests, failed_requests });
  const { total_requests: total = 0, succeeded_requests: completed = 0, failed_requests: failed = 0 } = native_counts;
  const ended = status === 'completed' || status === 'failed' || status === 'expired' || status === 'cancelled';
  const [input] = Array.isArray(job.input_files) ? job.input_files : [];
  const endpoint = String(job.endpoint ?? '');
  const hours = typeof job.timeout_hours === 'number' ? `${job.timeout_hours}h` : undefined;
  const errors = Array.isArray(job.errors) ? job.errors.filter(isRecord) : [];
  return nativeBatch({
    id: String(job.id),
    endpoint: endpoint === '/v1/fim/completions' ? '/v1/completions' : endpoint,
    status,
    native_status,
    created_at: secondsOf(job.created_at) ?? 0,
    in_progress_at: secondsOf(job.started_at),
    ended_at: secondsOf(job.completed_at),
    input_file_id: typeof input === 'string' ? input : undefined,
    completion_window: hours,
    metadata: isRecord(job.metadata) ? (job.metadata as Record<string, string>) : undefined,
    model: typeof job.model === 'string' ? job.model : undefined,
    output_file_id: typeof job.output_file === 'string' ? job.output_file : undefined,
    error_file_id: typeof job.error_file === 'string' ? job.error_file : undefined,
    native_counts,
    counts: { total, completed, failed: ended ? total - completed : failed },
    errors: errors.map(({ message }) => ({ message: String(message ?? '') })),
    partial: ended && status !== 'failed' && completed + failed < total,
  });
}
