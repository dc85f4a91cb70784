import type { ByteSource } from '../contract/byte-source.ts';
import { isByteSource } from '../contract/byte-source.ts';
import type { Flow, Receiver, Transport, WireRequest } from '../contract/wire.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { headersOf, namedHeaders } from './fetch-headers.ts';

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
  /** Origins that have answered with a redirect. */
  readonly redirecting = new Set<string>();

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
  #reader: BodyReader | undefined;
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
    let init: RequestInit | undefined;
    let response: Response | undefined;
    try {
      init = this.#initOf(request);
      response = await fetch(request.origin + request.path, init);
      if (this.#over) return cancel(response);
      receiver.head(statusOf(response), headersOf(response));
      if (this.#over) return cancel(response);
      const reader = readerOf(response);
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
      if (response !== undefined || init?.redirect !== 'error' || !refusesRedirect(cause)) return this.fail(cause);
      this.#running.redirecting.add(request.origin);
      if (!this.#over) await this.run(fetch, request);
    }
  }

  #initOf({ method, origin, headers, body, abortable }: WireRequest): RequestInit {
    const init: RequestInit = { method, headers: namedHeaders(headers), redirect: 'manual' };
    if (isByteSource(body)) sendStreamed(init, body);
    else if (body !== undefined) {
      init.body = body as BodyInit;
      if (UNDICI && !this.#running.redirecting.has(origin)) sendUncopied(init);
    }
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

/** Whether the runtime's fetch is undici's. */
const UNDICI: boolean = globalThis.process?.versions?.undici !== undefined;

/**
 * undici's fetch copies a request, its body included, unless there is neither a window to ask for credentials nor a redirect to
 * follow: a sixth of a call's CPU (decision 12). What a redirect was is then not to be seen; it is asked for again.
 */
function sendUncopied(init: RequestInit): void {
  init.window = null;
  init.redirect = 'error';
}

/** undici: cause `unexpected redirect`; node-fetch: `uri requested responds with a redirect, redirect mode is set to error`. */
function refusesRedirect(thrown: unknown): boolean {
  const { message, cause } = Object(thrown) as {
    readonly message?: unknown;
    readonly cause?: { readonly message?: unknown } | null;
  };
  return /redirect/i.test(`${message} ${cause?.message}`);
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
  readerOf(response)
    ?.cancel()
    .catch(() => {});
}

type BodyReader = Pick<ReadableStreamDefaultReader<Uint8Array>, 'read' | 'cancel'>;

/** node-fetch gives a stream of Node's instead of a web stream, polyfills over XMLHttpRequest only the whole body. */
function readerOf(response: Pick<Response, 'body' | 'arrayBuffer'>): BodyReader | undefined {
  const { body } = response;
  if (body === null) return undefined;
  if (typeof body?.getReader === 'function') return body.getReader();
  const pieces = (body === undefined ? wholeOf(response) : (body as AsyncIterable<Uint8Array>))[Symbol.asyncIterator]?.();
  if (pieces === undefined) throw notAResponse();
  return {
    read: () => pieces.next() as ReturnType<BodyReader['read']>,
    async cancel() {
      (body as { destroy?(): void } | undefined)?.destroy?.();
    },
  };
}

async function* wholeOf(response: Pick<Response, 'arrayBuffer'>): AsyncGenerator<Uint8Array, undefined> {
  if (typeof response.arrayBuffer === 'function') yield new Uint8Array(await response.arrayBuffer());
  return undefined;
}

function statusOf(response: Response): number {
  const status: unknown = response?.status;
  if (response?.type === 'opaqueredirect' || status === 0) {
    throw new Error('the server answered with a redirect, which is not followed');
  }
  if (typeof status !== 'number' || typeof response.headers?.forEach !== 'function') {
    throw notAResponse();
  }
  return status;
}

const notAResponse = (): ConfigurationError =>
  new ConfigurationError({
    message: 'fetch did not return a Response; give the option `fetch` a function that works as the one of the standard does',
    code: 'invalid_option',
    param: 'fetch',
  });
