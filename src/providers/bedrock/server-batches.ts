import type { MockAnswer, MockRequest } from '../../contract/mock.ts';
import type { MockBatch, MockBatchAPI, MockBatchShelf } from '../../contract/mock-batches.ts';
import { isRecord } from '../../dialects/chat-rules.ts';
import { HEADERS } from './server-failures.ts';

const JOB = /^\/model-invocation-job(?:\/([^/?]+)(\/stop)?)?$/;
const JOBS = /^\/model-invocation-jobs(?:\?(.*))?$/;
/** Bedrock refuses batches with fewer records; what the mock server takes to be in the bucket. */
const RECORDS = 100;

const ok = (body: unknown): MockAnswer => ({ status: 200, headers: { ...HEADERS, 'content-type': 'application/json' }, body });
const refuse = (status: number, type: string, message: string): MockAnswer => ({
  status,
  headers: { ...HEADERS, 'content-type': 'application/json', 'x-amzn-errortype': `${type}:http://internal.amazon.com/coral/` },
  body: { message },
});

/** Batch inference jobs of the control plane, backwards. There is no bucket: jobs have a hundred records and write nothing. */
export const bedrockBatches: MockBatchAPI = {
  concerns: ({ path }) => JOB.test(path) || JOBS.test(path),
  async answer(request, shelf) {
    const list = JOBS.exec(request.path);
    if (list !== null) return page(shelf, new URLSearchParams(list[1] ?? ''));
    const [, id, stops] = JOB.exec(request.path) ?? [];
    if (id === undefined) return create(request, shelf);
    const arn = decodeURIComponent(id);
    const known = shelf.batches.find((batch) => batch.id === arn);
    if (known === undefined) return refuse(404, 'ResourceNotFoundException', 'The requested job was not found.');
    if (stops === undefined) return ok(show((await shelf.visit(arn)) ?? known));
    return shelf.cancel(known) === undefined
      ? refuse(400, 'ConflictException', 'The job cannot be stopped because it has already ended.')
      : ok({});
  },
};

const REQUIRED = ['jobName', 'roleArn', 'modelId', 'inputDataConfig', 'outputDataConfig'];

function create({ body, headers }: MockRequest, shelf: MockBatchShelf): MockAnswer {
  const order = isRecord(body) ? body : {};
  const missing = REQUIRED.find((name) => order[name] === undefined);
  if (missing !== undefined)
    return refuse(400, 'ValidationException', `1 validation error detected: '${missing}' must not be null`);
  const token = order.clientRequestToken;
  const before = shelf.batches.find((batch) => token !== undefined && batch.order.clientRequestToken === token);
  if (before !== undefined) return ok({ jobArn: before.id });
  const path = `/model/${encodeURIComponent(String(order.modelId))}/converse`;
  const lines = Array.from({ length: RECORDS }, (_, i) => ({
    customId: `CALL${i}`,
    request: { method: 'POST', path, headers, body: {} },
  }));
  const arn = (number: number): string =>
    `arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/mock${String(number).padStart(8, '0')}`;
  return ok({ jobArn: shelf.create(arn, order, lines).id });
}

function page(shelf: MockBatchShelf, query: URLSearchParams): MockAnswer {
  const from = Number(query.get('nextToken') ?? 0);
  const to = from + Number(query.get('maxResults') ?? 1000);
  const more = shelf.batches.length > to ? { nextToken: String(to) } : {};
  return ok({ invocationJobSummaries: shelf.batches.slice(from, to).map(show), ...more });
}

const STATUSES: Readonly<Record<MockBatch['status'], string>> = {
  validating: 'Submitted',
  in_progress: 'InProgress',
  finalizing: 'InProgress',
  completed: 'Completed',
  failed: 'Failed',
  expired: 'Expired',
  cancelling: 'Stopping',
  cancelled: 'Stopped',
};
const ENDED = new Set(['completed', 'failed', 'expired', 'cancelled']);
const iso = (ms: number): string => new Date(ms).toISOString();

function show({ id, order, createdAt, status, since, lines, errors }: MockBatch): object {
  const results = lines.map(({ outcome }) => (typeof outcome === 'object' ? outcome.status : 0)).filter((one) => one > 0);
  const success = results.filter((one) => one < 400).length;
  const end = since[status] ?? createdAt;
  return {
    jobArn: id,
    ...order,
    status: status === 'completed' && success < lines.length ? 'PartiallyCompleted' : STATUSES[status],
    submitTime: iso(createdAt),
    lastModifiedTime: iso(end),
    ...(ENDED.has(status) ? { endTime: iso(end) } : {}),
    ...(errors[0] === undefined ? {} : { message: errors[0].message }),
    jobExpirationTime: iso(createdAt + Number(order.timeoutDurationInHours ?? 24) * 3_600_000),
    timeoutDurationInHours: order.timeoutDurationInHours ?? 24,
    totalRecordCount: lines.length,
    processedRecordCount: results.length,
    successRecordCount: success,
    errorRecordCount: results.length - success,
  };
}
