import { decodeUTF8, withoutBOM } from '../text.ts';

const LF = 10;
const CR = 13;

/** A line or an event is longer than the limit. Internal: the exchange makes a typed error of it. */
export class FramingOverflow extends RangeError {
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`a line or an event of the stream is longer than ${maxBytes} bytes`);
    this.name = 'FramingOverflow';
    this.maxBytes = maxBytes;
  }
}

/** A store that grew beyond this is not kept for the next line. */
const STORE_BYTES = 16 * 1024;
const EMPTY = new Uint8Array(0);

/**
 * Turns reads into complete lines. What is incomplete is kept as bytes, so that no character is ever cut, in a store
 * that doubles, so that a line of many reads costs no more than its length. Line ends come out as `\n`.
 */
export class LineAssembler {
  readonly maxBytes: number;
  #store: Uint8Array = EMPTY;
  #kept = 0;
  #skipsLF = false;
  #atStart = true;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /** The lines that this read completes, as one text that is empty or ends with `\n`. */
  push(bytes: Uint8Array): string {
    let start = 0;
    if (this.#skipsLF && bytes.byteLength > 0) {
      this.#skipsLF = false;
      if (bytes[0] === LF) start = 1;
    }
    const end = this.#endOfLines(bytes);
    // most reads of a live stream are whole lines
    if (start === 0 && end === bytes.byteLength) return end === 0 ? '' : this.#take(bytes);
    const text = end > start ? this.#take(bytes.subarray(start, end)) : '';
    const rest = bytes.subarray(Math.max(start, end));
    if (rest.byteLength > 0) {
      if (this.#kept + rest.byteLength > this.maxBytes) throw new FramingOverflow(this.maxBytes);
      this.#append(rest);
    }
    return text;
  }

  /** The last line, if it did not end; with a `\n`, or empty. */
  rest(): string {
    return this.#kept === 0 ? '' : `${this.#take(EMPTY)}\n`;
  }

  #endOfLines(bytes: Uint8Array): number {
    const end = bytes.lastIndexOf(LF) + 1;
    let cr = bytes.indexOf(CR, end);
    if (cr === -1) return end;
    for (let next = cr; next !== -1; next = bytes.indexOf(CR, cr + 1)) cr = next;
    this.#skipsLF = cr === bytes.byteLength - 1;
    return cr + 1;
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#kept + bytes.byteLength;
    if (this.#store.byteLength < needed) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#store.byteLength, 512));
      larger.set(this.#store.subarray(0, this.#kept));
      this.#store = larger;
    }
    this.#store.set(bytes, this.#kept);
    this.#kept = needed;
  }

  #take(complete: Uint8Array): string {
    let text: string;
    if (this.#kept === 0) text = decodeUTF8(complete);
    else {
      this.#append(complete);
      text = decodeUTF8(this.#store.subarray(0, this.#kept));
      this.#kept = 0;
      if (this.#store.byteLength > STORE_BYTES) this.#store = EMPTY;
    }
    if (this.#atStart) {
      this.#atStart = false;
      text = withoutBOM(text);
    }
    return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  }
}
