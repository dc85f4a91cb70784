import type { IncomingMessage, ServerResponse } from 'node:http';
import { failed, invalid } from './answers.ts';
import type { Handler } from './handler.ts';

/** What `http.createServer` calls. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * The handler for Node's own HTTP server. A client that leaves ends its call upstream; a slow reader slows the stream down.
 *
 * @example
 * import { createServer } from 'node:http';
 * createServer(nodeListener(createHandler(llm))).listen(8080);
 */
export function nodeListener(handler: Handler): NodeListener {
  return (incoming, outgoing) => {
    const left = new AbortController();
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) left.abort();
    });
    answered(handler, incoming, left.signal)
      .then((response) => send(response, incoming, outgoing))
      .catch(() => outgoing.destroy());
  };
}

async function answered(handler: Handler, incoming: IncomingMessage, signal: AbortSignal): Promise<Response> {
  let request: Request;
  try {
    request = requestOf(incoming, signal);
  } catch {
    // TRACE, for one: Node reads it, and no `Request` may have it
    return failed(invalid('The request could not be read.'));
  }
  return handler(request);
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, typeof value === 'string' ? value : value.join(', '));
  }
  const method = incoming.method ?? 'GET';
  const body = method === 'GET' || method === 'HEAD' ? null : bodyOf(incoming);
  const url = `http://localhost${pathOf(incoming.url ?? '')}`;
  return new Request(url, { method, headers, signal, body, duplex: 'half' } as RequestInit);
}

/** Of a request to us, or to a proxy: `GET http://host/path`. */
function pathOf(target: string): string {
  if (target.startsWith('/')) return target;
  const url = URL.parse(target);
  return url === null ? '/' : url.pathname + url.search;
}

function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const bytes = incoming[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await bytes.next();
      if (done === true) controller.close();
      else controller.enqueue(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    },
    // the answer still goes out on this connection: what comes in is let pass
    cancel() {
      incoming.resume();
    },
  });
}

async function send(response: Response, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  // who is answered before the end of what he sends is not read to it
  if (!incoming.complete) outgoing.shouldKeepAlive = false;
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  const reader = response.body?.getReader();
  if (reader === undefined) {
    outgoing.end();
    return;
  }
  const leave = (): void => void reader.cancel().catch(() => {});
  if (outgoing.destroyed) return leave();
  outgoing.on('close', leave);
  for (;;) {
    const { value, done } = await reader.read();
    if (done || outgoing.destroyed) break;
    if (!outgoing.write(value)) await drained(outgoing);
  }
  outgoing.end();
}

const drained = (outgoing: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      outgoing.off('drain', go);
      outgoing.off('close', go);
      resolve();
    };
    outgoing.on('drain', go);
    outgoing.on('close', go);
  });
