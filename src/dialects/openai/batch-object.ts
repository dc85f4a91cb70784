import type { BatchError } from 'openai/resources/batches';
import type { Batch } from '../../contract/batches.ts';
import type { DecodeContext } from '../../contract/codec.ts';
import { numbersIn, present, secondsOf } from '../batch-objects.ts';
import { isRecord } from '../chat-rules.ts';
import type { Fields } from './body-failure.ts';
import { notTheProtocol, refuseFailure } from './body-failure.ts';

const STAMPS = [
  'in_progress_at',
  'expires_at',
  'finalizing_at',
  'completed_at',
  'failed_at',
  'expired_at',
  'cancelling_at',
  'cancelled_at',
] as const;

const STATUSES: Readonly<Record<string, Batch['status']>> = {
  validating: 'validating',
  queued: 'validating',
  pending: 'validating',
  in_progress: 'in_progress',
  progress: 'in_progress',
  running: 'in_progress',
  finalizing: 'finalizing',
  completed: 'completed',
  failed: 'failed',
  expired: 'expired',
  cancelling: 'cancelling',
  canceling: 'cancelling',
  cancelled: 'cancelled',
  canceled: 'cancelled',
};

/** A batch of any host of the dialect: other spellings, times and places of what OpenAI's has. */
export function decodeBatch(body: unknown, context: DecodeContext): Batch {
  // Together answers a creation with the batch inside
  const batch = isRecord(body) && isRecord(body.job) ? body.job : body;
  if (!isRecord(batch)) throw notTheProtocol(batch, 'id', context);
  if (typeof batch.id !== 'string') {
    refuseFailure(batch, context);
    throw notTheProtocol(batch, 'id', context);
  }
  return batchOf(batch);
}

export function batchOf(batch: Fields): Batch {
  const native = String(batch.status ?? '');
  // a word that is not known is none that ends a batch
  const status = STATUSES[native.toLowerCase()] ?? 'in_progress';
  const { completion_window, metadata, usage, output_expires_after } = batch;
  const errors = errorsOf(batch.errors ?? batch.error);
  return {
    id: String(batch.id),
    object: 'batch',
    endpoint: versioned(String(batch.endpoint ?? '')),
    input_file_id: String(batch.input_file_id ?? ''),
    completion_window: typeof completion_window === 'string' && completion_window !== '' ? completion_window : '24h',
    status,
    created_at: secondsOf(batch.created_at) ?? 0,
    ...present(Object.fromEntries(STAMPS.map((name) => [name, secondsOf(batch[name] ?? elsewhere(batch, name, status))]))),
    ...present({
      output_file_id: textOf(batch.output_file_id),
      error_file_id: textOf(batch.error_file_id),
      model: textOf(batch.model ?? batch.model_id),
      metadata: isRecord(metadata) ? metadata : undefined,
      usage: isRecord(usage) ? usage : undefined,
      output_expires_after: isRecord(output_expires_after) ? output_expires_after : undefined,
    }),
    ...countsOf(batch.request_counts),
    ...(errors.length === 0 ? {} : { errors: { object: 'list', data: errors } }),
    native_status: native,
  } as unknown as Batch;
}

/** Azure writes endpoints without a version. */
const versioned = (endpoint: string): string => (/^\/(?!v\d)/.test(endpoint) ? `/v1${endpoint}` : endpoint);

/** Hosts that know one time of an end, or a deadline of their own name. */
function elsewhere(batch: Fields, name: string, status: string): unknown {
  if (name === 'expires_at') return batch.job_deadline;
  return name === `${status}_at` && name !== 'in_progress_at' ? (batch.finalized_at ?? batch.completed_at) : undefined;
}

function countsOf(given: unknown): object {
  const { total, completed = 0, failed = 0 } = numbersIn(given);
  return total === undefined ? {} : { request_counts: { total, completed, failed } };
}

/** A list, the list alone, texts instead of objects, one text. */
function errorsOf(given: unknown): BatchError[] {
  const list = isRecord(given) && Array.isArray(given.data) ? given.data : Array.isArray(given) ? given : [given];
  return list.flatMap((error): BatchError[] => {
    if (typeof error === 'string')
      return error === '' ? [] : [{ code: 'invalid_request', message: error, line: null, param: null }];
    if (!isRecord(error)) return [];
    const { code, message, line, param } = error;
    const told = {
      code: textOf(code),
      message: textOf(message),
      line: typeof line === 'number' ? line : null,
      param: textOf(param),
    };
    return [{ ...present({ code: told.code, message: told.message }), line: told.line, param: told.param ?? null }];
  });
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
