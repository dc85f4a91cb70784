import type { Batch, ListPage } from '../../contract/batches.ts';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, Operation } from '../../contract/codec.ts';
import type { BatchRecord } from '../../contract/native-batches.ts';
import type { Wire, WireMessage } from '../../contract/wire.ts';
import { endedStream } from '../../wire/ended-stream.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { unrepeatable } from '../../wire/unrepeatable.ts';
import { cancelOperation } from '../batch-cancel.ts';
import type { LineCodec, LineTraits } from '../batch-lines.ts';
import { chatLines, checkEndpoint, encodeLines, refusedOrder } from '../batch-lines.ts';
import { nativeBatch, numbersIn, pageOf, queryOf, secondsOf } from '../batch-objects.ts';
import type { RecordPlace } from '../batch-records.ts';
import { answeredRecord, failedRecord, RecordDecoder, RecordTally, unrunLine } from '../batch-records.ts';
import { isRecord } from '../chat-rules.ts';
import { dropHint, unsupported } from '../params.ts';
import { failureOf } from './answer-head.ts';
import { decodeGenerate } from './decode.ts';
import { encodeGenerate, modelPath } from './encode.ts';
import type { GeminiService } from './service-traits.ts';

type BatchOperations = {
  readonly [K in 'createBatch' | 'retrieveBatch' | 'listBatches' | 'cancelBatch' | 'batchResults']: Operation<K>;
};

const CHAT = '/v1/chat/completions';
/** gRPC's code for what was cancelled. */
const CANCELLED = 1;

const at = (id: string, action = ''): string => `/batches/${encodeURIComponent(id.replace(/^batches\//, ''))}${action}`;

const contentPath = (file: string): string => `/files/${encodeURIComponent(file.replace(/^files\//, ''))}:download?alt=media`;

/** Batches of `generateContent`, of requests or of a file with requests in Gemini's own words. */
export function batchOperations(wire: Wire, service: GeminiService): BatchOperations {
  const line = chatLines({
    encode: (call) => encodeGenerate(call, service, 'generateContent'),
    decode: decodeGenerate,
  });
  const traits: LineTraits = { codecs: { [CHAT]: line }, mixedModels: false, maxLines: 50_000 };
  const retrieve = (id: string): WireMessage => ({ method: 'GET', path: at(id) });
  const fromFile = streamOperation<'batchResults'>(wire, {
    framing: 'json-lines',
    encode: ({ request }) => ({ method: 'GET', path: contentPath(request.file ?? '') }),
    decoder: ({ call }) => new RecordDecoder((result, i) => recordOf(result, i, { wire, call }, line)),
    tally: () => new RecordTally(),
  });
  const fromBatch = replyOperation<'batchResults'>(wire, {
    encode: ({ request }) => retrieve(request.batch.id),
    decode: (body, context) => {
      const place = { wire, call: context.call };
      return endedStream(inlined(body).flatMap((result, i) => recordOf(result, i, place, line) ?? []));
    },
  });
  return {
    createBatch: unrepeatable(
      replyOperation<'createBatch'>(wire, { encode: (call) => creation(call, traits, service), decode: decodeBatch }),
    ),
    retrieveBatch: replyOperation<'retrieveBatch'>(wire, { encode: ({ request }) => retrieve(request.id), decode: decodeBatch }),
    listBatches: replyOperation<'listBatches'>(wire, {
      encode: ({ request: { after, limit } }) => ({
        method: 'GET',
        path: `/batches${queryOf({ pageSize: limit, pageToken: after })}`,
      }),
      decode: decodePage,
    }),
    cancelBatch: cancelOperation(wire, {
      cancel: (id) => ({ path: at(id, ':cancel'), body: {} }),
      retrieve,
      decode: decodeBatch,
    }),
    batchResults: async (call) => (call.request.file === null ? fromBatch(call) : fromFile(call)),
  };
}

async function creation(call: Call<'createBatch'>, traits: LineTraits, service: GeminiService): Promise<WireMessage> {
  const {
    lines,
    input_file_id: fileName,
    metadata,
    completion_window: window,
    output_expires_after,
    providerOptions,
  } = call.request;
  const { provider, model: named } = call.target;
  if (window !== undefined && window !== '24h') {
    throw refusedOrder(provider, `Invalid value: '${window}'. Supported values are: '24h'.`, 'completion_window');
  }
  if (metadata && Object.keys(metadata).length > 0) dropHint(call, 'metadata');
  if (output_expires_after) unsupported(call, 'output_expires_after');
  checkEndpoint(call, traits);
  const encoded = lines === undefined ? undefined : await encodeLines(call, traits);
  const model = encoded?.[0]?.model ?? named;
  if (model === '') throw refusedOrder(provider, "Missing required parameter: 'model'.", 'model', 'missing_required_parameter');
  const requests = encoded?.map(({ customId: key, body }) => ({ request: body, metadata: { key } }));
  const path = modelPath({ ...call, target: { ...call.target, model } }, service, 'batchGenerateContent');
  const batch = {
    displayName: `holdfast-${call.correlationId}`,
    inputConfig: requests === undefined ? { fileName } : { requests: { requests } },
    ...providerOptions?.[service.optionsKey],
  };
  return { path, body: { batch } };
}

