interface SlicingBuffer {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
}

const BufferClass: typeof Buffer | undefined = globalThis.Buffer;
const utf8Slice = (BufferClass?.prototype as unknown as SlicingBuffer | undefined)?.utf8Slice;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** UTF-8 as text, with U+FFFD for what is none. Keeps a byte order mark. */
export function decodeUTF8(bytes: Uint8Array): string {
  return utf8Slice === undefined ? decoder.decode(bytes) : utf8Slice.call(bytes, 0, bytes.byteLength);
}

export function withoutBOM(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** The text of a whole body, without a byte order mark. */
export function decodeText(chunks: readonly Uint8Array[]): string {
  const [first] = chunks;
  if (first === undefined) return '';
  return withoutBOM(decodeUTF8(chunks.length === 1 ? first : joined(chunks)));
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const chunk of chunks) length += chunk.byteLength;
  const whole = BufferClass === undefined ? new Uint8Array(length) : BufferClass.allocUnsafe(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
