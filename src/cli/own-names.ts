import type { NodeListener } from 'holdfast/server';

const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Only for requests that name this machine, where no other can reach it: a page could otherwise give its own name the address of
 * loopback and read what a server without keys answers (DNS rebinding).
 */
export function underOwnNames(listener: NodeListener, host: string): NodeListener {
  const bound = nameOf(host.includes(':') ? `[${host}]` : host);
  if (bound === undefined || !LOOPBACK.test(bound)) return listener;
  return (request, response) => {
    const asked = nameOf(request.headers.host ?? '');
    if (asked !== undefined && (asked === bound || LOOPBACK.test(asked))) return listener(request, response);
    const message = 'This server listens on loopback and has no keys, so that it answers to localhost only.';
    const error = { message, type: 'invalid_request_error', param: null, code: 'foreign_host' };
    response.writeHead(403, { 'content-type': 'application/json', connection: 'close' }).end(JSON.stringify({ error }));
  };
}

const nameOf = (host: string): string | undefined => URL.parse(`http://${host}`)?.hostname;
