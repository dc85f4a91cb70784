import type { Uploadable } from 'openai/core/uploads';
import type { FileCreateParams } from 'openai/resources/files';
import { wrongInput } from './call-input.ts';

/** A file that is written while it is uploaded. */
export interface NamedContent {
  readonly name: string;
  readonly content: AsyncIterable<Uint8Array | string>;
}

/** openai's parameters of an upload. */
export interface FileUploadParams extends Omit<FileCreateParams, 'file'> {
  /** What openai takes (`File`, `Response`, `fs.createReadStream(…)`, `toFile(…)`), or content that is made on the way. */
  readonly file: Uploadable | NamedContent;
  /** Whose file it is to be. Default: the client's engine's. */
  readonly provider?: string | undefined;
}

/** What of a file an upload takes. */
export interface UploadSource {
  readonly filename: string;
  readonly content: AsyncIterable<Uint8Array>;
}

/** Name and content of what a caller gave. Throws `ConfigurationError` for what has none. */
export function opened(file: unknown): UploadSource {
  if (file instanceof Blob) return { filename: nameOf(file, 'upload'), content: bytesOf(file.stream()) };
  if (file instanceof Response) {
    return {
      filename: new URL(file.url || 'file:///upload').pathname.split('/').pop() || 'upload',
      content: bytesOf(file.body ?? []),
    };
  }
  if (typeof file === 'object' && file !== null) {
    if ('content' in file && isIterable(file.content))
      return { filename: nameOf(file, 'upload'), content: bytesOf(file.content) };
    if (isIterable(file)) return { filename: nameOf(file, 'upload'), content: bytesOf(file) };
  }
  throw wrongInput('file', 'a File, a Response, fs.createReadStream(…) or { name, content }', file ?? null);
}

type Pieces = AsyncIterable<unknown> | Iterable<unknown>;

const isIterable = (value: unknown): value is Pieces =>
  typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);

async function* bytesOf(pieces: Pieces): AsyncGenerator<Uint8Array, undefined> {
  const encoder = new TextEncoder();
  for await (const piece of pieces) {
    if (piece instanceof Uint8Array) yield piece;
    else if (typeof piece === 'string') yield encoder.encode(piece);
    else throw wrongInput('file', 'bytes or text as content', piece);
  }
  return undefined;
}

/** `name` of a file, or the end of a stream's `path`. */
function nameOf(file: object, otherwise: string): string {
  const { name, path } = file as { readonly name?: unknown; readonly path?: unknown };
  const given = typeof name === 'string' && name !== '' ? name : String(path ?? '');
  return given.split(/[/\\]/).pop() || otherwise;
}
