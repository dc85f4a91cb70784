import type { Uploadable } from 'openai/core/uploads';
import type { FileCreateParams, FileDeleted, FileListParams, FileObject } from 'openai/resources/files';
import type { BatchEngine, FileShelf } from '../contract/batches.ts';
import { byteStream } from './byte-stream.ts';
import { wrongInput } from './call-input.ts';
import { PagePromise } from './list-page.ts';
import { noEngine } from './no-engine.ts';

/** A file that is written while it is uploaded. */
export interface NamedContent {
  readonly name: string;
  readonly content: AsyncIterable<Uint8Array | string>;
}

/** openai's parameters of an upload. */
export interface FileUploadParams extends Omit<FileCreateParams, 'file'> {
  /** What openai takes (`File`, `Response`, `fs.createReadStream(…)`, `toFile(…)`), or content that is made on the way. */
  readonly file: Uploadable | NamedContent;
}

/** Files of the client's batch engine: inputs of batches, and their results. openai's surface. */
export class Files {
  readonly #engine: BatchEngine | undefined;

  /** @internal Made by the client. */
  constructor(engine: BatchEngine | undefined) {
    this.#engine = engine;
  }

  /** Uploads a file; it is never held in memory as a whole. Rejects with `BadRequestError` for what is no batch file. */
  async create({ file, purpose, expires_after }: FileUploadParams): Promise<FileObject> {
    const shelf = this.#shelf();
    const { filename, content } = opened(file);
    return shelf.create({ filename, content, details: () => ({ purpose, ...(expires_after && { expires_after }) }) });
  }

  async retrieve(id: string): Promise<FileObject> {
    return this.#shelf().retrieve(id);
  }

  /** The first page; iterated, every file. */
  list(query: FileListParams | null = {}): PagePromise<FileObject> {
    return new PagePromise({ limit: 10_000, ...query }, async (page) => this.#shelf().list(page));
  }

  async delete(id: string): Promise<FileDeleted> {
    return this.#shelf().delete(id);
  }

  /** The content, as the body of a response: `await (await files.content(id)).text()`. */
  async content(id: string): Promise<Response> {
    const pieces = await this.#shelf().content(id);
    return new Response(byteStream(pieces), { headers: { 'content-type': 'application/octet-stream' } });
  }

  /** Resolves with the file: an upload is processed when it was accepted. */
  async waitForProcessing(id: string): Promise<FileObject> {
    return this.retrieve(id);
  }

  #shelf(): FileShelf {
    if (this.#engine === undefined) throw noEngine('files');
    return this.#engine.files;
  }
}

function opened(file: unknown): { readonly filename: string; readonly content: AsyncIterable<Uint8Array> } {
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
