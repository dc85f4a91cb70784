import type { BatchEndpoint, BatchOrder } from '../contract/batches.ts';
import { BATCH_ENDPOINTS } from '../contract/batches.ts';
import { BadRequestError } from '../errors/provider-errors.ts';

/** A request that OpenAI's API refuses with status 400 and type `invalid_request_error`. */
export function refused(message: string, param: string | null, code: string | null): BadRequestError {
  return new BadRequestError({ message, status: 400, type: 'invalid_request_error', code, param });
}

/** The only window there is, as at OpenAI and Azure. */
const WINDOW = '24h';
const MOST_PAIRS = 16;
const LONGEST_KEY = 64;
const LONGEST_VALUE = 512;

/**
 * Checks what a batch is ordered with, member by member: types first, then values.
 *
 * @throws BadRequestError with OpenAI's message, `code` and `param`.
 */
export function checkOrder(order: BatchOrder): BatchOrder & { readonly endpoint: BatchEndpoint } {
  if (!isObject(order)) throw refused('The body of the request must be a JSON object.', null, null);
  for (const name of ['input_file_id', 'endpoint', 'completion_window'] as const) {
    const value: unknown = order[name];
    if (value === undefined || value === null) {
      throw refused(`Missing required parameter: '${name}'.`, name, 'missing_required_parameter');
    }
    if (typeof value !== 'string') throw wrongType(name, 'a string', value);
  }
  checkLength('input_file_id', order.input_file_id, LONGEST_VALUE);
  if (order.completion_window !== WINDOW) throw wrongValue('completion_window', order.completion_window, [WINDOW]);
  checkMetadata(order.metadata);
  if (order.idempotency_key !== undefined && typeof order.idempotency_key !== 'string') {
    throw wrongType('idempotency_key', 'a string', order.idempotency_key);
  }
  checkLength('idempotency_key', order.idempotency_key ?? '', LONGEST_VALUE);
  if (!isEndpoint(order.endpoint)) throw wrongValue('endpoint', order.endpoint, BATCH_ENDPOINTS);
  checkExpiry(order.output_expires_after);
  return { ...order, endpoint: order.endpoint };
}

function checkMetadata(metadata: unknown): void {
  if (metadata === undefined || metadata === null) return;
  if (!isObject(metadata)) throw wrongType('metadata', 'an object', metadata);
  const pairs = Object.entries(metadata);
  if (pairs.length > MOST_PAIRS) {
    const message = `Invalid 'metadata': too many properties. Expected at most ${MOST_PAIRS}, but got ${pairs.length} instead.`;
    throw refused(message, 'metadata', 'object_above_max_properties');
  }
  for (const [name, value] of pairs) {
    const param = `metadata.${name.slice(0, LONGEST_KEY)}`;
    if (typeof value !== 'string') throw wrongType(param, 'a string', value);
    checkLength(param, name, LONGEST_KEY);
    checkLength(param, value, LONGEST_VALUE);
  }
}

/** In OpenAI's words. */
function checkLength(param: string, value: string, most: number): void {
  if (value.length <= most) return;
  const lengths = `Expected a string with maximum length ${most}, but got a string with length ${value.length} instead.`;
  throw refused(`Invalid '${param}': string too long. ${lengths}`, param, 'string_above_max_length');
}

function checkExpiry(expiry: unknown): void {
  if (expiry === undefined || expiry === null) return;
  if (!isObject(expiry)) throw wrongType('output_expires_after', 'an object', expiry);
  if (expiry.anchor !== 'created_at') throw wrongValue('output_expires_after.anchor', expiry.anchor, ['created_at']);
  const { seconds } = expiry;
  if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 3_600 && seconds <= 2_592_000) return;
  const message = "Invalid value for 'output_expires_after.seconds': expected a whole number from 3600 to 2592000.";
  throw refused(message, 'output_expires_after.seconds', 'invalid_value');
}

/** The order as text, the same for every order that means the same. */
export function canonicalOrder({
  input_file_id,
  endpoint,
  completion_window,
  metadata,
  output_expires_after,
}: BatchOrder): string {
  const pairs =
    metadata === undefined || metadata === null ? null : Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([input_file_id, endpoint, completion_window, pairs, output_expires_after?.seconds ?? null]);
}

const isEndpoint = (value: string): value is BatchEndpoint => (BATCH_ENDPOINTS as readonly string[]).includes(value);

function wrongValue(param: string, value: unknown, supported: readonly string[]): BadRequestError {
  const shown = typeof value === 'string' ? value.slice(0, 200) : String(value);
  const list = supported.map((one) => `'${one}'`).join(', ');
  return refused(`Invalid value: '${shown}'. Supported values are: ${list}.`, param, 'invalid_value');
}

function wrongType(param: string, expected: string, value: unknown): BadRequestError {
  return refused(`Invalid type for '${param}': expected ${expected}, but got ${wordFor(value)} instead.`, param, 'invalid_type');
}

function wordFor(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
