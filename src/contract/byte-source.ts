/** Bytes that are sent as they come, without ever being held as a whole. */
export interface ByteSource {
  /** In bytes, where it is known. */
  readonly size: number | undefined;
  /** The bytes from the beginning. A source that can be read once throws a typed error the second time. */
  open(): AsyncIterable<Uint8Array>;
  /** The same bytes, where they are in memory anyway. */
  readonly parts?: readonly Uint8Array[] | undefined;
}

export function isByteSource(body: unknown): body is ByteSource {
  return typeof (body as ByteSource | undefined)?.open === 'function';
}
