import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer as createTCPServer } from 'node:net';
import type { Loopback } from '../wire/loopback.ts';
import { bodyOf, httpServer, tcpServer } from '../wire/loopback.ts';

/** An answer, byte for byte. No header is added but those that HTTP itself needs. */
export interface RawAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** `cut` destroys the socket after the body, `silence` keeps it open without another byte. Default `end`. */
  readonly ending?: 'end' | 'cut' | 'silence';
}

export interface RawServer {
  /** An address where every request gets this answer; paths of any depth may follow. */
  at(answer: RawAnswer): string;
  /** An address that refuses connections. */
  readonly refused: string;
  /** An address where a TLS handshake is never answered. */
  readonly mute: string;
  /** Requests that came to an address. */
  requestsTo(address: string): number;
  close(): Promise<void>;
}

/** One server on the loopback interface for many answers, told apart by the first part of the path. */
export async function startRawServer(): Promise<RawServer> {
  const answers: RawAnswer[] = [];
  const counts: number[] = [];
  const server: Loopback = await httpServer(async (request, response) => {
    const number = Number(request.url?.split('/')[1]);
    await bodyOf(request);
    counts[number] = (counts[number] ?? 0) + 1;
    give(answers[number] ?? { status: 500, body: 'no such scene' }, response);
  });
  const silent = await tcpServer(() => {});
  const refused = await freeAddress();
  return {
    at: (answer) => `${server.origin}/${answers.push(answer) - 1}`,
    refused,
    mute: silent.origin.replace('http:', 'https:'),
    requestsTo: (address) => counts[Number(new URL(address).pathname.split('/')[1])] ?? 0,
    async close() {
      await Promise.all([server.close(), silent.close()]);
    },
  };
}

function give({ status, headers = {}, body = [], ending = 'end' }: RawAnswer, response: ServerResponse): void {
  response.sendDate = false;
  response.writeHead(status, headers);
  response.flushHeaders();
  for (const part of typeof body === 'string' || body instanceof Uint8Array ? [body] : body) response.write(part);
  if (ending === 'end') response.end();
  if (ending === 'cut') setTimeout(() => response.destroy(), 20);
}

/** A port that nobody listens on any more. */
async function freeAddress(): Promise<string> {
  const server = createTCPServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 1}`;
}
