import type { ByteSource } from '../contract/byte-source.ts';
import type { WireMessage } from '../contract/wire.ts';

/** A file in a form. */
export interface FormFile {
  readonly field: string;
  readonly filename: string;
  readonly type: string;
  readonly content: ByteSource;
}

/** Fields and a file as `multipart/form-data`, the fields first (RFC 7578). */
export function multipart(fields: Readonly<Record<string, string>>, file: FormFile): Required<Pick<WireMessage, 'bytes'>> {
  const boundary = `holdfast-${crypto.randomUUID()}`;
  const encoder = new TextEncoder();
  const part = (head: string, text = ''): string => `--${boundary}\r\ncontent-disposition: form-data; ${head}\r\n\r\n${text}`;
  const named = Object.entries(fields).map(([name, value]) => `${part(`name="${quoted(name)}"`, value)}\r\n`);
  const { field, filename, type, content } = file;
  const head = part(`name="${quoted(field)}"; filename="${quoted(filename)}"\r\ncontent-type: ${type}`);
  const before = encoder.encode(named.join('') + head);
  const after = encoder.encode(`\r\n--${boundary}--\r\n`);
  const source: ByteSource = {
    size: content.size === undefined ? undefined : before.byteLength + content.size + after.byteLength,
    async *open() {
      yield before;
      yield* content.open();
      yield after;
    },
    ...(content.parts === undefined ? {} : { parts: [before, ...content.parts, after] }),
  };
  return { bytes: { type: `multipart/form-data; boundary=${boundary}`, source } };
}

/** As browsers write names: what would end the quotes or the line is escaped. */
const quoted = (text: string): string => text.replace(/["\r\n]/g, (sign) => encodeURIComponent(sign));
