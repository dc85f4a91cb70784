import type { Completion } from 'openai/resources/completions';
import type { FileDeleted, FileObject } from 'openai/resources/files';
import type { Attempt } from '../errors/attempt.ts';
import type { Clock } from '../time/clock.ts';
import type { Batch, ListPage, PageQuery } from './batches.ts';
import type { Catalogue } from './catalogue.ts';
import type { ChatChunk, ChatReply, ChatRequest } from './chat.ts';
import type { CallEvent } from './events.ts';
import type { HeadersLike } from './headers.ts';
import type { MediaSource } from './media.ts';
import type {
  BatchRecord,
  BatchResultsRequest,
  ByIdRequest,
  CreateBatchRequest,
  ListFilesRequest,
  UploadFileRequest,
} from './native-batches.ts';
import type { FallbackTarget, TargetPool } from './pool.ts';
import type { Prefill } from './prefill.ts';
import type { MaybePromise, Store } from './store.ts';
import type { ChunkStream } from './stream.ts';
import type { Target } from './target.ts';
import type {
  CompletionRequest,
  EmbedReply,
  EmbedRequest,
  ListModelsRequest,
  ModelList,
  RerankReply,
  RerankRequest,
} from './vectors.ts';

export type { FallbackTarget } from './pool.ts';
export type { Target } from './target.ts';

/** Every operation with its request and result. A new operation is one line here; the rest is inferred. */
export interface Operations {
  readonly chat: { readonly request: ChatRequest; readonly result: ChatReply };
  readonly stream: { readonly request: ChatRequest; readonly result: ChunkStream<ChatChunk> };
  readonly complete: { readonly request: CompletionRequest; readonly result: Completion };
  readonly completeStream: { readonly request: CompletionRequest; readonly result: ChunkStream<Completion> };
  readonly embed: { readonly request: EmbedRequest; readonly result: EmbedReply };
  readonly rerank: { readonly request: RerankRequest; readonly result: RerankReply };
  readonly models: { readonly request: ListModelsRequest; readonly result: ModelList };
  readonly createBatch: { readonly request: CreateBatchRequest; readonly result: Batch };
  readonly retrieveBatch: { readonly request: ByIdRequest; readonly result: Batch };
  readonly listBatches: { readonly request: PageQuery; readonly result: ListPage<Batch> };
  readonly cancelBatch: { readonly request: ByIdRequest; readonly result: Batch };
  readonly batchResults: { readonly request: BatchResultsRequest; readonly result: ChunkStream<BatchRecord> };
  readonly uploadFile: { readonly request: UploadFileRequest; readonly result: FileObject };
  readonly retrieveFile: { readonly request: ByIdRequest; readonly result: FileObject };
  readonly listFiles: { readonly request: ListFilesRequest; readonly result: ListPage<FileObject> };
  readonly fileContent: { readonly request: ByIdRequest; readonly result: ChunkStream<Uint8Array> };
  readonly deleteFile: { readonly request: ByIdRequest; readonly result: FileDeleted };
}

/** What can be asked of a provider: a key of {@link Operations}. */
export type OperationName = keyof Operations;

/** The operations that a provider's own batch API is made of. */
export const BATCH_OPERATIONS = ['createBatch', 'retrieveBatch', 'listBatches', 'cancelBatch', 'batchResults'] as const;

/** The operations on files that a provider keeps. */
export const FILE_OPERATIONS = ['uploadFile', 'retrieveFile', 'listFiles', 'fileContent', 'deleteFile'] as const;

const BESIDE_MODELS: ReadonlySet<OperationName> = new Set(['models', ...BATCH_OPERATIONS, ...FILE_OPERATIONS]);

/** Whether an operation asks a model for something. All others are about what one provider has: they have no prompt, and none else can do them. */
export const asksModel = (operation: OperationName): boolean => !BESIDE_MODELS.has(operation);
/** The request of an operation. */
export type RequestOf<K extends OperationName> = Operations[K]['request'];
/** The result of an operation. */
export type ResultOf<K extends OperationName> = Operations[K]['result'];

