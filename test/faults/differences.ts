import type { LLMError } from '../../src/index.ts';
import type { Entry } from './corpus-entries.ts';
import { classOf } from './corpus-entries.ts';

const ID_HEADERS = /^(x-request-id|request-id|apim-request-id|x-amzn-requestid|x-debug-trace-id)$/i;

/** What differs from the entry; empty where it is understood. Waits may differ by the rounding to milliseconds. */
export function differences(entry: Entry, error: LLMError): string[] {
  const wait = error.retryAfterMs === undefined ? null : error.retryAfterMs / 1000;
  const { retry_after_s: expectedWait } = entry;
  const waitsAlike = wait === null || expectedWait === null ? wait === expectedWait : Math.abs(wait - expectedWait) < 0.002;
  const requestId = entry.request_id ?? Object.entries(entry.headers ?? {}).find(([name]) => ID_HEADERS.test(name))?.[1];
  const { status } = error;
  const sent = entry.status === null || entry.status < 300 ? status : entry.status;
  return [
    ...(error.name === classOf(entry) ? [] : [`${error.name} instead of ${classOf(entry)}`]),
    ...(error.retryable === entry.retryable ? [] : [`retryable ${error.retryable} instead of ${entry.retryable}`]),
    ...(waitsAlike ? [] : [`wait ${wait} instead of ${expectedWait}`]),
    ...(status === sent && !(status !== undefined && status < 300) ? [] : [`status ${status} instead of ${entry.status}`]),
    ...(requestId === undefined || error.requestID === requestId ? [] : [`request id ${error.requestID}`]),
    ...(entry.code === undefined || error.code === entry.code ? [] : [`code ${error.code} instead of ${entry.code}`]),
  ];
}
