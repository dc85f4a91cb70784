import type { Flow, Receiver, Transport, WireRequest } from '../contract/wire.ts';
import { fetchTransport } from './fetch-transport.ts';
import { undiciTransport } from './undici-transport.ts';

/** How bytes travel on Node: undici, unless `globalThis.fetch` is not Node's own (MSW, stubs); decided at each call. */
export function createDefaultTransport(): Transport {
  const undici = undiciTransport();
  const fetch = fetchTransport();
  return {
    dispatch(request: WireRequest, receiver: Receiver): Flow {
      return (fetchIsNodes() ? undici : fetch).dispatch(request, receiver);
    },
    async close(): Promise<void> {
      await Promise.all([undici.close(), fetch.close()]);
    },
  };
}

let seen: unknown;
let seenIsNodes = true;

/**
 * A stub may stand there before this module is loaded, and stays in place of a fetch that nothing else keeps a
 * reference to. Node's own is told by its source: the one function that loads the undici inside Node.
 */
function fetchIsNodes(): boolean {
  const current: unknown = globalThis.fetch;
  if (current !== seen) {
    seen = current;
    seenIsNodes =
      typeof current !== 'function' || Function.prototype.toString.call(current).includes("require('internal/deps/undici");
  }
  return seenIsNodes;
}
