import type { Batch, ListPage } from '../../contract/batches.ts';
import type { Call } from '../../contract/call.ts';
import type { DecodeContext, Operation } from '../../contract/codec.ts';
import type { BedrockOptions } from '../../contract/provider-options.ts';
import type { Wire, WireMessage } from '../../contract/wire.ts';
import { cancelOperation } from '../../dialects/batch-cancel.ts';
import { refusedOrder } from '../../dialects/batch-lines.ts';
import { hoursOf, nativeBatch, numbersIn, pageOf, queryOf, secondsOf } from '../../dialects/batch-objects.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { dropHint, unsupported } from '../../dialects/params.ts';
import { UnsupportedOperationError } from '../../errors/setup-errors.ts';
import { replyOperation } from '../../wire/operations.ts';
import { Steps } from '../../wire/steps.ts';
import { conflictFinal } from '../../wire/unrepeatable.ts';

type BatchOperations = {
  readonly [K in 'createBatch' | 'retrieveBatch' | 'listBatches' | 'cancelBatch' | 'batchResults']: Operation<K>;
};

const CHAT = '/v1/chat/completions';
const MISSING = 'missing_required_parameter';
const [LEAST_HOURS, MOST_HOURS] = [24, 168];

const at = (id: string, action = ''): string => `/model-invocation-job/${encodeURIComponent(id)}${action}`;

/** Batch inference jobs: from S3 to S3, in the words of Converse or of the model. The wire is that of the control plane. */
export function batchOperations(wire: Wire): BatchOperations {
  const retrieve = (id: string): WireMessage => ({ method: 'GET', path: at(id) });
  return {
    // a token makes that a repeat is not a second job
    createBatch: conflictFinal(async (call) => {
      const steps = new Steps(wire, call);
      const { arn } = await steps.reply(creation(call), decodeArn);
      return steps.reply(retrieve(arn), decodeJob);
    }),
    retrieveBatch: replyOperation<'retrieveBatch'>(wire, { encode: ({ request }) => retrieve(request.id), decode: decodeJob }),
    listBatches: replyOperation<'listBatches'>(wire, {
      encode: ({ request: { after, limit } }) => ({
        method: 'GET',
        path: `/model-invocation-jobs${queryOf({ maxResults: limit, nextToken: after, sortBy: 'CreationTime', sortOrder: 'Descending' })}`,
      }),
      decode: decodePage,
    }),
    cancelBatch: cancelOperation(wire, { cancel: (id) => ({ path: at(id, '/stop') }), retrieve, decode: decodeJob }),
    batchResults: async ({ request: { file }, target: { provider, model } }) => {
      const where = file ?? 'the S3 location that the job was made with';
      const message = `${provider} writes results to S3, which this library does not read; they are below ${where}, one ".jsonl.out" for each input`;
      throw new UnsupportedOperationError({ message, provider, model, code: 'unsupported_operation' });
    },
  };
}

function creation(call: Call<'createBatch'>): WireMessage {
  const { lines, input_file_id: input = '', completion_window: window, endpoint, metadata, output_expires_after } = call.request;
  const { provider, model } = call.target;
  if (lines !== undefined) {
    throw new UnsupportedOperationError({
      message: `${provider} reads the requests of batches from S3: put a JSONL file of { recordId, modelInput } there, and give its address as input_file_id: 's3://…'`,
      provider,
      model,
      code: 'unsupported_operation',
      param: 'requests',
    });
  }
  const { roleArn, outputS3Uri, jobName, ...further } = optionsOf(call);
  const required = (name: string, value: unknown): string => {
    if (typeof value === 'string' && value !== '') return value;
    throw refusedOrder(provider, `Missing required parameter: '${name}'.`, name, MISSING);
  };
  if (!input.startsWith('s3://'))
    throw refusedOrder(provider, `Invalid value: '${input}'. Expected an address in S3.`, 'input_file_id');
  if (endpoint !== CHAT) {
    throw refusedOrder(provider, `Invalid value: '${endpoint}'. Supported values are: '${CHAT}'.`, 'endpoint');
  }
  const hours = window === undefined ? undefined : hoursOf(window);
  if (window !== undefined && !(hours !== undefined && hours >= LEAST_HOURS && hours <= MOST_HOURS)) {
    throw refusedOrder(provider, `Invalid value: '${window}'. Supported values are from '24h' to '7d'.`, 'completion_window');
  }
  if (metadata && Object.keys(metadata).length > 0) dropHint(call, 'metadata');
  if (output_expires_after) unsupported(call, 'output_expires_after', 'results live in your own bucket');
  const token = tokenOf(call);
  return {
    path: '/model-invocation-job',
    body: {
      jobName: jobName ?? `holdfast-${token}`.slice(0, LONGEST_NAME),
      clientRequestToken: token,
      roleArn: required('providerOptions.bedrock.roleArn', roleArn),
      modelId: required('model', model),
      modelInvocationType: 'Converse',
      inputDataConfig: { s3InputDataConfig: { s3InputFormat: 'JSONL', s3Uri: input } },
      outputDataConfig: { s3OutputDataConfig: { s3Uri: required('providerOptions.bedrock.outputS3Uri', outputS3Uri) } },
      ...(hours === undefined ? {} : { timeoutDurationInHours: hours }),
      ...further,
    },
  };
}

