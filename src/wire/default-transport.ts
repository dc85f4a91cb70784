import type { Transport } from '../contract/wire.ts';
import { fetchTransport } from './fetch-transport.ts';

/** How bytes travel where there is no Node. */
export function createDefaultTransport(): Transport {
  return fetchTransport();
}
