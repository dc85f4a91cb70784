import type { Wire, WireMessage, WireRequest } from '../contract/wire.ts';

/**
 * The same end of the line, but for one absolute address that an answer named. None of the client's or the provider's
 * headers go there: whoever named the address must not learn a key by it.
 */
export function wireTo(wire: Wire, url: URL, headers: Readonly<Record<string, string>>): Wire {
  const flat = Object.entries(headers).flat();
  return {
    provider: wire.provider,
    deadlines: wire.deadlines,
    maxResponseBytes: wire.maxResponseBytes,
    transport: () => wire.transport(),
    prepare: ({ method = 'GET' }: WireMessage): WireRequest => ({
      method,
      origin: url.origin,
      path: url.pathname + url.search,
      headers: [...flat],
      body: undefined,
    }),
    explain: (failure, call) => wire.explain(failure, call),
    confidential: (call) => wire.confidential(call),
    requestId: (found) => wire.requestId(found),
  };
}
