import nodeFetch from 'node-fetch';
import { fetch as undiciFetch } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createDefaultTransport as createForNode } from '../../src/wire/default-transport.node.ts';
import { createDefaultTransport } from '../../src/wire/default-transport.ts';
import type { FetchFunction } from '../../src/wire/fetch-transport.ts';
import { fetchTransport } from '../../src/wire/fetch-transport.ts';
import { bodyOf, httpServer } from './loopback.ts';
import { aWhile, RecordingReceiver, requestTo } from './recording-receiver.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

async function send(transport: ReturnType<typeof fetchTransport>, origin = 'http://stubbed.example'): Promise<RecordingReceiver> {
  const receiver = new RecordingReceiver();
  transport.dispatch(requestTo(origin, '/v1'), receiver);
  await receiver.over;
  return receiver;
}

describe('the default transport', () => {
  it('of Node uses fetch only while it is not Node’s own', async () => {
    const server = await httpServer((_request, response) => void response.end('real'));
    const transport = createForNode();
    const nodes = globalThis.fetch;
    expect((await send(transport, server.origin)).text).toBe('real');
    vi.stubGlobal('fetch', async () => new Response('stubbed'));
    expect((await send(transport)).text).toBe('stubbed');
    vi.stubGlobal('fetch', nodes.bind(globalThis));
    expect((await send(transport, server.origin)).text).toBe('real');
    vi.unstubAllGlobals();
    const spied = vi.spyOn(globalThis, 'fetch');
    expect((await send(transport, server.origin)).text).toBe('real');
    expect(spied).toHaveBeenCalledTimes(1);
    spied.mockRestore();
    await transport.close();
    await server.close();
  });

  it('of Node goes past Node’s own fetch', async () => {
    const channel = await import('node:diagnostics_channel');
    const agents: unknown[] = [];
    const listen = (message: unknown): void => void agents.push((message as { request: { headers: unknown } }).request.headers);
    channel.subscribe('undici:request:create', listen);
    const server = await httpServer((_request, response) => void response.end('real'));
    const transport = createForNode();
    await send(transport, server.origin);
    channel.unsubscribe('undici:request:create', listen);
    // fetch adds headers of its own
    expect(agents).toEqual([['content-type', 'application/json', 'x-one', '1']]);
    await transport.close();
    await server.close();
  });

  it('elsewhere is fetch, read at each call', async () => {
    const transport = createDefaultTransport();
    vi.stubGlobal('fetch', async () => new Response('one'));
    expect((await send(transport)).text).toBe('one');
    vi.stubGlobal('fetch', async () => new Response('two'));
    expect((await send(transport)).text).toBe('two');
  });
});

