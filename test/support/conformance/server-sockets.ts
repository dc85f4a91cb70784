import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const CHANNEL = 'net.server.socket';

/** The server's ends of all connections made to servers of this process. */
export class ServerSockets {
  readonly #sockets = new Set<Socket>();
  readonly #onSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: Socket };
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  };

  constructor() {
    subscribe(CHANNEL, this.#onSocket);
  }

  /** Open connections to the port of an address. */
  at(url: string): readonly Socket[] {
    const port = Number(new URL(url).port);
    return [...this.#sockets].filter(({ localPort }) => localPort === port);
  }

  close(): void {
    unsubscribe(CHANNEL, this.#onSocket);
  }
}
