import type { Flow, Receiver, Transport, WireHeaders, WireRequest } from '../contract/wire.ts';

/** A `fetch` function; the one of the runtime, of a proxy library, or a stub. */
export type FetchFunction = (url: string, init: RequestInit) => Promise<Response>;

/**
 * Sends through `fetch`: everywhere where there is one, edge runtimes included.
 * Without an argument `globalThis.fetch` is read at each call, so that what is installed later takes effect.
 */
export function fetchTransport(fetch?: FetchFunction): Transport {
  const running = new Set<FetchExchange>();
  return {
    dispatch(request: WireRequest, receiver: Receiver): Flow {
      const exchange = new FetchExchange(receiver, running);
      void exchange.run(fetch ?? globalThis.fetch, request);
      return exchange;
    },
    async close(): Promise<void> {
      for (const exchange of [...running]) exchange.fail(new Error('the transport is closed'));
    },
  };
}

class FetchExchange implements Flow {
  readonly #receiver: Receiver;
  readonly #running: Set<FetchExchange>;
  readonly #aborter = new AbortController();
  #over = false;
  #paused = false;
  #wake: (() => void) | undefined;

  constructor(receiver: Receiver, running: Set<FetchExchange>) {
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
    this.#aborter.abort();
    this.#wake?.();
  }

  fail(cause: unknown): void {
    if (this.#over) return;
    this.abort();
    this.#receiver.fail(cause);
  }

  async run(fetch: FetchFunction, request: WireRequest): Promise<void> {
    this.#receiver.connected();
    try {
      const response = await fetch(request.origin + request.path, {
        method: request.method,
        headers: namedHeaders(request.headers),
        redirect: 'manual',
        signal: this.#aborter.signal,
        ...(request.body === undefined ? {} : { body: request.body as BodyInit }),
      });
      if (this.#over) return cancel(response);
      this.#receiver.head(statusOf(response), headersOf(response));
      if (response.body !== null) await this.#read(response.body.getReader());
      if (this.#over) return;
      this.#finish();
      this.#receiver.end();
    } catch (cause) {
      this.fail(cause);
    }
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    while (!this.#over) {
      if (this.#paused) await this.#resumed();
      const { done, value } = await reader.read();
      if (done || this.#over) return;
      this.#receiver.data(value);
    }
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
    this.#running.delete(this);
  }
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

function headersOf(response: Response): WireHeaders {
  const headers: Record<string, string | string[]> = Object.create(null);
  response.headers.forEach((value, name) => {
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat();
  });
  return headers;
}
