import type { FileDeleted, FileObject } from 'openai/resources/files';
import type { ListPage } from '../contract/batches.ts';
import type { ByteSource } from '../contract/byte-source.ts';
import type { ListFilesRequest } from '../contract/native-batches.ts';
import { ConfigurationError } from '../errors/setup-errors.ts';
import { byteStream } from './byte-stream.ts';
import type { CallRunner } from './call-runner.ts';
import type { NativeOptions } from './native-batches.ts';
import { askProvider, checkedId } from './native-batches.ts';
import type { FileUploadParams } from './upload-source.ts';
import { opened } from './upload-source.ts';

/** Files that providers keep. */
export class NativeFiles {
  readonly #runner: CallRunner;

  constructor(runner: CallRunner) {
    this.#runner = runner;
  }

  create({ file, purpose, expires_after }: FileUploadParams, options: NativeOptions): Promise<FileObject> {
    const { filename, content } = sourceOf(file);
    return askProvider(this.#runner, 'uploadFile', { filename, content, purpose, expires_after }, options);
  }

  async retrieve(id: string, options: NativeOptions): Promise<FileObject> {
    return askProvider(this.#runner, 'retrieveFile', { id: checkedId(id, 'a file') }, options);
  }

  list(query: ListFilesRequest, options: NativeOptions): Promise<ListPage<FileObject>> {
    return askProvider(this.#runner, 'listFiles', query, options);
  }

  async delete(id: string, options: NativeOptions): Promise<FileDeleted> {
    return askProvider(this.#runner, 'deleteFile', { id: checkedId(id, 'a file') }, options);
  }

  async content(id: string, options: NativeOptions): Promise<Response> {
    const pieces = await askProvider(this.#runner, 'fileContent', { id: checkedId(id, 'a file') }, options);
    return new Response(byteStream(pieces), { headers: { 'content-type': 'application/octet-stream' } });
  }
}

/** A file in memory can be sent again; a stream is gone when it has been read. */
function sourceOf(file: FileUploadParams['file']): { readonly filename: string; readonly content: ByteSource } {
  const { filename, content } = opened(file);
  if (file instanceof Blob) return { filename, content: { size: file.size, open: () => opened(file).content } };
  let read = false;
  const open = (): AsyncIterable<Uint8Array> => {
    if (read) {
      throw new ConfigurationError({
        message: 'file: the stream has been read by the first attempt; give a File, or { maxRetries: 0 }',
        code: 'stream_consumed',
        param: 'file',
      });
    }
    read = true;
    return content;
  };
  return { filename, content: { size: undefined, open } };
}
