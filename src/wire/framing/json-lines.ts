import { FramingOverflow, LineAssembler } from './line-assembler.ts';

/** Longest line by default. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Newline-delimited JSON: each line that is not blank is an event without a name. */
export class JSONLinesParser {
  readonly #lines: LineAssembler;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#lines = new LineAssembler(maxBytes);
  }

  feed(bytes: Uint8Array, onEvent: (data: string, event: string) => void): void {
    this.#read(this.#lines.push(bytes), onEvent);
  }

  /** The end of the bytes: the last line needs no newline. */
  flush(onEvent: (data: string, event: string) => void): void {
    this.#read(this.#lines.rest(), onEvent);
  }

  #read(text: string, onEvent: (data: string, event: string) => void): void {
    const { maxBytes } = this.#lines;
    for (let start = 0, end = text.indexOf('\n'); end !== -1; start = end + 1, end = text.indexOf('\n', start)) {
      if (end - start > maxBytes) throw new FramingOverflow(maxBytes);
      const line = text.slice(start, end);
      if (line.trim() !== '') onEvent(line, '');
    }
  }
}
