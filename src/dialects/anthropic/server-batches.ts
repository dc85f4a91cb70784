import type { MockAnswer, MockRequest } from '../../contract/mock.ts';
import type { MockBatch, MockBatchAPI, MockBatchLine, MockBatchShelf } from '../../contract/mock-batches.ts';
import { isRecord } from '../chat-rules.ts';
import { failureAnswer } from './server-failures.ts';

const HEADERS = { 'content-type': 'application/json', 'request-id': 'req_011MockServer' };
const ROUTE = /^\/v1\/messages\/batches(?:\/([^/?]+)(?:\/(cancel|results))?)?(?:\?(.*))?$/;
const ENDED = new Set(['completed', 'failed', 'expired', 'cancelled']);

const ok = (body: unknown): MockAnswer => ({ status: 200, headers: HEADERS, body });
const refuse = (message: string): MockAnswer => ({
  status: 400,
  headers: HEADERS,
  body: { type: 'error', error: { type: 'invalid_request_error', message }, request_id: 'req_011MockServer' },
});

/** Message Batches, backwards. */
export const anthropicBatches: MockBatchAPI = {
  concerns: ({ path }) => ROUTE.test(path),
  async answer(request, shelf, baseURL) {
    const { method } = request;
    const [, id, action, search = ''] = ROUTE.exec(request.path) ?? [];
    if (id === undefined)
      return method === 'POST' ? create(request, shelf, baseURL) : list(shelf, new URLSearchParams(search), baseURL);
    const known = shelf.batches.find((batch) => batch.id === id);
    if (known === undefined) return failureAnswer('notFound', undefined, {});
    if (action === 'cancel') {
      if (ENDED.has(known.status)) return refuse(`Batch ${id} cannot be canceled because it has already ended.`);
      return ok(show(shelf.cancel(known) ?? known, baseURL));
    }
    if (action === 'results') return resultsOf(known);
    if (method === 'DELETE') {
      return ENDED.has(known.status)
        ? ok({ id, type: 'message_batch_deleted' })
        : refuse(`Batch ${id} is still being processed.`);
    }
    return ok(show((await shelf.visit(id)) ?? known, baseURL));
  },
};

function create({ body, headers }: MockRequest, shelf: MockBatchShelf, baseURL: string): MockAnswer {
  const requests = isRecord(body) && Array.isArray(body.requests) ? body.requests : [];
  if (requests.length === 0) return refuse('requests: List should have at least 1 item after validation, not 0');
  const lines: MockBatchLine[] = [];
  for (const [i, request] of requests.entries()) {
    const { custom_id: customId, params } = isRecord(request) ? request : {};
    if (typeof customId !== 'string' || !/^[\w-]{1,64}$/.test(customId)) {
      return refuse(`requests.${i}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'`);
    }
    if (lines.some((line) => line.customId === customId)) return refuse(`requests.${i}.custom_id: Must be unique`);
    lines.push({ customId, request: { method: 'POST', path: '/v1/messages', headers, body: params } });
  }
  return ok(
    show(
      shelf.create((number) => `msgbatch_${String(number).padStart(24, '0')}`, {}, lines),
      baseURL,
    ),
  );
}

function list(shelf: MockBatchShelf, query: URLSearchParams, baseURL: string): MockAnswer {
  const limit = Number(query.get('limit') ?? 20);
  const from = shelf.batches.findIndex(({ id }) => id === query.get('after_id')) + 1;
  const data = shelf.batches.slice(from, from + limit).map((batch) => show(batch, baseURL));
  const ids = data.map(({ id }) => id);
  return ok({ data, has_more: shelf.batches.length > from + limit, first_id: ids[0] ?? null, last_id: ids.at(-1) ?? null });
}

/** Not in the order of the requests, as nothing promises it. */
function resultsOf(batch: MockBatch): MockAnswer {
  if (!ENDED.has(batch.status)) return failureAnswer('notFound', undefined, {});
  const lines = batch.lines.map((line) => JSON.stringify({ custom_id: line.customId, result: resultOf(line) }));
  const text = lines.toReversed().map((line) => `${line}\n`);
  return { status: 200, headers: { ...HEADERS, 'content-type': 'application/x-jsonl' }, body: text.join('') };
}

function resultOf({ outcome }: MockBatchLine): object {
  if (typeof outcome !== 'object') return { type: outcome === 'cancelled' ? 'canceled' : 'expired' };
  return outcome.status < 400 ? { type: 'succeeded', message: outcome.body } : { type: 'errored', error: outcome.body };
}

function show({ id, createdAt, since, status, lines }: MockBatch, baseURL: string): { readonly id: string } {
  const ended = ENDED.has(status);
  const count = (matches: (line: MockBatchLine) => boolean): number => (ended ? lines.filter(matches).length : 0);
  const answered = (line: MockBatchLine): number => (typeof line.outcome === 'object' ? line.outcome.status : 0);
  const end = since[status];
  const facts = {
    id,
    type: 'message_batch',
    processing_status: ended ? 'ended' : status === 'cancelling' ? 'canceling' : 'in_progress',
    request_counts: {
      processing: ended ? 0 : lines.length,
      succeeded: count((line) => answered(line) > 0 && answered(line) < 400),
      errored: count((line) => answered(line) >= 400),
      canceled: count(({ outcome }) => outcome === 'cancelled'),
      expired: count(({ outcome }) => outcome === 'expired'),
    },
    ended_at: ended && end !== undefined ? iso(end) : null,
    created_at: iso(createdAt),
    expires_at: iso(createdAt + 86_400_000),
    archived_at: null,
    cancel_initiated_at: since.cancelling === undefined ? null : iso(since.cancelling),
    results_url: ended ? `${baseURL}/v1/messages/batches/${id}/results` : null,
  };
  return facts;
}

const iso = (ms: number): string => new Date(ms).toISOString();
