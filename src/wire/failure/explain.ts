import type { Call } from '../../contract/call.ts';
import type { Confidential } from '../../contract/confidential.ts';
import type { FailureSpec, UnderstoodFailure, Verdict } from '../../contract/provider.ts';
import type { WireFailure, WireHeaders } from '../../contract/wire.ts';
import type { LLMError } from '../../errors/catalogue.ts';
import { errorOf } from '../../errors/catalogue.ts';
import type { ErrorKind } from '../../errors/kinds.ts';
import { KINDS } from '../../errors/kinds.ts';
import type { FieldError } from '../../errors/provider-errors.ts';
import { excerpt, looksCut } from '../json-text.ts';
import { retryAfterMs } from '../retry-after.ts';
import { classify } from './classify.ts';
import { bounded, detailsOf } from './details.ts';
import { withoutQuotes } from './echoes.ts';
import { firstHeader, openEnvelope } from './envelope.ts';
import { fieldErrorsOf } from './field-errors.ts';
import { textAt } from './fields.ts';
import { isMarkup } from './plain-text.ts';
import { isLongWindow, isOverBudget } from './rate-window.ts';
import { redact } from './redact.ts';

/** Who was asked, when, and what must not be told. */
export interface FailureFacts extends Confidential {
  readonly provider: string;
  /** Without the provider prefix. */
  readonly model: string;
  readonly call: Pick<Call, 'correlationId'>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const MAX_CODE = 120;
const MAX_DETAIL = 300;
const MAX_GENERATION = 2000;

/** The typed error of a failed answer. Never throws, whatever the answer holds. */
export function explainFailure(failure: WireFailure, spec: FailureSpec | undefined, facts: FailureFacts): LLMError {
  const opened = openEnvelope(failure);
  const show = (text: string): string => redact(text, facts, MAX_DETAIL);
  const heard = { ...opened, message: withoutQuotes(opened.message, facts) };
  const verdict = noAnswer(failure, show) ?? classify(heard, spec?.rules ?? []);
  const { kind } = verdict;
  const wait = waits(kind) ? waitOf(heard, spec, facts.now) : undefined;
  const requestID = requestIdOf(opened, spec);
  const short = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : redact(text, facts, MAX_CODE);
  const { failed_generation: generation, ...known } = detailsOf(kind, opened);
  const details = bounded({ ...known, ...verdict.details }, show) as Record<string, unknown>;
  if (typeof generation === 'string') details.failed_generation = redact(generation, facts, MAX_GENERATION);
  return errorOf(kind, {
    message: redact(verdict.message ?? opened.message, facts),
    provider: facts.provider,
    model: facts.model,
    status: shownStatus(opened.status, kind),
    code: short(opened.code),
    type: short(opened.type),
    param: short(opened.param),
    requestID: short(requestID),
    headers: headersOf(failure.headers, requestID),
    error: opened.body,
    retryable: isRetryable(verdict, heard, wait),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    details,
    ...(kind === 'unprocessable_entity' ? { fieldErrors: shownFields(verdict, opened, show) } : {}),
    correlationId: facts.call.correlationId,
    timestamp: new Date(Number.isFinite(facts.now) ? facts.now : 0).toISOString(),
  });
}

/** A 200 that is empty, cut or no protocol at all is not a failure that the service described. */
function noAnswer({ status, text, json, place }: WireFailure, show: (text: string) => string): Verdict | undefined {
  if (status === undefined || status < 200 || status > 299 || place === 'stream' || json !== undefined) return undefined;
  if (text.trim() === '') return { kind: 'connection', message: 'the answer was empty' };
  if (looksCut(text)) return { kind: 'connection', message: 'the answer broke off in the middle' };
  if (isMarkup(text)) return { kind: 'response_validation', message: 'the answer is a web page: is the base URL right?' };
  return { kind: 'response_validation', message: `the answer is not JSON but ${JSON.stringify(excerpt(show(text)))}` };
}

const shownStatus = (status: number | undefined, kind: ErrorKind): number | undefined => status ?? KINDS[kind].canonicalStatus;

const WAITING: ReadonlySet<ErrorKind> = new Set([
  'rate_limit',
  'insufficient_credits',
  'service_unavailable',
  'internal_server',
  'timeout',
  'conflict',
  'connection',
]);

const waits = (kind: ErrorKind): boolean => WAITING.has(kind);

function waitOf(failure: UnderstoodFailure, spec: FailureSpec | undefined, now: number): number | undefined {
  const wait = retryAfterMs(failure.headers, failure.json, failure.message, now) ?? spec?.retryAfter?.(failure);
  return wait !== undefined && Number.isFinite(wait) && wait >= 0 ? wait : undefined;
}

const FINAL: ReadonlySet<ErrorKind> = new Set([
  'bad_request',
  'context_window_exceeded',
  'content_policy_violation',
  'unsupported_params',
  'authentication',
  'permission_denied',
  'not_found',
  'unprocessable_entity',
  'insufficient_credits',
]);

function isRetryable(verdict: Verdict, failure: UnderstoodFailure, wait: number | undefined): boolean {
  const { kind } = verdict;
  if (kind === 'insufficient_credits') return false;
  const told = failure.header('x-should-retry')?.trim().toLowerCase();
  if (told === 'false') return false;
  if (told === 'true' && !FINAL.has(kind)) return true;
  if (verdict.retryable !== undefined) return verdict.retryable;
  if (kind !== 'rate_limit') return KINDS[kind].retryable;
  return !isLongWindow(failure.message, wait) && !isOverBudget(failure.message);
}

const DEFAULT_ID_HEADERS = ['x-request-id'];
const BODY_IDS = ['request_id', 'requestId'] as const;

function requestIdOf({ header, json, body, message }: UnderstoodFailure, spec: FailureSpec | undefined): string | undefined {
  for (const name of spec?.requestIdHeaders ?? DEFAULT_ID_HEADERS) {
    const id = header(name);
    if (id !== undefined) return id;
  }
  for (const name of [...BODY_IDS, ...(spec?.requestIdFields ?? [])]) {
    const id = textAt(json, name) ?? textAt(body, name);
    if (id !== undefined) return id;
  }
  return spec?.requestIdInWords?.exec(message)?.[1];
}

function shownFields(verdict: Verdict, failure: UnderstoodFailure, show: (text: string) => string): FieldError[] {
  const fields = verdict.fieldErrors ?? fieldErrorsOf(failure.json);
  return fields.map(({ path, message }) => ({ path: show(path), message: show(message) }));
}

/** openai's errors read the request id from `x-request-id`, whatever the provider calls it. */
function headersOf(given: WireHeaders, requestID: string | undefined): Headers {
  const headers = new Headers();
  for (const name of Object.keys(given)) {
    const value: unknown = given[name];
    for (const one of Array.isArray(value) ? value : [value]) if (typeof one === 'string') tryAppend(headers, name, one);
  }
  if (requestID !== undefined && firstHeader(given, 'x-request-id') !== requestID) {
    headers.delete('x-request-id');
    tryAppend(headers, 'x-request-id', requestID);
  }
  return headers;
}

function tryAppend(headers: Headers, name: string, value: string): void {
  try {
    headers.append(name, value);
  } catch {
    // a name or value that HTTP does not allow: AWS frames use names such as `:message-type`
  }
}
