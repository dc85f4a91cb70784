import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BatchStore } from '../../src/batches/index.ts';
import { batchEngine, sqliteStore } from '../../src/batches/index.ts';
import type { LLMClient } from '../../src/index.ts';
import { createClient } from '../../src/index.ts';
import { createHandler, nodeListener } from '../../src/server/index.ts';
import { until } from '../support/chained.ts';
import { watchedStore } from '../support/watched-store.ts';

/** A provider that answers as each test wants, our server before it, and a client that is only a socket. */
type Answer = (incoming: IncomingMessage, outgoing: ServerResponse) => void;

let answer: Answer;
let upstream: Server;
let server: Server;
let llm: LLMClient;
let calls: string[];

const portOf = (one: Server): number => (one.address() as AddressInfo).port;

beforeEach(async () => {
  calls = [];
  upstream = createServer((incoming, outgoing) => answer(incoming, outgoing)).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const store: BatchStore = watchedStore(sqliteStore(':memory:'), (_, name) => void calls.push(name));
  llm = createClient({
    use: [],
    providers: { openai: { apiKey: 'k', baseURL: `http://127.0.0.1:${portOf(upstream)}/v1` } },
    batches: batchEngine({ store }),
  });
  server = createServer(nodeListener(createHandler(llm))).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  await llm.close();
  for (const one of [server, upstream]) {
    one.close();
    one.closeAllConnections();
  }
});

const event = (content: string): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;

function ask(body: object): Socket {
  const text = JSON.stringify({ model: 'openai/m', messages: [{ role: 'user', content: 'Hi' }], ...body });
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n`;
  return connect(portOf(server), '127.0.0.1').once('connect', function (this: Socket) {
    this.write(head + text);
  });
}

/** How many requests our server has taken and not answered, this one among them. */
async function running(): Promise<number> {
  const status = await (await fetch(`http://127.0.0.1:${portOf(server)}/status`)).json();
  return (status as { running: number }).running;
}

const outcome = (): Promise<string> => new Promise((resolve) => llm.on('call-ended', (event) => resolve(event.outcome)));

describe('a client that leaves', () => {
  it.each([false, true])('before there are headers (stream: %s): the request upstream is ended', async (stream) => {
    const asked = new Promise<ServerResponse>((resolve) => {
      answer = (_, outgoing) => resolve(outgoing);
    });
    const told = outcome();
    const socket = ask({ stream });
    const open = await asked;
    socket.destroy();
    await once(open, 'close');
    expect(open.writableFinished).toBe(false);
    expect(await told).toBe('aborted');
  });

  it('in the middle of a stream: the request upstream is ended', async () => {
    const asked = new Promise<ServerResponse>((resolve) => {
      answer = (_, outgoing) => {
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
        outgoing.write(event('One'));
        resolve(outgoing);
      };
    });
    const socket = ask({ stream: true });
    const open = await asked;
    await once(socket, 'data');
    socket.destroy();
    await once(open, 'close');
    expect(open.writableFinished).toBe(false);
  });

  it('in the middle of an upload: what has come is let go', async () => {
    const socket = connect(portOf(server), '127.0.0.1');
    socket.write(
      'POST /v1/files HTTP/1.1\r\nhost: x\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 9999999\r\n\r\n--x\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n',
    );
    socket.write(`{"a":1}\n${'x'.repeat(600_000)}`);
    await until(() => calls.includes('draft'));
    socket.destroy();
    while ((await running()) !== 1) await new Promise(setImmediate);
    expect((await llm.files.list()).data).toEqual([]);
  });

  it('in the middle of a body of JSON: nothing is asked upstream', async () => {
    answer = () => expect.unreachable();
    const socket = connect(portOf(server), '127.0.0.1');
    socket.write('POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"model":');
    while ((await running()) !== 2) await new Promise(setImmediate);
    socket.destroy();
    while ((await running()) !== 1) await new Promise(setImmediate);
  });
});

describe('a client that reads slowly', () => {
  it('slows its provider down: what lies between them is bounded', async () => {
    let written = 0;
    let waiting = 0;
    const chunk = event('x'.repeat(10_000));
    answer = (_, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      const go = (): void => {
        waiting = 0;
        while (written < 400_000_000) {
          written += chunk.length;
          if (!outgoing.write(chunk)) break;
        }
        waiting = 1;
      };
      outgoing.on('drain', go);
      go();
    };
    const socket = ask({ stream: true });
    await once(socket, 'data');
    socket.pause();
    for (let before = -1; before !== written || waiting === 0; ) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(written).toBeLessThan(40_000_000);
    socket.destroy();
  });
});
