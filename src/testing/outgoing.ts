import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '../time/clock.ts';

/** The server's end of one exchange: writes, waits and breaks off. Ends all waits when the connection is gone. */
export class Outgoing {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #lastOnConnection: () => boolean;
  #wake: (() => void) | undefined;
  #timer: Timer | undefined;

  /** `lastOnConnection` tells whether the connection must be closed after this answer. */
  constructor(response: ServerResponse, clock: Clock, lastOnConnection: () => boolean) {
    this.#response = response;
    this.#clock = clock;
    this.#lastOnConnection = lastOnConnection;
    response.once('close', () => this.#stopWaiting());
    response.on('error', () => this.#stopWaiting());
  }

  get open(): boolean {
    return !this.#response.destroyed && this.#response.socket?.destroyed === false;
  }

  /** Status and headers; they leave with the first write unless `flush` sends them at once. */
  head(status: number, headers: Readonly<Record<string, string>>, flush = false): void {
    if (!this.open) return;
    if (this.#lastOnConnection()) this.#response.shouldKeepAlive = false;
    this.#response.writeHead(status, headers);
    if (flush) this.#response.flushHeaders();
  }

  whole(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array): void {
    this.head(status, { ...headers, 'content-length': String(body.byteLength) });
    if (this.open) this.#response.end(body);
  }

  /** One write; resolves on the next turn of the event loop, later if the reader is slow. */
  async write(bytes: Uint8Array): Promise<void> {
    if (!this.open) return;
    if (this.#response.write(bytes)) await this.#turn();
    else await this.#pause((wake) => this.#response.once('drain', wake));
  }

  async wait(ms: number): Promise<void> {
    if (ms <= 0) return;
    await this.#pause((wake) => {
      this.#timer = this.#clock.timer(wake, ms);
    });
  }

  end(): void {
    if (this.open) this.#response.end();
  }

  /** Closes the connection without ending the body. */
  async cut(): Promise<void> {
    await this.#turn();
    this.#response.socket?.destroySoon();
  }

  /** Ends the connection with a TCP reset. What was written before has reached the other side by then. */
  async reset(): Promise<void> {
    await this.#turn();
    await this.#turn();
    this.#response.socket?.resetAndDestroy();
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async #pause(start: (wake: () => void) => void): Promise<void> {
    if (!this.open) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      start(resolve);
    });
    this.#wake = undefined;
    this.#timer = undefined;
  }

  #stopWaiting(): void {
    this.#timer?.cancel();
    this.#wake?.();
  }
}
