import type { WireHeaders } from '../contract/headers.ts';
import { parseJSON } from './json-text.ts';
import { decodeText } from './text.ts';
import { Unexplained } from './unexplained.ts';

const MAX_FAILURE_BYTES = 256 * 1024;

/** Collects the body of a failed answer, bounded. */
export class FailureBody {
  readonly #status: number;
  readonly #headers: WireHeaders;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(status: number, headers: WireHeaders) {
    this.#status = status;
    this.#headers = headers;
  }

  add(bytes: Uint8Array): void {
    const room = MAX_FAILURE_BYTES - this.#bytes;
    if (room <= 0) return;
    this.#chunks.push(bytes.byteLength > room ? bytes.subarray(0, room) : bytes);
    this.#bytes += bytes.byteLength;
  }

  unexplained(): Unexplained {
    const text = decodeText(this.#chunks);
    return new Unexplained({ status: this.#status, headers: this.#headers, text, json: parseJSON(text), place: 'status' });
  }
}