/** Time limits of one attempt in milliseconds; `Infinity` is none. Enforced by the client's deadline list. */
export interface Limits {
  /** Until a connection stands. */
  readonly connect: number;
  /** Until the first content of a stream. */
  readonly firstToken: number;
  /** Between two reads of a body. */
  readonly idle: number;
  /** The whole attempt. */
  readonly attempt: number;
}

/** What a caller may say about one call. */
export interface CallOptions {
  /** Ends the call, its waits and its sockets; the call rejects with `AbortError`. */
  readonly signal?: AbortSignal | null | undefined;
  /** Milliseconds for each attempt; sets `limits.attempt`. */
  readonly timeout?: number | undefined;
  /** Milliseconds for the whole call, over all attempts, waits and fallbacks. */
  readonly deadline?: number | undefined;
  /** Overrides `retry({ maxRetries })`. */
  readonly maxRetries?: number | undefined;
  /** Replaces the list of the `fallback` layer. */
  readonly fallbacks?: readonly (string | FallbackTarget | TargetPool)[] | undefined;
  /** Extra request headers. `null` takes one of the client's off. */
  readonly headers?: HeadersLike | null | undefined;
  /** Passed to listeners and layers, never to a provider. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly correlationId?: string | undefined;
  /**
   * Sent as `Idempotency-Key`, the same over all attempts at one target. A fallback, a second request beside the first one and
   * the next turn of a tool loop are other requests: their keys follow from this one, always in the same way.
   */
  readonly idempotencyKey?: string | undefined;
  /** What happens to a parameter that the provider lacks: an error, or sent without it and a warning. Default `error`. */
  readonly unsupportedParams?: 'error' | 'drop' | undefined;
  /**
   * For the `cache` and `coalesce` layers. `refresh`: asks anew and keeps the new answer. `skip`: asks anew, keeps nothing and
   * shares nothing.
   */
  readonly cache?: 'refresh' | 'skip' | undefined;
}

/** What has been tried so far. */
export interface Trail {
  readonly attempts: readonly Attempt[];
  /** Who answered last. */
  readonly winner?: Target | undefined;
  /** How many more attempts the client's `maxAttempts` allows in this call. */
  readonly attemptsLeft: number;
  /** The caller's own signal, whichever a layer has put in its place. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * One request on its way to one target. Immutable: a layer that wants something else passes a changed copy on,
 * `next({ ...call, target })`.
 */
export interface Call<K extends OperationName = OperationName> {
  readonly operation: K;
  /** Provider and model; a fallback replaces it. */
  readonly target: Target;
  readonly request: RequestOf<K>;
  /** The caller's own signal. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds since the epoch; `Infinity` where none was set. Shared by attempts and fallbacks. */
  readonly deadline: number;
  readonly limits: Limits;
  readonly options: CallOptions;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly correlationId: string;
  readonly clock: Clock;
  readonly trail: Trail;
  /** Reads `provider/model`, with the client's aliases and default provider. Throws `ConfigurationError`. */
  readonly resolve: (model: string) => Target;
  /** What layers remember between calls: the client's own, or the one it was given. */
  readonly store: Store;
  /** What is known of models. A promise only until it is loaded. */
  readonly catalogue: () => MaybePromise<Catalogue>;
  /** How the target goes on with an assistant message that ends its prompt; `undefined` where it does not. */
  readonly prefill?: ((call: Call<'stream'>) => MaybePromise<Prefill | undefined>) | undefined;
  /** Loads media by URL for providers that need bytes; absent unless the client allows it. */
  readonly media?: MediaSource | undefined;
  /**
   * Told of every attempt beneath when it has ended and its cost is known: a stream's at its end. A layer that sets it passes
   * what it hears on to the one it was given.
   */
  readonly onAttempt?: ((attempt: Attempt) => void) | undefined;
  /** The one way a layer speaks to the outside. */
  readonly report: (event: CallEvent) => void;
}
