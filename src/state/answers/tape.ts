/**
 * Chunks of a stream as lines of text. Chunks resemble each other: a line says how many characters are the same as at the start
 * and at the end of the chunk before, and what stands between. `17,42,"word"`
 */
export class TapeWriter {
  #last = '';

  /** The line of the next chunk; without line breaks. */
  write(chunk: object): string {
    const last = this.#last;
    const text = JSON.stringify(chunk);
    this.#last = text;
    const shorter = Math.min(last.length, text.length);
    let start = 0;
    while (start < shorter && last.charCodeAt(start) === text.charCodeAt(start)) start++;
    if (isHigh(text.charCodeAt(start - 1))) start--;
    let end = 0;
    while (end < shorter - start && last.charCodeAt(last.length - 1 - end) === text.charCodeAt(text.length - 1 - end)) end++;
    if (end > 0 && isLow(text.charCodeAt(text.length - end))) end--;
    return `${start},${end},${text.slice(start, text.length - end)}`;
  }
}

/** Reads lines in the order in which they were written. Chunks are new objects each time. */
export class TapeReader<C> {
  #last = '';

  /** Characters of the last chunk, as JSON. */
  get length(): number {
    return this.#last.length;
  }

  /** @throws SyntaxError for a line that no tape has. */
  read(line: string): C {
    const [, start, end, middle] = LINE.exec(line) ?? [];
    const last = this.#last;
    const [from, to] = [Number(start), last.length - Number(end)];
    if (middle === undefined || from > to) throw new SyntaxError('not a line of a tape');
    const text = last.slice(0, from) + middle + last.slice(to);
    const chunk: unknown = JSON.parse(text);
    if (typeof chunk !== 'object' || chunk === null || Array.isArray(chunk)) throw new SyntaxError('not a chunk');
    this.#last = text;
    return chunk as C;
  }
}

const LINE = /^(\d{1,9}),(\d{1,9}),(.*)$/s;

// a pair of surrogates stays together: a half of it does not survive UTF-8
const isHigh = (code: number): boolean => code >= 0xd800 && code < 0xdc00;
const isLow = (code: number): boolean => code >= 0xdc00 && code < 0xe000;
