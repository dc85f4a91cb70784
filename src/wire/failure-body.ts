import type { Call } from '../contract/call.ts';
import type { Wire, WireHeaders } from '../contract/wire.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { parseJSON } from './json-text.ts';
import { decodeText } from './text.ts';

const MAX_FAILURE_BYTES = 256 * 1024;

/** Collects the body of a failed answer, bounded, and has it explained. */
export class FailureBody {
  readonly #wire: Wire;
  readonly #call: Call;
  readonly #status: number;
  readonly #headers: WireHeaders;
  readonly #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(wire: Wire, call: Call, status: number, headers: WireHeaders) {
    this.#wire = wire;
    this.#call = call;
    this.#status = status;
    this.#headers = headers;
  }

  add(bytes: Uint8Array): void {
    const room = MAX_FAILURE_BYTES - this.#bytes;
    if (room <= 0) return;
    this.#chunks.push(bytes.byteLength > room ? bytes.subarray(0, room) : bytes);
    this.#bytes += bytes.byteLength;
  }

  explain(): LLMError {
    const text = decodeText(this.#chunks);
    return this.#wire.explain(
      { status: this.#status, headers: this.#headers, text, json: parseJSON(text), place: 'status' },
      this.#call,
    );
  }
}