describe('fetch', () => {
  it('is called as a plain function with url, method, headers, body and a signal', async () => {
    const calls: unknown[] = [];
    const fetch = function (this: unknown, url: string, init: RequestInit): Promise<Response> {
      calls.push([this, url, { ...init, signal: init.signal instanceof AbortSignal }]);
      return Promise.resolve(new Response(null, { status: 204 }));
    };
    const receiver = await send(fetchTransport(fetch));
    expect(receiver.calls).toEqual(['connected', 'head', 'end']);
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-one': '1' },
      redirect: 'error',
      window: null,
      signal: true,
      body: '{"hello":"wörld"}',
    };
    expect(calls).toEqual([[undefined, 'http://stubbed.example/v1', init]]);
  });

  it.each<[string, unknown, RegExp]>([
    [
      'throws at once',
      () => {
        throw new Error('no');
      },
      /^no$/,
    ],
    [
      'rejects',
      async () => {
        throw new Error('no');
      },
      /^no$/,
    ],
    ['is none', 'fetch', /not a function/],
    ['returns undefined', async () => undefined, /did not return a Response/],
    ['returns something else', async () => ({ ok: true, json: () => ({}) }), /did not return a Response/],
    ['hides a redirect', async () => ({ type: 'opaqueredirect', status: 0, headers: new Headers(), body: null }), /redirect/],
    [
      'fails in the body',
      async () => new Response(new ReadableStream({ start: (stream) => stream.error(new Error('cut')) })),
      /^cut$/,
    ],
  ])('that %s is a failure', async (_name, fetch, message) => {
    const receiver = await send(fetchTransport(fetch as FetchFunction));
    expect(receiver.calls.at(-1)).toBe('fail');
    expect((receiver.cause as Error).message).toMatch(message);
  });

  it('that ignores its signal is aborted all the same', async () => {
    let settle: ((response: Response) => void) | undefined;
    const transport = fetchTransport(
      () =>
        new Promise((resolve) => {
          settle = resolve;
        }),
    );
    const receiver = new RecordingReceiver();
    let cancelled = false;
    const flow = transport.dispatch(requestTo('http://stubbed.example'), receiver);
    flow.abort();
    const cancel = (): void => {
      cancelled = true;
    };
    settle?.(new Response(new ReadableStream({ cancel })));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(receiver.calls).toEqual(['connected']);
    expect(cancelled).toBe(true);
  });

  it.each<[string, FetchFunction]>([
    ['of Node', (url, init) => fetch(url, init)],
    ['of undici', undiciFetch as unknown as FetchFunction],
    ['of node-fetch', nodeFetch as unknown as FetchFunction],
  ])('%s asks an origin that redirects once more, and from then on in the way that shows redirects', async (_name, given) => {
    const bodies: string[] = [];
    const server = await httpServer(async (request, response) => {
      bodies.push((await bodyOf(request)).toString());
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    const transport = fetchTransport(given);
    for (const asked of [2, 3]) {
      const receiver = new RecordingReceiver();
      transport.dispatch(requestTo(server.origin), receiver);
      expect(await receiver.over).toBe('end');
      expect([receiver.status, receiver.calls.filter((call) => call === 'head').length]).toEqual([307, 1]);
      expect(bodies).toEqual(Array.from({ length: asked }, () => '{"hello":"wörld"}'));
    }
    await transport.close();
    await server.close();
  });

  it('of node-fetch gives its body bit by bit, and ends with its caller', async () => {
    let left = false;
    const server = await httpServer((_request, response) => {
      response.write('half ');
      response.on('close', () => {
        left = true;
      });
    });
    const transport = fetchTransport(nodeFetch as unknown as FetchFunction);
    const receiver = new RecordingReceiver();
    const first = new Promise<void>((resolve) => {
      receiver.onData = resolve;
    });
    const flow = transport.dispatch(requestTo(server.origin, '/', { abortable: false }), receiver);
    await first;
    expect(receiver.text).toBe('half ');
    flow.abort();
    await vi.waitFor(() => expect(left).toBe(true));
    expect(receiver.calls).toEqual(['connected', 'head', 'data']);
    await server.close();
  });

  it('asks once where something else fails', async () => {
    let asked = 0;
    const server = await httpServer((request) => {
      asked++;
      request.socket.destroy();
    });
    const receiver = new RecordingReceiver();
    fetchTransport().dispatch(requestTo(server.origin, '/redirect'), receiver);
    expect(await receiver.over).toBe('fail');
    expect(asked).toBe(1);
    await server.close();
  });

  it('does not ask again for an answer that has begun, whatever its end says', async () => {
    let asked = 0;
    const receiver = await send(
      fetchTransport(async () => {
        asked++;
        return new Response(new ReadableStream({ start: (stream) => stream.error(new Error('redirect')) }));
      }),
    );
    expect([asked, receiver.calls.at(-1)]).toEqual([1, 'fail']);
  });

  it('is not asked again once aborted', async () => {
    let asked = 0;
    let refuse: (() => void) | undefined;
    const transport = fetchTransport(
      () =>
        new Promise((_resolve, reject) => {
          asked++;
          refuse = () => reject(new TypeError('fetch failed', { cause: new Error('unexpected redirect') }));
        }),
    );
    const receiver = new RecordingReceiver();
    transport.dispatch(requestTo('http://stubbed.example'), receiver).abort();
    refuse?.();
    await aWhile();
    expect([asked, receiver.calls]).toEqual([1, ['connected']]);
  });

  it('is ended by close', async () => {
    const transport = fetchTransport(() => new Promise(() => {}));
    const receiver = new RecordingReceiver();
    transport.dispatch(requestTo('http://stubbed.example'), receiver);
    await transport.close();
    expect(await receiver.over).toBe('fail');
  });
});
