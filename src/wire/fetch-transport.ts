import type { ByteSource } from '../contract/byte-source.ts';
import { isByteSource } from '../contract/byte-source.ts';
import type { Flow, Receiver, Transport, WireHeaders, WireRequest } from '../contract/wire.ts';

/** A `fetch` function; the one of the runtime, of a proxy library, or a stub. */
export type FetchFunction = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Sends through `fetch`: everywhere where there is one, edge runtimes included.
 * Without an argument `globalThis.fetch` is read at each call, so that what is installed later takes effect.
 */
export function fetchTransport(fetch?: FetchFunction): Transport {
  const running = new Running();
  return {
    dispatch(request: WireRequest, receiver: Receiver): Flow {
      const exchange = new FetchExchange(receiver, running);
      void exchange.run(fetch ?? globalThis.fetch, request);
      return exchange;
    },
    async close(): Promise<void> {
      running.failAll(new Error('the transport is closed'));
    },
  };
}

/** The exchanges under way, linked by hand: a Set of short-lived entries would keep dead ones alive in the old generation. */
class Running {
  first: FetchExchange | undefined;

  add(exchange: FetchExchange): void {
    exchange.later = this.first;
    if (this.first !== undefined) this.first.earlier = exchange;
    this.first = exchange;
  }

  remove(exchange: FetchExchange): void {
    const { earlier, later } = exchange;
    if (earlier !== undefined) earlier.later = later;
    else if (this.first === exchange) this.first = later;
    if (later !== undefined) later.earlier = earlier;
    exchange.earlier = undefined;
    exchange.later = undefined;
  }

  failAll(cause: unknown): void {
    while (this.first !== undefined) this.first.fail(cause);
  }
}

class FetchExchange implements Flow {
  earlier: FetchExchange | undefined;
  later: FetchExchange | undefined;
  readonly #receiver: Receiver;
  readonly #running: Running;
  /** Made only for who may use it: a signal costs fetch a fifth of a call. */
  #aborter: AbortController | undefined;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #over = false;
  #paused = false;
  #wake: (() => void) | undefined;

  constructor(receiver: Receiver, running: Running) {
    this.#receiver = receiver;
    this.#running = running;
    running.add(this);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake?.();
  }

  abort(): void {
    if (this.#over) return;
    this.#finish();
    this.#aborter?.abort();
    this.#reader?.cancel().catch(() => {});
    this.#wake?.();
  }

  fail(cause: unknown): void {
    if (this.#over) return;
    this.abort();
    this.#receiver.fail(cause);
  }

  async run(fetch: FetchFunction, request: WireRequest): Promise<void> {
    const receiver = this.#receiver;
    receiver.connected();
    try {
      const response = await fetch(request.origin + request.path, this.#initOf(request));
      if (this.#over) return cancel(response);
      receiver.head(statusOf(response), headersOf(response));
      const reader = response.body?.getReader();
      this.#reader = reader;
      while (reader !== undefined && !this.#over) {
        if (this.#paused) await this.#resumed();
        const { done, value } = await reader.read();
        if (done || this.#over) break;
        receiver.data(value);
      }
      if (this.#over) return;
      this.#finish();
      receiver.end();
    } catch (cause) {
      this.fail(cause);
    }
  }

  #initOf({ method, headers, body, abortable }: WireRequest): RequestInit {
    const init: RequestInit = { method, headers: namedHeaders(headers), redirect: 'manual' };
    if (isByteSource(body)) sendStreamed(init, body);
    else if (body !== undefined) init.body = body as BodyInit;
    if (abortable === false) return init;
    this.#aborter = new AbortController();
    init.signal = this.#aborter.signal;
    return init;
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = (): void => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #finish(): void {
    this.#over = true;
    this.#running.remove(this);
  }
}

/** What is in memory goes as a blob, which every fetch takes; a stream wants one that sends while it reads. */
function sendStreamed(init: RequestInit & { duplex?: 'half' }, { parts, open }: ByteSource): void {
  if (parts !== undefined) {
    init.body = new Blob(parts as Uint8Array<ArrayBuffer>[]);
    return;
  }
  const pieces = open()[Symbol.asyncIterator]();
  init.duplex = 'half';
  init.body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await pieces.return?.();
    },
  });
}

function cancel(response: Response): void {
  response.body?.cancel().catch(() => {});
}

function statusOf(response: Response): number {
  const status: unknown = response?.status;
  if (response?.type === 'opaqueredirect' || status === 0) {
    throw new Error('the server answered with a redirect, which is not followed');
  }
  if (typeof status !== 'number' || typeof response.headers?.forEach !== 'function') {
    throw new TypeError('fetch did not return a Response');
  }
  return status;
}

function namedHeaders(flat: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = flat[i] as string;
    const value = flat[i + 1] as string;
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  return headers;
}

/** The headers of a `Response` as a record that asks for a header when it is read: listing them all sorts them first. */
function headersOf({ headers }: Response): WireHeaders {
  return new Proxy(headers, BY_NAME) as unknown as WireHeaders;
}

const BY_NAME: ProxyHandler<Headers> = {
  get: valueAt,
  has: (headers, name) => typeof name === 'string' && TOKEN.test(name) && headers.has(name),
  ownKeys: (headers) => [...new Set(headers.keys())],
  getOwnPropertyDescriptor(headers, name) {
    const value = valueAt(headers, name);
    return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: false };
  },
  getPrototypeOf: () => null,
};

function valueAt(headers: Headers, name: PropertyKey): string | string[] | undefined {
  if (typeof name !== 'string' || !TOKEN.test(name)) return undefined;
  if (name !== 'set-cookie') return headers.get(name) ?? undefined;
  const cookies = headers.getSetCookie();
  return cookies.length > 1 ? cookies : cookies[0];
}

/** RFC 9110, section 5.6.2. `Headers` throws for any other name. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;
