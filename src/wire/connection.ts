import type { ByteSource } from '../contract/byte-source.ts';
import { isByteSource } from '../contract/byte-source.ts';
import type { Call } from '../contract/call.ts';
import type { Confidential } from '../contract/confidential.ts';
import type { HeadersLike } from '../contract/headers.ts';
import type { ConnectionSpec } from '../contract/provider.ts';
import type { Transport, Wire, WireFailure, WireHeaders, WireMessage, WireRequest } from '../contract/wire.ts';
import type { LLMError } from '../errors/catalogue.ts';
import type { Clock } from '../time/clock.ts';
import type { DeadlineList } from '../time/deadline-list.ts';
import { parseBaseURL } from './base-url.ts';
import { encodeJSON } from './json-body.ts';
import { flatHeaders, mergeHeaders } from './request-headers.ts';
import { checkedPath } from './request-path.ts';

/** What a connection gets from its client. */
export interface ConnectionEnvironment {
  /** Provider id. */
  readonly provider: string;
  readonly transport: () => Transport | Promise<Transport>;
  readonly deadlines: DeadlineList;
  readonly clock: Clock;
  readonly maxResponseBytes: number;
  /** The client's and the provider settings' extra headers. */
  readonly headers: HeadersLike;
  /** Sends the correlation id as `X-Correlation-ID`. */
  readonly sendCorrelationId: boolean;
}

const MAX_REQUEST_ID = 200;

const BASE_HEADERS: Readonly<Record<string, string>> = {
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
  'user-agent': 'holdfast/0.3.0',
};

/** An address with its credentials and its way of failing, ready to send. URL and header array are made once. */
export function createConnection(spec: ConnectionSpec, environment: ConnectionEnvironment): Wire {
  const { provider, deadlines, maxResponseBytes, transport, clock, sendCorrelationId } = environment;
  const { origin, path: prefix } = parseBaseURL(spec.baseURL, `providers.${provider}.baseURL`);
  const base = new Map<string, string>();
  const extra = spec.extraHeaders === false ? {} : environment.headers;
  for (const headers of [BASE_HEADERS, spec.headers ?? {}, extra]) mergeHeaders(base, headers, provider);
  const prepared = flatHeaders(base);
  const issued: Map<string, string>[] = [];
  const idHeaders = spec.failures?.requestIdHeaders ?? ['x-request-id'];

  const headersFor = (message: WireMessage, call: Call): string[] => {
    const { headers, idempotencyKey } = call.options;
    const { form, bytes } = message;
    const plain = message.headers === undefined && form === undefined && bytes === undefined;
    if (!headers && plain && idempotencyKey === undefined && !sendCorrelationId) return prepared;
    const own = new Map(base);
    if (form !== undefined) own.set('content-type', 'application/x-www-form-urlencoded');
    if (bytes !== undefined) own.set('content-type', bytes.type);
    if (bytes?.source.size !== undefined) own.set('content-length', String(bytes.source.size));
    if (message.headers !== undefined) mergeHeaders(own, message.headers, provider);
    if (sendCorrelationId) mergeHeaders(own, { 'x-correlation-id': call.correlationId }, provider);
    if (idempotencyKey !== undefined) mergeHeaders(own, { 'idempotency-key': idempotencyKey }, provider);
    if (headers) mergeHeaders(own, headers, provider);
    return flatHeaders(own);
  };

  const confidential = async (call: Call): Promise<Confidential> => {
    const { confidentialOf } = await import('./confidential.ts');
    return confidentialOf(call, spec.secrets, [base, ...issued]);
  };

  return {
    provider,
    deadlines,
    maxResponseBytes,
    transport,
    prepare(given: WireMessage, call: Call): WireRequest | Promise<WireRequest> {
      const message = spec.rewrite === undefined ? given : spec.rewrite(given, call);
      const method = message.method ?? 'POST';
      const body = bodyOf(message);
      const path = checkedPath(prefix + message.path, call);
      const headers = headersFor(message, call);
      const abortable = mayEndEarly(call);
      if (spec.authorize === undefined) return { method, origin, path, headers, body, abortable };
      const made = spec.authorize({ method, url: origin + path, body: isByteSource(body) ? undefined : body }, call);
      const seal = (more: Readonly<Record<string, string>>): WireRequest => {
        const added = new Map<string, string>();
        mergeHeaders(added, more, provider);
        remember(added, issued);
        return { method, origin, path, headers: headers.concat(flatHeaders(added)), body, abortable };
      };
      return made instanceof Promise ? made.then(seal) : seal(made);
    },
    async explain(failure: WireFailure, call: Call): Promise<LLMError> {
      const { explainFailure } = await import('./failure/explain.ts');
      const loaded = await spec.loadFailures?.();
      const { model } = call.target;
      const facts = { provider, model, call, now: clock.now(), ...(await confidential(call)) };
      return explainFailure(failure, { ...spec.failures, ...loaded }, facts);
    },
    confidential,
    requestId(headers: WireHeaders): string | undefined {
      for (const name of idHeaders) {
        const value = headers[name];
        if (value !== undefined) return (typeof value === 'string' ? value : value[0])?.slice(0, MAX_REQUEST_ID);
      }
      return undefined;
    },
  };
}

/** How long Node's fetch waits for an answer by itself. */
const PATIENCE_MS = 300_000;

function mayEndEarly({ signal, deadline, limits }: Call): boolean {
  if (signal !== undefined || deadline !== Number.POSITIVE_INFINITY) return true;
  return limits.attempt < PATIENCE_MS || limits.firstToken < PATIENCE_MS;
}

function bodyOf({ body, form, bytes }: WireMessage): string | Uint8Array | ByteSource | undefined {
  if (bytes !== undefined) return bytes.source;
  if (form !== undefined) return new URLSearchParams(form).toString();
  return body === undefined ? undefined : encodeJSON(body);
}

const MOST_ISSUED = 4;

/** Keeps the headers that were made last: a service may repeat their tokens as it may repeat a key. */
function remember(made: Map<string, string>, issued: Map<string, string>[]): void {
  if (issued.some((known) => [...made].every(([name, value]) => known.get(name) === value))) return;
  issued.unshift(made);
  if (issued.length > MOST_ISSUED) issued.pop();
}
