import type { Dispatcher } from 'undici';
import type { Flow, Receiver, WireHeaders } from '../contract/wire.ts';
import type { PendingConnections } from './undici-agent.node.ts';

/**
 * One request on undici, its handler and its flow in one object.
 * Speaks both handler protocols: that of undici 7 and 8 (`onRequest…`, `onResponse…`) and the older one, for
 * dispatchers that an application made with its own undici.
 */
export class UndiciExchange implements Dispatcher.DispatchHandler, Flow {
  readonly #receiver: Receiver;
  #pending: PendingConnections | undefined;
  #controller: Controller | undefined;
  #over = false;
  #paused = false;

  constructor(receiver: Receiver, pending: PendingConnections | undefined) {
    this.#receiver = receiver;
    this.#pending = pending;
    if (pending !== undefined) pending.waiting += 1;
  }

  pause(): void {
    this.#paused = true;
    this.#controller?.pause();
  }

  resume(): void {
    this.#paused = false;
    // undici's parser is not re-entrant, and the reader may be called from within another answer's data
    queueMicrotask(() => {
      if (!this.#over && !this.#paused) this.#controller?.resume();
    });
  }

  abort(): void {
    if (this.#over) return;
    this.#over = true;
    this.#leave();
    this.#controller?.abort(new Error('aborted'));
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#over) return controller.abort(new Error('aborted'));
    if (this.#pending !== undefined) {
      this.#pending.waiting -= 1;
      this.#pending = undefined;
    }
    this.#receiver.connected();
  }

  onResponseStart(_controller: Controller, status: number, headers: WireHeaders): void {
    if (this.#over || status < 200) return;
    this.#receiver.head(status, headers);
    if (this.#paused) this.#controller?.pause();
  }

  onResponseData(_controller: Controller, chunk: Uint8Array): void {
    if (!this.#over) this.#receiver.data(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.end();
  }

  onResponseError(_controller: Controller | null | undefined, cause: unknown): void {
    if (this.#over) return;
    if (this.#controller !== undefined) return this.#fail(cause);
    this.#leave();
    queueMicrotask(() => this.#fail(cause));
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.onRequestStart(new OlderController(abort));
  }

  onHeaders(status: number, rawHeaders: readonly (Uint8Array | string)[], resume: () => void): boolean {
    const controller = this.#controller as OlderController;
    controller.onResume = resume;
    this.onResponseStart(controller, status, headersOf(rawHeaders));
    return !controller.paused;
  }

  onData(chunk: Uint8Array): boolean {
    const controller = this.#controller as OlderController;
    this.onResponseData(controller, chunk);
    return !controller.paused;
  }

  onComplete(): void {
    this.onResponseEnd();
  }

  onError(cause: unknown): void {
    this.onResponseError(this.#controller, cause);
  }

  #fail(cause: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#receiver.fail(cause);
  }

  #leave(): void {
    this.#pending?.leave();
    this.#pending = undefined;
  }
}

type Controller = Pick<Dispatcher.DispatchController, 'pause' | 'resume' | 'abort'>;

class OlderController implements Controller {
  paused = false;
  onResume: (() => void) | undefined;
  readonly abort: (reason?: Error) => void;

  constructor(abort: (reason?: Error) => void) {
    this.abort = abort;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.onResume?.();
  }
}

function headersOf(raw: readonly (Uint8Array | string)[]): WireHeaders {
  const headers: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = textOf(raw[i]).toLowerCase();
    const value = textOf(raw[i + 1]);
    const before = headers[name];
    headers[name] = before === undefined ? value : [before, value].flat();
  }
  return headers;
}

const textOf = (part: Uint8Array | string | undefined): string =>
  typeof part === 'string' ? part : part === undefined ? '' : Buffer.from(part).toString('latin1');