const LONGEST_NAME = 63;

function optionsOf({ request, target }: Call<'createBatch'>): BedrockOptions {
  const options = request.providerOptions?.[target.provider] ?? request.providerOptions?.bedrock;
  return isRecord(options) ? options : {};
}

/** The same for every attempt of a call: AWS takes the second request for the first. */
function tokenOf({ options, correlationId }: Call): string {
  const text = (options.idempotencyKey ?? correlationId).replace(/[^A-Za-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  return text.slice(0, 256) || 'holdfast';
}

function decodeArn(body: unknown, context: DecodeContext): { readonly arn: string } {
  const arn = isRecord(body) ? body.jobArn : undefined;
  if (typeof arn !== 'string') throw context.invalid('no "jobArn" in the answer');
  return { arn };
}

function decodeJob(body: unknown, context: DecodeContext): Batch {
  if (!isRecord(body) || typeof body.jobArn !== 'string') throw context.invalid('no "jobArn" in the answer');
  return jobOf(body);
}

function decodePage(body: unknown, context: DecodeContext): ListPage<Batch> {
  const { invocationJobSummaries: jobs = [], nextToken } = isRecord(body) ? body : {};
  if (!Array.isArray(jobs)) throw context.invalid('"invocationJobSummaries" in the answer is no list');
  const next = typeof nextToken === 'string' && nextToken !== '' ? nextToken : undefined;
  return pageOf(jobs.filter(isRecord).map(jobOf), next !== undefined, next);
}

const STATUSES: Readonly<Record<string, Batch['status']>> = {
  Submitted: 'validating',
  Validating: 'validating',
  Scheduled: 'in_progress',
  InProgress: 'in_progress',
  Completed: 'completed',
  PartiallyCompleted: 'completed',
  Failed: 'failed',
  Expired: 'expired',
  Stopping: 'cancelling',
  Stopped: 'cancelled',
};

function jobOf(job: Record<string, unknown>): Batch {
  const native_status = String(job.status ?? '');
  const status = STATUSES[native_status] ?? 'in_progress';
  const { totalRecordCount, processedRecordCount, successRecordCount, errorRecordCount } = job;
  const native_counts = numbersIn({ totalRecordCount, processedRecordCount, successRecordCount, errorRecordCount });
  const { totalRecordCount: total, successRecordCount: completed = 0, errorRecordCount: errors = 0 } = native_counts;
  const ended = status === 'completed' || status === 'failed' || status === 'expired' || status === 'cancelled';
  const hours = typeof job.timeoutDurationInHours === 'number' ? `${job.timeoutDurationInHours}h` : undefined;
  return nativeBatch({
    id: String(job.jobArn),
    endpoint: CHAT,
    status,
    native_status,
    created_at: secondsOf(job.submitTime) ?? 0,
    expires_at: secondsOf(job.jobExpirationTime),
    ended_at: secondsOf(job.endTime ?? job.lastModifiedTime),
    input_file_id: s3Of(job.inputDataConfig, 's3InputDataConfig'),
    output_file_id: ended && status !== 'failed' ? s3Of(job.outputDataConfig, 's3OutputDataConfig') : undefined,
    completion_window: hours,
    model: typeof job.modelId === 'string' ? job.modelId : undefined,
    native_counts,
    counts: total === undefined ? undefined : { total, completed, failed: ended ? total - completed : errors },
    errors: status === 'failed' ? [{ message: String(job.message ?? 'The job failed.') }] : undefined,
    partial: native_status === 'PartiallyCompleted' || (ended && status !== 'completed' && completed > 0),
  });
}

function s3Of(config: unknown, name: string): string | undefined {
  const place = isRecord(config) && isRecord(config[name]) ? config[name].s3Uri : undefined;
  return typeof place === 'string' ? place : undefined;
}
