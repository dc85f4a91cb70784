import type { FileDeleted, FileListParams, FileObject } from 'openai/resources/files';
import type { BatchEngine, FileShelf } from '../contract/batches.ts';
import type { CallOptions } from '../contract/call.ts';
import type { CallRunner } from './call-runner.ts';
import { PagePromise } from './list-page.ts';
import type { EngineOrNative, NativeOptions } from './native-batches.ts';
import type { NativeFiles } from './native-files.ts';
import { noEngine } from './no-engine.ts';
import type { FileUploadParams } from './upload-source.ts';

export type { FileUploadParams, NamedContent } from './upload-source.ts';

/** Files of the client's batch engine, or with `provider` of that provider: inputs of batches, and their results. openai's surface. */
export class Files {
  readonly #engine: BatchEngine | undefined;
  readonly #runner: CallRunner;

  /** @internal Made by the client. */
  constructor(engine: BatchEngine | undefined, runner: CallRunner) {
    this.#engine = engine;
    this.#runner = runner;
  }

  /** Uploads a file; it is never held in memory as a whole. Rejects with `BadRequestError` for what is no batch file. */
  async create(params: FileUploadParams, options?: CallOptions): Promise<FileObject> {
    const { file, purpose, expires_after, provider } = params;
    if (provider !== undefined) return (await this.#native()).create(params, { ...options, provider });
    const shelf = this.#shelf();
    const { opened } = await import('./upload-source.ts');
    const { filename, content } = opened(file);
    return shelf.create({ filename, content, details: () => ({ purpose, ...(expires_after && { expires_after }) }) });
  }

  async retrieve(id: string, options: EngineOrNative = {}): Promise<FileObject> {
    return isNative(options) ? (await this.#native()).retrieve(id, options) : this.#shelf().retrieve(id);
  }

  /** The first page; iterated, every file. */
  list(query: (FileListParams & { readonly provider?: string }) | null = {}, options?: CallOptions): PagePromise<FileObject> {
    const { provider, ...rest } = query ?? {};
    return new PagePromise(provider === undefined ? { limit: 10_000, ...rest } : rest, async (page) =>
      provider === undefined ? this.#shelf().list(page) : (await this.#native()).list(page, { ...options, provider }),
    );
  }

  async delete(id: string, options: EngineOrNative = {}): Promise<FileDeleted> {
    return isNative(options) ? (await this.#native()).delete(id, options) : this.#shelf().delete(id);
  }

  /** The content, as the body of a response: `await (await files.content(id)).text()`. */
  async content(id: string, options: EngineOrNative = {}): Promise<Response> {
    if (isNative(options)) return (await this.#native()).content(id, options);
    const pieces = await this.#shelf().content(id);
    const { byteStream } = await import('./byte-stream.ts');
    return new Response(byteStream(pieces), { headers: { 'content-type': 'application/octet-stream' } });
  }

  /** Resolves with the file: an upload is processed when it was accepted. */
  async waitForProcessing(id: string, options: EngineOrNative = {}): Promise<FileObject> {
    return this.retrieve(id, options);
  }

  #shelf(): FileShelf {
    if (this.#engine === undefined) throw noEngine('files');
    return this.#engine.files;
  }

  async #native(): Promise<NativeFiles> {
    const { NativeFiles } = await import('./native-files.ts');
    return new NativeFiles(this.#runner);
  }
}

const isNative = (whose: EngineOrNative): whose is NativeOptions => whose.provider !== undefined;
