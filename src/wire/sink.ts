import type { Call } from '../contract/call.ts';
import type { Wire, WireHeaders } from '../contract/wire.ts';
import type { LLMError } from '../errors/catalogue.ts';

/** What becomes of a good answer's bytes. Throws what the exchange then fails with. */
export interface Sink {
  open(status: number, headers: WireHeaders): void;
  data(bytes: Uint8Array): void;
  end(): void;
  fail(error: LLMError): void;
}

/** What a sink may ask of its exchange. */
export interface ExchangeControl {
  readonly wire: Wire;
  readonly call: Call;
  /** First content is in hand: from now on the idle limit holds instead of the first-token limit. */
  commit(): void;
  pause(): void;
  resume(): void;
  /** The reader has all it wants; the rest of the body is drained so that the connection can be used again. */
  finish(): void;
  /** The reader has left. */
  cancel(): void;
}
