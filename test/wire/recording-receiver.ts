import type { Receiver, WireHeaders, WireRequest } from '../../src/contract/wire.ts';

/** Writes down what a transport calls, and fails on anything that comes after the end. */
export class RecordingReceiver implements Receiver {
  readonly calls: string[] = [];
  readonly chunks: Buffer[] = [];
  status = 0;
  headers: WireHeaders = {};
  cause: unknown;
  onHead: (() => void) | undefined;
  onData: (() => void) | undefined;
  readonly over: Promise<'end' | 'fail'>;
  #finish!: (how: 'end' | 'fail') => void;

  constructor() {
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  connected(): void {
    this.#note('connected');
  }

  head(status: number, headers: WireHeaders): void {
    this.#note('head');
    this.status = status;
    this.headers = headers;
    this.onHead?.();
  }

  data(bytes: Uint8Array): void {
    if (this.calls.at(-1) !== 'data') this.#note('data');
    this.chunks.push(Buffer.from(bytes));
    this.onData?.();
  }

  end(): void {
    this.#note('end');
    this.#finish('end');
  }

  fail(cause: unknown): void {
    this.cause = cause;
    this.#note('fail');
    this.#finish('fail');
  }

  #note(call: string): void {
    const last = this.calls.at(-1);
    if (last === 'end' || last === 'fail') throw new Error(`${call} after ${last}`);
    this.calls.push(call);
  }
}

export const requestTo = (origin: string, path = '/', more: Partial<WireRequest> = {}): WireRequest => ({
  method: 'POST',
  origin,
  path,
  headers: ['content-type', 'application/json', 'x-one', '1'],
  body: '{"hello":"wörld"}',
  ...more,
});

/** Time enough for what should not happen to happen. */
export const aWhile = (ms = 60): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
