import type { BatchCreateParams } from 'openai/resources/batches';
import type { Batch, BatchResultLine, PageQuery } from './batches.ts';
import type { ByteSource } from './byte-source.ts';
import type { ProviderOptions } from './provider-options.ts';

/** One request of a batch that is given line by line, as a line of a batch file has it. */
export interface BatchRequestLine {
  /** By which its result is found. */
  readonly custom_id?: unknown;
  readonly method?: unknown;
  readonly url?: unknown;
  /** openai's parameters for the endpoint; `model` without the provider's prefix. */
  readonly body?: unknown;
}

/** A batch for a provider's own API: of a file that the provider has, or of lines. */
export interface CreateBatchRequest {
  readonly endpoint: string;
  readonly input_file_id?: string | undefined;
  readonly lines?: readonly BatchRequestLine[] | undefined;
  readonly completion_window?: string | undefined;
  readonly metadata?: BatchCreateParams['metadata'] | undefined;
  readonly output_expires_after?: BatchCreateParams['output_expires_after'] | undefined;
  readonly providerOptions?: ProviderOptions | undefined;
}

/** Which thing of the provider's an operation is about. */
export interface ByIdRequest {
  readonly id: string;
}

/** Where the results of a batch are read from. */
export interface BatchResultsRequest {
  readonly batch: Batch;
  /** One of the batch's result files; `null` where the provider keeps results in another place than in files. */
  readonly file: string | null;
}

/** A line of results as it came; read when its turn comes, since failures take a moment to be understood. */
export type BatchRecord = () => BatchResultLine | Promise<BatchResultLine>;

/** A file on its way to a provider. */
export interface UploadFileRequest {
  readonly filename: string;
  readonly content: ByteSource;
  readonly purpose: string;
  readonly expires_after?: { readonly anchor: 'created_at'; readonly seconds: number } | undefined;
}

export interface ListFilesRequest extends PageQuery {
  readonly purpose?: string | undefined;
}
