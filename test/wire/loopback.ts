import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createHTTPServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';

export interface Loopback {
  readonly origin: string;
  /** Connections accepted so far. */
  readonly sockets: Socket[];
  close(): Promise<void>;
}

/** A TCP server that does as it is told with each connection. */
export async function tcpServer(onSocket: (socket: Socket) => void): Promise<Loopback> {
  return listen(createServer(), 'http', onSocket);
}

export async function httpServer(listener: RequestListener): Promise<Loopback> {
  return listen(createHTTPServer(listener), 'http');
}

export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function listen(
  server: Server | ReturnType<typeof createServer>,
  scheme: string,
  onSocket?: (socket: Socket) => void,
): Promise<Loopback> {
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onSocket?.(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    async close(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
