import type { Batch, ListPage } from '../../contract/batches.ts';
import type { DecodeContext, Operation } from '../../contract/codec.ts';
import type { BatchRecord } from '../../contract/native-batches.ts';
import type { Wire, WireMessage } from '../../contract/wire.ts';
import { replyOperation, streamOperation } from '../../wire/operations.ts';
import { unrepeatable } from '../../wire/unrepeatable.ts';
import { cancelOperation } from '../batch-cancel.ts';
import type { LineTraits } from '../batch-lines.ts';
import { chatLines, encodeLines, refusedOrder } from '../batch-lines.ts';
import { nativeBatch, numbersIn, pageOf, queryOf, secondsOf } from '../batch-objects.ts';
import type { RecordPlace } from '../batch-records.ts';
import { answeredRecord, failedRecord, RecordDecoder, RecordTally, unrunLine } from '../batch-records.ts';
import { isRecord } from '../chat-rules.ts';
import { dropHint, unsupported } from '../params.ts';
import { decodeMessage } from './decode.ts';
import { encodeChat } from './encode.ts';
import type { Placement } from './placement.ts';

type BatchOperations = {
  readonly [K in 'createBatch' | 'retrieveBatch' | 'listBatches' | 'cancelBatch' | 'batchResults']: Operation<K>;
};

const ROOT = '/v1/messages/batches';
const CHAT = '/v1/chat/completions';

/** Statuses of errors inside results, by their type; Anthropic's page on errors has the same for calls. */
const STATUSES: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

const at = (id: string, action = ''): string => `${ROOT}/${encodeURIComponent(id)}${action}`;

/** Message Batches, of requests alone: the API takes no files. */
export function batchOperations(wire: Wire, placement: Placement): BatchOperations {
  const line = chatLines({
    encode: (call) => encodeChat(call, placement, false),
    decode: (body, context) => decodeMessage(body, context, placement),
  });
  const traits: LineTraits = {
    codecs: { [CHAT]: line },
    mixedModels: true,
    maxLines: 100_000,
    customId: { pattern: /^[\w-]{1,64}$/, words: 'up to 64 letters, digits, "_" and "-"' },
  };
  const retrieve = (id: string): WireMessage => ({ method: 'GET', path: at(id) });
  return {
    createBatch: unrepeatable(
      replyOperation<'createBatch'>(wire, {
        async encode(call) {
          const { lines, metadata, completion_window: window, output_expires_after: expiry } = call.request;
          const { provider } = call.target;
          if (lines === undefined) throw refusedOrder(provider, `${provider} takes requests, not files.`, 'input_file_id');
          if (window !== undefined && window !== '24h') {
            throw refusedOrder(provider, `Invalid value: '${window}'. Supported values are: '24h'.`, 'completion_window');
          }
          if (metadata && Object.keys(metadata).length > 0) dropHint(call, 'metadata');
          if (expiry !== undefined) unsupported(call, 'output_expires_after', 'results live for 29 days here');
          const encoded = await encodeLines(call, traits);
          const betas = new Set(encoded.flatMap(({ headers }) => headers['anthropic-beta']?.split(',') ?? []));
          return {
            path: ROOT,
            body: { requests: encoded.map(({ customId, body }) => ({ custom_id: customId, params: body })) },
            ...(betas.size === 0 ? {} : { headers: { 'anthropic-beta': [...betas].join(',') } }),
          };
        },
        decode: decodeBatch,
      }),
    ),
    retrieveBatch: replyOperation<'retrieveBatch'>(wire, { encode: ({ request }) => retrieve(request.id), decode: decodeBatch }),
    listBatches: replyOperation<'listBatches'>(wire, {
      encode: ({ request: { after, limit } }) => ({ method: 'GET', path: `${ROOT}${queryOf({ after_id: after, limit })}` }),
      decode: decodePage,
    }),
    cancelBatch: cancelOperation(wire, {
      cancel: (id) => ({ path: at(id, '/cancel') }),
      retrieve,
      decode: decodeBatch,
    }),
    batchResults: streamOperation<'batchResults'>(wire, {
      framing: 'json-lines',
      encode: ({ request: { batch } }) => ({ method: 'GET', path: at(batch.id, '/results') }),
      decoder: ({ call }) => new RecordDecoder((result) => recordOf(result, { wire, call }, line)),
      tally: () => new RecordTally(),
    }),
  };
}

function recordOf(line: unknown, place: RecordPlace, codec: ReturnType<typeof chatLines>): BatchRecord | undefined {
  if (!isRecord(line) || !isRecord(line.result)) return undefined;
  const customId = String(line.custom_id ?? '');
  const { type, message, error } = line.result;
  if (type === 'succeeded') return answeredRecord(place, customId, message, codec);
  if (type === 'canceled' || type === 'expired') {
    return () => unrunLine(customId, type === 'expired' ? 'batch_expired' : 'batch_cancelled');
  }
  const inner = isRecord(error) && isRecord(error.error) ? error.error : error;
  const kind = isRecord(inner) ? String(inner.type) : '';
  const requestId = isRecord(error) && typeof error.request_id === 'string' ? error.request_id : '';
  return failedRecord(place, customId, { status: STATUSES[kind] ?? 500, body: error }, requestId);
}

function decodeBatch(body: unknown, context: DecodeContext): Batch {
  if (!isRecord(body)) throw context.invalid('the answer is no object');
  if (body.type === 'error') throw context.failure(body);
  if (typeof body.id !== 'string') throw context.invalid('the answer has no "id"');
  return batchOf(body);
}

function decodePage(body: unknown, context: DecodeContext): ListPage<Batch> {
  if (!isRecord(body)) throw context.invalid('the answer is no object');
  if (body.type === 'error') throw context.failure(body);
  if (!Array.isArray(body.data)) throw context.invalid('the answer has no "data"');
  return pageOf(body.data.filter(isRecord).map(batchOf), body.has_more === true);
}

function batchOf(batch: Record<string, unknown>): Batch {
  const native_counts = numbersIn(batch.request_counts);
  const { processing = 0, succeeded = 0, errored = 0, canceled = 0, expired = 0 } = native_counts;
  const native_status = String(batch.processing_status);
  const failed = errored + canceled + expired;
  const created_at = secondsOf(batch.created_at) ?? 0;
  return nativeBatch({
    id: String(batch.id),
    endpoint: CHAT,
    status: statusOf(native_status, batch.cancel_initiated_at !== null && canceled > 0, succeeded + errored > 0 || expired === 0),
    native_status,
    created_at,
    in_progress_at: created_at,
    expires_at: secondsOf(batch.expires_at),
    cancelling_at: secondsOf(batch.cancel_initiated_at),
    ended_at: secondsOf(batch.ended_at),
    native_counts,
    counts: { total: processing + succeeded + failed, completed: succeeded, failed },
    partial: native_status === 'ended' && canceled + expired > 0,
  });
}

/** One word for every end: the counts tell which it was. */
function statusOf(native: string, cancelled: boolean, ran: boolean): Batch['status'] {
  if (native === 'canceling') return 'cancelling';
  if (native !== 'ended') return 'in_progress';
  if (cancelled) return 'cancelled';
  return ran ? 'completed' : 'expired';
}
