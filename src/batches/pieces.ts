/** Files are kept in pieces of this size, the last one excepted, so that a part is found by its place. */
export const PIECE_BYTES: number = 256 * 1024;

/** Cuts what is written into pieces. */
export class PieceCutter {
  readonly #add: (piece: Uint8Array) => void | Promise<void>;
  readonly #held = new Uint8Array(PIECE_BYTES);
  #filled = 0;
  /** Written so far. */
  bytes = 0;

  /** @param add keeps a piece, whose bytes are written over when it is done. */
  constructor(add: (piece: Uint8Array) => void | Promise<void>) {
    this.#add = add;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.byteLength) {
      const part = bytes.subarray(at, at + PIECE_BYTES - this.#filled);
      this.#held.set(part, this.#filled);
      this.#filled += part.byteLength;
      at += part.byteLength;
      if (this.#filled === PIECE_BYTES) await this.end();
    }
    this.bytes += bytes.byteLength;
  }

  /** Adds what is left. */
  async end(): Promise<void> {
    if (this.#filled === 0) return;
    await this.#add(this.#held.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