/** A line of a file, or an item of the answer: both may have lost their key, and then have their place. */
function recordOf(result: unknown, index: number, place: RecordPlace, codec: LineCodec): BatchRecord | undefined {
  if (!isRecord(result)) return undefined;
  const { response, error, metadata } = result;
  const key = result.key ?? (isRecord(metadata) ? metadata.key : undefined);
  const customId = typeof key === 'string' ? key : `request-${index + 1}`;
  if (isRecord(response)) return answeredRecord(place, customId, response, codec);
  if (isRecord(error) && error.code === CANCELLED) return () => unrunLine(customId, 'batch_cancelled');
  return failedRecord(place, customId, { status: undefined, body: { error: error ?? { message: 'no response', code: 13 } } });
}

function inlined(body: unknown): readonly unknown[] {
  const { metadata, response } = isRecord(body) ? body : {};
  const output = isRecord(metadata) && isRecord(metadata.output) ? metadata.output : response;
  const list = isRecord(output) ? output.inlinedResponses : undefined;
  const items = isRecord(list) ? list.inlinedResponses : list;
  return Array.isArray(items) ? items : [];
}

function decodeBatch(body: unknown, context: DecodeContext): Batch {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  if (typeof body.name !== 'string') throw failureOf(body, context) ?? context.invalid('the answer has no "name"');
  return batchOf(body);
}

function decodePage(body: unknown, context: DecodeContext): ListPage<Batch> {
  if (!isRecord(body)) throw context.invalid('the answer is not a JSON object');
  const failure = failureOf(body, context);
  if (failure !== undefined) throw failure;
  const { operations = [], nextPageToken } = body;
  if (!Array.isArray(operations)) throw context.invalid('"operations" in the answer is no list');
  const next = typeof nextPageToken === 'string' && nextPageToken !== '' ? nextPageToken : undefined;
  return pageOf(operations.filter(isRecord).map(batchOf), next !== undefined, next);
}

const STATUSES: Readonly<Record<string, Batch['status']>> = {
  QUEUED: 'validating',
  PENDING: 'validating',
  RUNNING: 'in_progress',
  PAUSED: 'in_progress',
  UPDATING: 'in_progress',
  SUCCEEDED: 'completed',
  PARTIALLY_SUCCEEDED: 'completed',
  FAILED: 'failed',
  EXPIRED: 'expired',
  CANCELLING: 'cancelling',
  CANCELLED: 'cancelled',
};

/** A batch is an operation, and most of what it is stands in the operation's metadata. */
function batchOf({ name, metadata, error, response }: Record<string, unknown>): Batch {
  const facts = isRecord(metadata) ? metadata : {};
  const native_status = String(facts.state ?? '');
  const status = STATUSES[native_status.replace(/^(?:BATCH|JOB)_STATE_/, '')] ?? 'in_progress';
  const native_counts = numbersIn(facts.batchStats ?? facts.completionStats);
  const { requestCount, successfulRequestCount: completed = 0, failedRequestCount = 0 } = native_counts;
  const ended = status === 'completed' || status === 'failed' || status === 'expired' || status === 'cancelled';
  const output = isRecord(facts.output) ? facts.output : isRecord(response) ? response : {};
  const input = isRecord(facts.inputConfig) ? facts.inputConfig : {};
  const failure = isRecord(error) ? error : undefined;
  return nativeBatch({
    id: String(name),
    endpoint: CHAT,
    status,
    native_status,
    created_at: secondsOf(facts.createTime) ?? 0,
    ended_at: secondsOf(facts.endTime ?? facts.updateTime),
    input_file_id: typeof input.fileName === 'string' ? input.fileName : undefined,
    model: typeof facts.model === 'string' ? facts.model.replace(/^models\//, '') : undefined,
    output_file_id: typeof output.responsesFile === 'string' ? output.responsesFile : undefined,
    native_counts,
    counts:
      requestCount === undefined
        ? undefined
        : { total: requestCount, completed, failed: ended ? requestCount - completed : failedRequestCount },
    errors:
      status === 'failed' && failure !== undefined
        ? [{ code: String(failure.status ?? failure.code ?? 'invalid_request'), message: String(failure.message ?? '') }]
        : undefined,
    partial: /PARTIALLY/.test(native_status) || (ended && status !== 'completed' && completed > 0),
  });
}
