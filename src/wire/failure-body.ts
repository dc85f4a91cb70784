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

  /** `false` when it holds as much as it may: more is not worth waiting for. */
  add(bytes: Uint8Array): boolean {
    const room = MAX_FAILURE_BYTES - this.#bytes;
    this.#chunks.push(bytes.byteLength > room ? bytes.subarray(0, room) : bytes);
    this.#bytes += bytes.byteLength;
    return this.#bytes < MAX_FAILURE_BYTES;
  }

  unexplained(): Unexplained {
    const text = decodeText(this.#chunks);
    return new Unexplained({ status: this.#status, headers: this.#headers, text, json: parseJSON(text), place: 'status' });
  }
}
