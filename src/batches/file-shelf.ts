import type { FileDeleted, FileObject } from 'openai/resources/files';
import type { FileDetails, FileShelf, FileUpload, ListPage, PageQuery } from '../contract/batches.ts';
import { NotFoundError, RequestTooLargeError } from '../errors/provider-errors.ts';
import { checkId } from './checked-id.ts';
import { refused } from './order.ts';
import { resultPieces } from './result-file.ts';
import type { ResultFormat } from './result-lines.ts';
import type { BatchStore, FileDraft } from './store.ts';
import { parsed } from './validation.ts';

/** What a shelf takes. */
export interface ShelfOptions {
  readonly maxFileBytes: number;
  readonly maxLineBytes: number;
  readonly resultFormat: ResultFormat;
  /** Seconds since the epoch. */
  readonly now: () => number;
  /** Resolves when the store is open. */
  readonly ready: () => Promise<void>;
}

/** openai's purposes of uploads. */
const PURPOSES = ['assistants', 'batch', 'fine-tune', 'vision', 'user_data', 'evals'];
const THIRTY_DAYS = 2_592_000;
const NEWLINE = 10;

/** Uploads and result files of a store. */
export class StoreShelf implements FileShelf {
  readonly #store: BatchStore;
  readonly #options: ShelfOptions;

  constructor(store: BatchStore, options: ShelfOptions) {
    this.#store = store;
    this.#options = options;
  }

  async create(upload: FileUpload): Promise<FileObject> {
    await this.#options.ready();
    await this.#store.files.expire(this.#options.now());
    const id = `file-${crypto.randomUUID().replaceAll('-', '')}`;
    const draft = await this.#store.files.draft(id);
    try {
      const beginsWell = await this.#fill(draft, upload);
      const details = upload.details();
      checkPurpose(details);
      if (details.purpose === 'batch') checkBatchFile(upload.filename, beginsWell);
      const file = this.#described(id, upload.filename, draft.bytes, details);
      await draft.keep(file);
      return file;
    } catch (error) {
      await draft.discard().catch(() => {});
      throw error;
    }
  }

  async retrieve(id: string): Promise<FileObject> {
    checkId(id, 'a file');
    await this.#options.ready();
    const now = this.#options.now();
    const file = await this.#store.files.get(id);
    if (file === undefined) this.#missing(id);
    if ((file.expires_at ?? Number.POSITIVE_INFINITY) > now) return file;
    await this.#store.files.expire(now);
    return this.#missing(id);
  }

  async list(query: PageQuery & { readonly purpose?: string | undefined }): Promise<ListPage<FileObject>> {
    await this.#options.ready();
    await this.#store.files.expire(this.#options.now());
    return this.#store.files.list(query);
  }

  async content(id: string): Promise<AsyncIterable<Uint8Array>> {
    const file = await this.retrieve(id);
    const results = await this.#store.files.resultsOf(file.id);
    if (results !== undefined) {
      return resultPieces(this.#store, results.batchId, results.ok, this.#options.resultFormat);
    }
    return (await this.#store.files.read(file.id)) ?? this.#missing(id);
  }

  async delete(id: string): Promise<FileDeleted> {
    checkId(id, 'a file');
    await this.#options.ready();
    if (!(await this.#store.files.remove(id))) this.#missing(id);
    return { id, object: 'file', deleted: true };
  }

  /** Resolves with whether the first line is JSON; `true` too when it is longer than a line may be, which the batch will tell. */
  async #fill(draft: FileDraft, { content }: FileUpload): Promise<boolean> {
    const { maxFileBytes, maxLineBytes } = this.#options;
    const start: Uint8Array[] = [];
    let held = 0;
    let open = true;
    for await (const bytes of content) {
      if (draft.bytes + bytes.byteLength > maxFileBytes) {
        const message = `File is too large. The maximum is ${maxFileBytes} bytes.`;
        throw new RequestTooLargeError({ message, status: 413, type: 'invalid_request_error', param: 'file' });
      }
      await draft.write(bytes);
      if (!open) continue;
      const end = bytes.indexOf(NEWLINE);
      const part = end < 0 ? bytes.slice() : bytes.slice(0, end);
      held += part.byteLength;
      if (held <= maxLineBytes) start.push(part);
      open = end < 0 && held <= maxLineBytes;
    }
    return held > maxLineBytes || parsed(await whole(start)) !== undefined;
  }

  #described(id: string, filename: string, bytes: number, { purpose, expires_after }: FileDetails): FileObject {
    const created_at = this.#options.now();
    const lifetime = expires_after?.seconds ?? (purpose === 'batch' ? THIRTY_DAYS : undefined);
    return {
      id,
      object: 'file',
      bytes,
      created_at,
      filename,
      purpose: purpose as FileObject['purpose'],
      status: 'processed',
      ...(lifetime === undefined ? {} : { expires_at: created_at + lifetime }),
    };
  }

  #missing(id: string): never {
    const message = `No such File object: ${id.slice(0, 200)}`;
    throw new NotFoundError({ message, status: 404, type: 'invalid_request_error', param: 'id', code: null });
  }
}

function checkPurpose({ purpose }: FileDetails): void {
  if (PURPOSES.includes(purpose)) return;
  const supported = PURPOSES.map((one) => `'${one}'`).join(', ');
  const message = `'${String(purpose).slice(0, 80)}' is not one of [${supported}] - 'purpose'`;
  throw refused(message, 'purpose', 'invalid_value');
}

/** OpenAI looks at the name and at the first line. */
function checkBatchFile(filename: string, beginsWell: boolean): void {
  if (filename.endsWith('.jsonl') && beginsWell) return;
  throw refused('Invalid file format for Batch API. Must be .jsonl', null, null);
}

async function whole(parts: readonly Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await new Blob([...parts] as BlobPart[]).arrayBuffer());
}
