import { FramingCut, FramingDamage } from './broken-frames.ts';

/** Total length and length of the headers, both with four bytes. */
const LENGTHS = 8;
/** Both lengths, their checksum, and the checksum at the end. */
const OVERHEAD = 16;
/** Payloads are 16 MiB at most, headers 128 KiB. */
const MAX_BYTES = 16 * 1024 * 1024 + 128 * 1024 + OVERHEAD;
/** A store that grew beyond this is not kept for the next frame. */
const STORE_BYTES = 64 * 1024;
const EMPTY = new Uint8Array(0);

/** Turns reads into whole frames of AWS' event streams. A frame within one read is handed on without a copy. */
export class FrameAssembler {
  #store: Uint8Array = EMPTY;
  #kept = 0;

  /** A frame is valid until `onFrame` returns. */
  feed(bytes: Uint8Array, onFrame: (frame: Uint8Array) => void): void {
    let at = this.#kept === 0 ? 0 : this.#complete(bytes, onFrame);
    while (bytes.byteLength - at >= LENGTHS) {
      const end = at + frameLength(bytes, at);
      if (end > bytes.byteLength) break;
      onFrame(bytes.subarray(at, end));
      at = end;
    }
    if (at < bytes.byteLength) this.#keep(bytes.subarray(at));
  }

  /** @throws FramingCut when a frame has begun and not ended. */
  flush(): void {
    if (this.#kept > 0) throw new FramingCut();
  }

  /** Adds to the frame that an earlier read began; returns how many bytes of this read belong to it. */
  #complete(bytes: Uint8Array, onFrame: (frame: Uint8Array) => void): number {
    const opening = Math.min(Math.max(0, LENGTHS - this.#kept), bytes.byteLength);
    this.#keep(bytes.subarray(0, opening));
    if (this.#kept < LENGTHS) return opening;
    const length = frameLength(this.#store, 0);
    const end = opening + Math.min(length - this.#kept, bytes.byteLength - opening);
    this.#keep(bytes.subarray(opening, end));
    if (this.#kept < length) return end;
    const frame = this.#store.subarray(0, length);
    this.#kept = 0;
    if (this.#store.byteLength > STORE_BYTES) this.#store = EMPTY;
    onFrame(frame);
    return end;
  }

  #keep(bytes: Uint8Array): void {
    const needed = this.#kept + bytes.byteLength;
    if (this.#store.byteLength < needed) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#store.byteLength, 512));
      larger.set(this.#store.subarray(0, this.#kept));
      this.#store = larger;
    }
    this.#store.set(bytes, this.#kept);
    this.#kept = needed;
  }
}

function frameLength(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, LENGTHS);
  const length = view.getUint32(0);
  if (length < OVERHEAD || length > MAX_BYTES || view.getUint32(4) > length - OVERHEAD) {
    throw new FramingDamage('the lengths of a frame are impossible');
  }
  return length;
}
