/** A line of a file, without its end. */
export interface RawLine {
  /** From 1, blank lines counted. */
  readonly number: number;
  /** In bytes, from the beginning of the file. */
  readonly start: number;
  readonly length: number;
  /** `undefined` when the line is longer than the limit: its bytes were let pass. */
  readonly bytes: Uint8Array | undefined;
}

const NEWLINE = 10;
const RETURN = 13;

/** Cuts bytes into lines at `\n` or `\r\n`. Holds one line at a time, and of a line that is too long nothing. */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array>,
  maxLineBytes: number,
): AsyncGenerator<RawLine, undefined, undefined> {
  let number = 0;
  let start = 0;
  let held: Uint8Array[] = [];
  let length = 0;

  const take = (rest: Uint8Array): RawLine => {
    length += rest.byteLength;
    if (length <= maxLineBytes + 1) held.push(rest);
    let bytes = length <= maxLineBytes + 1 ? joined(held) : undefined;
    if (bytes?.at(-1) === RETURN) bytes = bytes.subarray(0, -1);
    if (bytes !== undefined && bytes.byteLength > maxLineBytes) bytes = undefined;
    const line = { number: ++number, start, length: bytes?.byteLength ?? length, bytes };
    held = [];
    return line;
  };

  for await (const piece of pieces) {
    let at = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, at)) {
      yield take(piece.subarray(at, end));
      start += length + 1;
      length = 0;
      at = end + 1;
    }
    if (at === piece.byteLength) continue;
    const rest = piece.subarray(at);
    length += rest.byteLength;
    if (length <= maxLineBytes + 1) held.push(rest.slice());
    else held = [];
  }
  if (length > 0) yield take(new Uint8Array(0));
  return undefined;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
