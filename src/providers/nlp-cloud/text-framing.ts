import type { Framing, OnEvent } from '../../contract/codec.ts';

/** Text that comes as it is: each read is an event, but for characters that it cut in two. */
export class TextFraming implements Framing {
  readonly #decoder = new TextDecoder();

  feed(bytes: Uint8Array, onEvent: OnEvent): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (text !== '') onEvent(text, '');
  }

  flush(onEvent: OnEvent): void {
    const text = this.#decoder.decode();
    if (text !== '') onEvent(text, '');
  }
}
