import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RawServer } from '../support/raw-server.ts';
import { startRawServer } from '../support/raw-server.ts';
import type { Loopback } from '../wire/loopback.ts';
import { tcpServer } from '../wire/loopback.ts';
import { failed } from './play.ts';

// What can happen on the line itself, at two providers with different dialects.

let server: RawServer;
const lines: Loopback[] = [];
beforeAll(async () => {
  server = await startRawServer();
});
afterAll(async () => {
  await Promise.all([server.close(), ...lines.map((line) => line.close())]);
});

/** A server that answers the first bytes of a request with these, then ends the connection in a way. */
async function line(answer: string | Uint8Array, ending: 'end' | 'reset'): Promise<string> {
  const loopback = await tcpServer((socket) => {
    socket.once('data', () => {
      if (answer.length > 0) socket.write(answer);
      setTimeout(() => (ending === 'reset' ? socket.resetAndDestroy() : socket.end()), 10);
    });
  });
  lines.push(loopback);
  return loopback.origin;
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';

const SCENES: Readonly<Record<string, () => Promise<string>>> = {
  'nobody listens': async () => server.refused,
  'the host has no address': async () => 'http://no-such-host.invalid',
  'reset before the answer': () => line('', 'reset'),
  'closed before the answer': () => line('', 'end'),
  'reset within the headers': () => line('HTTP/1.1 200 OK\r\ncontent-ty', 'reset'),
  'reset within the body': () => line(`${HEAD}content-length: 400\r\n\r\n{"choices":[`, 'reset'),
  'closed within the body': () => line(`${HEAD}content-length: 400\r\n\r\n{"choices":[`, 'end'),
  'closed within a chunk': () => line(`${HEAD}transfer-encoding: chunked\r\n\r\n40\r\n{"choices":[`, 'end'),
  'no HTTP at all': () => line('220 mail.example.org ESMTP ready\r\n', 'end'),
  'plain HTTP where TLS was asked for': async () => server.at({ status: 200, body: '{}' }).replace('http:', 'https:'),
};

/** What a reader of the message can do about it. */
const ADVICE: Readonly<Record<string, RegExp>> = {
  'nobody listens': /connection refused: is the server running at this address\? \(ECONNREFUSED\)$/,
  'the host has no address': /host name .+: is the (?:address right|network up)\? \(\w+\)$/,
  'plain HTTP where TLS was asked for': /no TLS at this address: is it "http:\/\/"\? \(ERR_SSL_WRONG_VERSION_NUMBER\)$/,
};

describe.each(['openai', 'anthropic'])('%s', (id) => {
  it.each(Object.keys(SCENES))('%s', async (name) => {
    const origin = await (SCENES[name] as () => Promise<string>)();
    for (const surface of ['chat', 'stream'] as const) {
      const error = await failed(server, { id, origin, surface });
      expect(error).toMatchObject({ name: 'APIConnectionError', kind: 'connection', provider: id, retryable: true });
      expect(error.message.length).toBeLessThan(400);
      expect(error.message).toMatch(ADVICE[name] ?? /^[^\n]+$/);
    }
  });

  it('an error that is cut in its body has the class of its status', async () => {
    const origin = await line('HTTP/1.1 429 Slow\r\nretry-after: 7\r\ncontent-length: 400\r\n\r\n{"error":{"mess', 'end');
    for (const surface of ['chat', 'stream'] as const) {
      expect(await failed(server, { id, origin, surface })).toMatchObject({
        kind: 'rate_limit',
        status: 429,
        retryAfterMs: 7000,
      });
    }
  });
});
