import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import { errorMonitor } from 'node:events';

const CHANNEL = 'net.client.socket';

interface ConnectError extends Error {
  readonly code?: unknown;
  readonly port?: unknown;
  /** One for each address that a host name stands for. */
  readonly errors?: readonly ConnectError[];
}

/**
 * Tells which ports refused a connection. A closed port cannot see who knocks, so the knocking side is watched:
 * Node publishes every client socket of this process, and its error names the port.
 * Returns the function that ends the watch.
 */
export function watchRefusals(refused: (port: number) => void): () => void {
  const onSocket = (message: unknown): void => {
    const { socket } = message as { readonly socket: EventEmitter };
    const onError = (error: ConnectError): void => {
      for (const each of error.errors ?? [error]) {
        if (each.code === 'ECONNREFUSED' && typeof each.port === 'number') refused(each.port);
      }
    };
    socket.once(errorMonitor, onError);
    socket.once('connect', () => socket.off(errorMonitor, onError));
  };
  subscribe(CHANNEL, onSocket);
  return () => unsubscribe(CHANNEL, onSocket);
}
