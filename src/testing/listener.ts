import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Server as NetServer } from 'node:net';
import { systemClock } from '../time/clock.ts';

const HOST = '127.0.0.1';
const REOPEN_EVERY_MS = 20;

/** One port on the loopback interface that can be closed and opened again while its server lives. */
export class Listener {
  readonly #server: Server;
  /** Open connections, and whether each is answering a request. */
  readonly #connections = new Map<Socket, boolean>();
  #port = 0;
  #shut = true;
  #closed = false;

  constructor(handle: (request: IncomingMessage, response: ServerResponse) => void) {
    const options = { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 };
    this.#server = createServer(options, (request, response) => {
      const { socket } = request;
      this.#connections.set(socket, true);
      response.once('close', () => {
        if (socket.destroyed) return;
        this.#connections.set(socket, false);
        if (this.#shut) socket.end();
      });
      handle(request, response);
    });
    this.#server.on('connection', (socket) => {
      this.#connections.set(socket, false);
      socket.once('close', () => this.#connections.delete(socket));
    });
    this.#server.on('error', () => this.#retryOpening());
  }

  get port(): number {
    return this.#port;
  }

  /** Whether connections are being refused. */
  get shut(): boolean {
    return this.#shut;
  }

  /** Resolves when the port is open; rejects when it is taken. */
  async start(port: number): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, HOST, () => {
        this.#server.off('error', reject);
        resolve();
      });
      this.#shut = false;
    });
    this.#port = (this.#server.address() as AddressInfo).port;
    return this;
  }

  /**
   * Refuses connections from now on. Requests that are being answered are not disturbed. Idle connections are closed from
   * this side only: a request that was sent before the client saw it still arrives here, and can be reset.
   */
  refuse(): void {
    if (this.#shut || this.#closed) return;
    this.#shut = true;
    // http's own close would destroy idle connections
    NetServer.prototype.close.call(this.#server);
    for (const [socket, busy] of this.#connections) if (!busy) socket.end();
  }

  /** Accepts connections again, on the same port. */
  accept(): void {
    if (!this.#shut || this.#closed) return;
    this.#shut = false;
    this.#server.listen(this.#port, HOST);
  }

  /** Ends everything at once. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#connections.keys()) socket.destroy();
    await closed;
  }

  /** Between closing and opening again another process may have been given the port for a moment. */
  #retryOpening(): void {
    if (this.#shut || this.#closed || this.#port === 0) return;
    systemClock.timer(() => {
      if (!this.#shut && !this.#closed && !this.#server.listening) this.#server.listen(this.#port, HOST);
    }, REOPEN_EVERY_MS);
  }
}
