import type { Uploadable } from 'openai/core/uploads';
import type { FileCreateParams, FileDeleted, FileListParams, FileObject } from 'openai/resources/files';
import type { BatchEngine, FileShelf } from '../contract/batches.ts';
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
    const { opened } = await import('./upload-source.ts');
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
    const { byteStream } = await import('./byte-stream.ts');
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
