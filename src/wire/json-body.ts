import { ConfigurationError } from '../errors/setup-errors.ts';
import { findUnwritable } from './unwritable.ts';

const SPLICE_FROM = 16 * 1024;
const CONTROL_BITS = 0x80808080;

const BufferClass: typeof Buffer | undefined = globalThis.Buffer;

let nonce: string | undefined;
/** The long strings of the body that is being written, in the order in which they stand in it. */
let writing: SplicedText[] | undefined;

/** A string to everyone, but a marker to `encodeJSON`. */
class SplicedText extends String {
  toJSON(): string {
    if (writing === undefined || nonce === undefined) return this.valueOf();
    writing.push(this);
    return nonce;
  }
}

/**
 * A long string that needs no JSON escaping (base64, a data URI): copied into the body as bytes instead of being
 * put through `JSON.stringify`. Short strings and strings that do need escaping are returned as they are.
 */
export function spliced(text: string): string {
  const copies =
    typeof text === 'string' &&
    text.length >= SPLICE_FROM &&
    BufferClass !== undefined &&
    !text.includes('"') &&
    !text.includes('\\') &&
    BufferClass.byteLength(text) === text.length;
  return copies ? (new SplicedText(text) as unknown as string) : text;
}

/**
 * The body of a request as JSON.
 *
 * @throws ConfigurationError when the value cannot be written, with the path of what is in the way.
 */
export function encodeJSON(value: object): string | Uint8Array {
  nonce ??= `spliced:${globalThis.crypto.randomUUID()}`;
  const texts: SplicedText[] = [];
  writing = texts;
  let json: string;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw unwritable(value, cause);
  } finally {
    writing = undefined;
  }
  if (texts.length === 0 || BufferClass === undefined) return json;
  return assemble(json.split(`"${nonce}"`), texts, BufferClass) ?? JSON.stringify(value);
}

/** `undefined` when the marker also stands elsewhere, or a text turns out to need escaping. */
function assemble(
  pieces: readonly string[],
  texts: readonly SplicedText[],
  { allocUnsafe, byteLength }: typeof Buffer,
): Buffer | undefined {
  if (pieces.length !== texts.length + 1) return undefined;
  let size = 2 * texts.length;
  for (const piece of pieces) size += byteLength(piece);
  for (const text of texts) size += text.length;
  const body = allocUnsafe(size);
  let at = body.write(pieces[0] as string, 0);
  for (const [i, text] of texts.entries()) {
    at += body.write('"', at, 'latin1');
    const end = at + body.write(text.valueOf(), at, 'latin1');
    if (hasControls(body, at, end)) return undefined;
    at = end + body.write('"', end, 'latin1');
    at += body.write(pieces[i + 1] as string, at);
  }
  return body;
}

/** Whether a byte below 0x20 is among bytes that are all below 0x80. Four at a time. */
function hasControls(body: Buffer, from: number, to: number): boolean {
  const aligned = (body.byteOffset + from + 3) & ~3;
  const words = new Uint32Array(body.buffer, aligned, (body.byteOffset + to - aligned) >> 2);
  let found = 0;
  for (let i = 0; i < words.length; i++) found |= ((words[i] as number) - 0x20202020) & CONTROL_BITS;
  if (found !== 0) return true;
  const head = aligned - body.byteOffset;
  const tail = head + words.byteLength;
  return body.subarray(from, head).some((byte) => byte < 0x20) || body.subarray(tail, to).some((byte) => byte < 0x20);
}

function unwritable(value: object, cause: unknown): unknown {
  const found = findUnwritable(value);
  if (found === undefined) return cause;
  return new ConfigurationError({ message: `the request is not valid JSON: ${found}`, code: 'wrong_argument', cause });
}
