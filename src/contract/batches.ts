import type { BatchCreateParams, Batch as OpenAIBatch } from 'openai/resources/batches';
import type { FileDeleted, FileObject } from 'openai/resources/files';
import type { Clock } from '../time/clock.ts';

/** The endpoints whose requests a client can run, and so an engine in batches. */
export type BatchEndpoint = '/v1/chat/completions' | '/v1/completions' | '/v1/embeddings';

export const BATCH_ENDPOINTS: readonly BatchEndpoint[] = ['/v1/chat/completions', '/v1/completions', '/v1/embeddings'];

/** A file on its way to a shelf. Its bytes are taken as they come; a shelf never holds them all. */
export interface FileUpload {
  readonly filename: string;
  readonly content: AsyncIterable<Uint8Array>;
  /** Asked when the content has been taken: in a form, fields may follow the file. Throws a typed error when they are wrong. */
  details(): FileDetails;
}

/** What goes with a file. */
export interface FileDetails {
  /** `batch` for the input of batches. */
  readonly purpose: string;
  /** Default for purpose `batch`: 30 days. */
  readonly expires_after?: { readonly anchor: 'created_at'; readonly seconds: number } | undefined;
}

/** One page of a list, in openai's shape. Ids are `null` on an empty page. */
export interface ListPage<T> {
  readonly object: 'list';
  readonly data: T[];
  readonly first_id: string | null;
  readonly last_id: string | null;
  readonly has_more: boolean;
  /** What `after` of the next page is, where that is not the last id. */
  readonly next?: string | undefined;
}

/** Which part of a list. An unknown `after` gives the first page. */
export interface PageQuery {
  /** The last id of the page before. */
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
  /** By time of creation. Default `desc`. */
  readonly order?: 'asc' | 'desc' | undefined;
}

/** Files by id: uploads, and the results of batches. Methods reject with typed errors: `NotFoundError` for an unknown id. */
export interface FileShelf {
  /** Rejects with `BadRequestError` for what is not a batch file, `RequestTooLargeError` for what is too large; nothing is kept then. */
  create(upload: FileUpload): Promise<FileObject>;
  retrieve(id: string): Promise<FileObject>;
  list(query: PageQuery & { readonly purpose?: string | undefined }): Promise<ListPage<FileObject>>;
  /** The bytes, in pieces. */
  content(id: string): Promise<AsyncIterable<Uint8Array>>;
  delete(id: string): Promise<FileDeleted>;
}

/** openai's batch, with what its lines have cost, and what the provider itself says of it. */
export interface Batch extends OpenAIBatch {
  /** US dollars, over the lines whose prices are known; absent where none is. */
  cost_usd?: number;
  /** How long its result files live, where the order said so. */
  output_expires_after?: BatchCreateParams['output_expires_after'];
  /** The provider's own word for {@link Batch.status}; on batches of a provider's own API. */
  native_status?: string;
  /** The provider's own counts, by its own names. */
  native_counts?: Readonly<Record<string, number>>;
  /** It has ended, and some of its lines have no result of their own. */
  partial?: boolean;
}

/** What a batch is made from: openai's body, and a key that makes the same order give the same batch. */
export interface BatchOrder extends BatchCreateParams {
  /** Same key and same order: the batch that is there. Same key and another order: `ConflictError`. */
  readonly idempotency_key?: string | undefined;
}

/** One finished line, as it stands in a result file. */
export interface BatchResultLine {
  /** `batch_req_…`. */
  readonly id: string;
  readonly custom_id: string;
  /** `null` for a line that never ran. */
  readonly response: {
    readonly status_code: number;
    readonly request_id: string;
    readonly body: Readonly<Record<string, unknown>>;
  } | null;
  /** `batch_expired` or `batch_cancelled` for a line that never ran; what a provider refused stands in `response`. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** Batches by id. Methods reject with typed errors whose `code`, `type` and `param` are openai's. */
export interface BatchDesk {
  create(order: BatchOrder): Promise<Batch>;
  retrieve(id: string): Promise<Batch>;
  list(query: PageQuery): Promise<ListPage<Batch>>;
  /** Rejects with `ConflictError` when the batch has ended otherwise. */
  cancel(id: string): Promise<Batch>;
  /** How many of its lines run at once, within the engine's own limit. */
  limit(id: string, options: { readonly concurrency?: number | undefined }): void;
  /** Lines that have finished, then each as it finishes, until the batch has ended; in no certain order. */
  results(id: string, options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<BatchResultLine>;
}

/** A line on its way through the client. */
export interface BatchLine {
  readonly endpoint: BatchEndpoint;
  /** openai's parameters, `model` as `provider/model`. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly batchId: string;
  readonly customId: string;
  readonly signal: AbortSignal;
}

/** What became of it. A failure is an answer too: its status and OpenAI's error envelope. Never rejects but for an abort. */
export interface BatchLineAnswer {
  readonly status: number;
  readonly requestId: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** US dollars, where prices are known. */
  readonly costUSD?: number | undefined;
}

/** What a client does for an engine that it was given. */
export interface BatchHost {
  readonly clock: Clock;
  /** Bare names of models that lines may use, with what they stand for; a server adds its own. */
  readonly names: Map<string, string>;
  run(line: BatchLine): Promise<BatchLineAnswer>;
  /** Why the model of a line cannot be run, in words; `undefined` when it can. Nothing is sent. */
  refuses(model: string): string | undefined;
}

/** Runs batches for any provider through a client: `createClient({ batches: batchEngine({ … }) })`. */
export interface BatchEngine {
  readonly files: FileShelf;
  readonly batches: BatchDesk;
  /** For the client: begins to work, with what an earlier process has left. Throws `ConfigurationError` when it has a client already. */
  start(host: BatchHost): void;
  /** Lets running lines go (they run again at the next start) and closes the store. */
  close(): Promise<void>;
}

/** What a client has to do with batches. */
export interface BatchLink {
  /** The engine that it was given. */
  readonly engine: BatchEngine | undefined;
  readonly host: BatchHost;
}

const LINKS = new WeakMap<object, BatchLink>();

/** For the client: remembers its link, so that a server around it finds the engine. */
export function linkBatches(client: object, link: BatchLink): void {
  LINKS.set(client, link);
}

export function batchLinkOf(client: object): BatchLink | undefined {
  return LINKS.get(client);
}

/** The id of the batch with an idempotency key: the key alone decides it. */
export async function batchIdOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key));
  const hex = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `batch_${hex.slice(0, 24)}`;
}
