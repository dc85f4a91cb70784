import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { Agent, Dispatcher1Wrapper } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../src/contract/wire.ts';
import { createDefaultTransport } from '../../src/wire/default-transport.node.ts';
import { fetchTransport } from '../../src/wire/fetch-transport.ts';
import { undiciTransport } from '../../src/wire/undici-transport.ts';
import type { Loopback } from './loopback.ts';
import { bodyOf, httpServer, tcpServer } from './loopback.ts';
import { aWhile, RecordingReceiver, requestTo } from './recording-receiver.ts';

/** A dispatcher that knows only the handlers of undici 6: `onConnect`, `onHeaders`, … */
function olderDispatcher(): Dispatcher {
  const wrapper = new Dispatcher1Wrapper(new Agent({ allowH2: false }));
  const dispatch = (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean => {
    const old = handler as unknown as Record<string, (...args: unknown[]) => unknown>;
    const known = ['onConnect', 'onHeaders', 'onData', 'onComplete', 'onError'];
    const onlyOld = Object.fromEntries(known.map((name) => [name, (...args: unknown[]) => old[name]?.(...args)]));
    return wrapper.dispatch(options, onlyOld as unknown as Dispatcher.DispatchHandler);
  };
  return { dispatch, close: () => wrapper.close(), destroy: () => wrapper.destroy() } as unknown as Dispatcher;
}

async function nodesOwnDispatcher(): Promise<Dispatcher> {
  await fetch('http://127.0.0.1:1').catch(() => {});
  return (globalThis as unknown as Record<symbol, Dispatcher>)[Symbol.for('undici.globalDispatcher.1')] as Dispatcher;
}

const TRANSPORTS: readonly [string, () => Transport | Promise<Transport>][] = [
  ['undici', () => undiciTransport()],
  ['undici with options', () => undiciTransport({ connections: 8 })],
  ['undici with a dispatcher', () => undiciTransport({ dispatcher: new Agent() })],
  ['undici with the dispatcher of Node', async () => undiciTransport({ dispatcher: await nodesOwnDispatcher() })],
  ['undici with an older dispatcher', () => undiciTransport({ dispatcher: olderDispatcher() })],
  ['fetch', () => fetchTransport()],
  ['the default of Node', () => createDefaultTransport()],
];

describe.each(TRANSPORTS)('%s', (name, create) => {
  const cleanup: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of cleanup.splice(0).reverse()) await close();
  });

  async function transport(): Promise<Transport> {
    const made = await create();
    cleanup.push(() => made.close());
    return made;
  }
  async function serve(listener: RequestListener): Promise<Loopback> {
    const server = await httpServer(listener);
    cleanup.push(server.close);
    return server;
  }
  async function serveTCP(onSocket: (socket: Socket) => void): Promise<Loopback> {
    const server = await tcpServer(onSocket);
    cleanup.push(server.close);
    return server;
  }

  it('sends method, path, headers and body, and hands over status, headers and bytes', async () => {
    let seen: unknown;
    const server = await serve(async (request, response) => {
      const { method, url, headers } = request;
      seen = { method, url, one: headers['x-one'], type: headers['content-type'], body: (await bodyOf(request)).toString() };
      response.writeHead(201, { 'X-Request-Id': 'r1', 'Set-Cookie': ['a=1', 'b=2'] });
      response.end('{"héllo":1}');
    });
    const receiver = new RecordingReceiver();
    (await transport()).dispatch(requestTo(server.origin, '/v1/chat?x=1'), receiver);
    expect(await receiver.over).toBe('end');
    expect(receiver.calls).toEqual(['connected', 'head', 'data', 'end']);
    expect(seen).toEqual({ method: 'POST', url: '/v1/chat?x=1', one: '1', type: 'application/json', body: '{"hello":"wörld"}' });
    expect(receiver.status).toBe(201);
    expect(receiver.headers['x-request-id']).toBe('r1');
    expect(receiver.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(receiver.text).toBe('{"héllo":1}');
  });

  it('sends bytes, and GET without a body', async () => {
    const bodies: string[] = [];
    const server = await serve(async (request, response) => {
      bodies.push(`${request.method} ${(await bodyOf(request)).toString()}`);
      response.writeHead(204).end();
    });
    const chosen = await transport();
    for (const more of [
      { body: Buffer.from('äb') },
      { method: 'GET', body: undefined },
      { method: 'DELETE', body: undefined },
    ] as const) {
      const receiver = new RecordingReceiver();
      chosen.dispatch(requestTo(server.origin, '/', more), receiver);
      expect(await receiver.over).toBe('end');
      expect(receiver.calls).toEqual(['connected', 'head', 'end']);
    }
    expect(bodies).toEqual(['POST äb', 'GET ', 'DELETE ']);
  });

  it('carries a big body in both directions', async () => {
    const big = Buffer.alloc(8 * 1024 * 1024, 'abcdefgh');
    const server = await serve(async (request, response) => response.end(await bodyOf(request)));
    const receiver = new RecordingReceiver();
    (await transport()).dispatch(requestTo(server.origin, '/', { body: big }), receiver);
    expect(await receiver.over).toBe('end');
    expect(Buffer.concat(receiver.chunks).equals(big)).toBe(true);
  });

  it('keeps connections for later calls', async () => {
    const server = await serve((request, response) => void request.resume().on('end', () => response.end('ok')));
    const chosen = await transport();
    for (let i = 0; i < 5; i++) {
      const receiver = new RecordingReceiver();
      chosen.dispatch(requestTo(server.origin), receiver);
      expect(await receiver.over).toBe('end');
    }
    // undici gives a connection back one turn of the event loop after the answer's end
    expect(server.sockets.length).toBeLessThanOrEqual(2);
  });

  it('does not follow redirects', async () => {
    const paths: (string | undefined)[] = [];
    const server = await serve((request, response) => {
      paths.push(request.url);
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const receiver = new RecordingReceiver();
    (await transport()).dispatch(requestTo(server.origin, '/first'), receiver);
    expect(await receiver.over).toBe('end');
    expect(receiver.status).toBe(307);
    expect(receiver.headers.location).toBe('/elsewhere');
    // fetch sees what a redirect was when it asks a second time
    expect(paths).toEqual(name === 'fetch' ? ['/first', '/first'] : ['/first']);
  });

  it('passes over interim answers', async () => {
    const server = await serve((_request, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      setTimeout(() => response.end('ok'), 10);
    });
    const receiver = new RecordingReceiver();
    (await transport()).dispatch(requestTo(server.origin), receiver);
    expect(await receiver.over).toBe('end');
    expect([receiver.status, receiver.text]).toEqual([200, 'ok']);
  });

  it('fails when nobody listens', async () => {
    const server = await httpServer(() => {});
    await server.close();
    const receiver = new RecordingReceiver();
    (await transport()).dispatch(requestTo(server.origin), receiver);
    expect(await receiver.over).toBe('fail');
    expect(codeOf(receiver.cause)).toBe('ECONNREFUSED');
  });

  it.each<[string, (socket: Socket) => void, string[]]>([
    ['reset before headers', (socket) => void socket.once('data', () => socket.resetAndDestroy()), ['connected', 'fail']],
    ['closed before headers', (socket) => void socket.once('data', () => socket.end()), ['connected', 'fail']],
    ['cut in a body of known length', answer('content-length: 100\r\n\r\nabc'), ['connected', 'head', 'data', 'fail']],
    ['cut in a chunked body', answer('transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n'), ['connected', 'head', 'data', 'fail']],
    ['garbage', (socket) => void socket.once('data', () => socket.end('SSH-2.0-OpenSSH\r\n')), ['connected', 'fail']],
  ])('fails on %s', async (_case, onSocket, calls) => {
    const server = await serveTCP(onSocket);
    const receiver = new RecordingReceiver();
    (await transport()).dispatch(requestTo(server.origin), receiver);
    expect(await receiver.over).toBe('fail');
    expect(receiver.calls).toEqual(calls);
    expect(receiver.cause).toBeInstanceOf(Error);
  });

  it('stops reading while paused', async () => {
    let written = 0;
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const total = 40 * 1024 * 1024;
    const server = await serve((request, response) => {
      request.resume();
      const more = (): void => {
        while (written < total) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const receiver = new RecordingReceiver();
    const flow = (await transport()).dispatch(requestTo(server.origin), receiver);
    const head = new Promise<void>((resolve) => {
      receiver.onHead = resolve;
    });
    receiver.onData = (): void => {
      receiver.onData = undefined;
      flow.pause();
    };
    await head;
    await aWhile(150);
    const stalledAt = written;
    const received = receiver.chunks.length;
    await aWhile(150);
    expect(written).toBe(stalledAt);
    expect(receiver.chunks.length).toBe(received);
    expect(written).toBeLessThan(total);
    flow.resume();
    expect(await receiver.over).toBe('end');
    expect(Buffer.concat(receiver.chunks)).toHaveLength(total);
  });

  it('can be paused in head, and resumed at once', async () => {
    const server = await serve((_request, response) => void response.end('body'));
    const receiver = new RecordingReceiver();
    const flow = (await transport()).dispatch(requestTo(server.origin), receiver);
    const headSeen = new Promise<void>((resolve) => {
      receiver.onHead = (): void => {
        flow.pause();
        resolve();
      };
    });
    await headSeen;
    await aWhile();
    expect(receiver.calls).toEqual(['connected', 'head']);
    flow.resume();
    expect(await receiver.over).toBe('end');
    expect(receiver.text).toBe('body');
  });

  it('sends nothing when aborted at once', async () => {
    let requests = 0;
    const server = await serve((_request, response) => {
      requests++;
      response.end();
    });
    const chosen = await transport();
    const receiver = new RecordingReceiver();
    chosen.dispatch(requestTo(server.origin, '/aborted'), receiver).abort();
    await aWhile();
    expect(requests).toBe(0);
    expect(receiver.calls.filter((call) => call !== 'connected')).toEqual([]);
    const next = new RecordingReceiver();
    chosen.dispatch(requestTo(server.origin), next);
    expect(await next.over).toBe('end');
    expect(requests).toBe(1);
  });

  it('closes the socket when aborted while waiting for an answer', async () => {
    const server = await serve(() => {});
    const receiver = new RecordingReceiver();
    const flow = (await transport()).dispatch(requestTo(server.origin), receiver);
    while (server.sockets.length === 0) await aWhile(5);
    await aWhile(20);
    const closed = once(server.sockets[0] as Socket, 'close');
    flow.abort();
    flow.abort();
    await closed;
    await aWhile(20);
    expect(receiver.calls).toEqual(['connected']);
  });

  it('closes the socket when aborted by the head of an answer, also where it was not told to be ready for that', async () => {
    for (const abortable of [undefined, false]) {
      let closed = false;
      const server = await serve((_request, response) => {
        response.on('close', () => {
          closed = true;
        });
        response.writeHead(200, { 'content-type': 'text/plain' });
        response.write('more to come');
      });
      const receiver = new RecordingReceiver();
      const chosen = await transport();
      const hand: { flow?: { abort(): void } } = {};
      receiver.onHead = () => hand.flow?.abort();
      hand.flow = chosen.dispatch({ ...requestTo(server.origin), abortable }, receiver);
      while (!closed) await aWhile(5);
      expect(receiver.calls).toEqual(['connected', 'head']);
    }
  });

  it('closes the socket when aborted in the middle of a body', async () => {
    const server = await serve((_request, response) => {
      const timer = setInterval(() => response.write('data: x\n\n'), 2);
      response.on('close', () => clearInterval(timer));
    });
    const receiver = new RecordingReceiver();
    const flow = (await transport()).dispatch(requestTo(server.origin), receiver);
    receiver.onData = (): void => {
      if (receiver.chunks.length === 3) flow.abort();
    };
    while (receiver.chunks.length < 3) await aWhile(5);
    while (server.sockets[0]?.destroyed !== true) await aWhile(5);
    expect(receiver.chunks).toHaveLength(3);
    expect(receiver.calls).toEqual(['connected', 'head', 'data']);
  });

  it('does nothing when aborted, paused or resumed after the end', async () => {
    const server = await serve((_request, response) => void response.end('ok'));
    const chosen = await transport();
    for (let i = 0; i < 2; i++) {
      const receiver = new RecordingReceiver();
      const flow = chosen.dispatch(requestTo(server.origin), receiver);
      expect(await receiver.over).toBe('end');
      flow.abort();
      flow.pause();
      flow.resume();
      await aWhile(20);
    }
    expect(server.sockets).toHaveLength(1);
  });

  it('reports a request that cannot be sent', async () => {
    const receiver = new RecordingReceiver();
    const chosen = await transport();
    chosen.dispatch(requestTo('http://127.0.0.1:9', '/', { headers: ['bad header', 'x'] }), receiver);
    const before = receiver.calls.filter((call) => call === 'fail');
    expect(await receiver.over).toBe('fail');
    expect(before).toEqual([]);
    expect(receiver.cause).toBeInstanceOf(Error);
  });

  it('fails what is dispatched or running after close, where the connections are its own', async () => {
    const server = await serve(() => {});
    const chosen = await transport();
    const running = new RecordingReceiver();
    chosen.dispatch(requestTo(server.origin), running);
    while (server.sockets.length === 0) await aWhile(5);
    await aWhile(20);
    await chosen.close();
    if (!/dispatcher/.test(name)) expect(await running.over).toBe('fail');
    if (name === 'fetch') return;
    const late = new RecordingReceiver();
    chosen.dispatch(requestTo(server.origin), late);
    expect(await late.over).toBe('fail');
  });
});

function answer(rest: string): (socket: Socket) => void {
  return (socket) =>
    void socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\n${rest}`);
      setTimeout(() => socket.destroy(), 20);
    });
}

function codeOf(cause: unknown): unknown {
  const error = cause as { code?: unknown; cause?: { code?: unknown } };
  return error.code ?? error.cause?.code;
}
