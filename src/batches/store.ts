import type { FileObject } from 'openai/resources/files';
import type { Batch, BatchResultLine, ListPage, PageQuery } from '../contract/batches.ts';

/** Where an engine keeps files, batches and lines. Every method is atomic; what it has answered survives the process. */
export interface BatchStore {
  readonly files: StoredFiles;
  readonly batches: StoredBatches;
  readonly lines: StoredLines;
  /** Rejects with `ConfigurationError` where another engine has the store. */
  open(): Promise<void>;
  close(): Promise<void>;
}

export interface StoredFiles {
  /** A file that is being written; nobody sees it before it is kept. */
  draft(id: string): Promise<FileDraft>;
  /** A file whose content is the result lines of a batch, those that succeeded or the others. */
  addResults(file: FileObject, batchId: string, ok: boolean): Promise<void>;
  get(id: string): Promise<FileObject | undefined>;
  list(query: PageQuery & { readonly purpose?: string | undefined }): Promise<ListPage<FileObject>>;
  /** Bytes from `start` on, in pieces; `undefined` when there is no such file. */
  read(id: string, start?: number, length?: number): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** The batch whose result lines the file has; `undefined` for an upload. */
  resultsOf(id: string): Promise<{ readonly batchId: string; readonly ok: boolean } | undefined>;
  /** `false` when there is none. What an unfinished batch still reads goes when the batch has ended. */
  remove(id: string): Promise<boolean>;
  /** Removes what expired before `now`, in seconds. */
  expire(now: number): Promise<void>;
}

export interface FileDraft {
  write(bytes: Uint8Array): Promise<void>;
  readonly bytes: number;
  /** @param file with the draft's id. */
  keep(file: FileObject): Promise<void>;
  discard(): Promise<void>;
}

/** A batch and the order it was made from. */
export interface BatchRecord {
  readonly batch: Batch;
  /** Absent: no other order is the same. */
  readonly key?: string | undefined;
  /** The order as canonical text, to tell whether another one is the same. */
  readonly order: string;
}

export interface StoredBatches {
  /** The batch that has the record's key already; `undefined` when the record was added. */
  add(record: BatchRecord): Promise<BatchRecord | undefined>;
  get(id: string): Promise<Batch | undefined>;
  /** Changes a batch while its status is one of `from`; `undefined` when it is not. */
  change(id: string, from: readonly Batch['status'][], changes: Partial<Batch>): Promise<Batch | undefined>;
  list(query: PageQuery): Promise<ListPage<Batch>>;
  /** Those that have not ended, oldest first. */
  unfinished(): Promise<Batch[]>;
}

/** A valid line of an input file, as a place in it. */
export interface StoredLine {
  /** From 1, blank lines counted. */
  readonly number: number;
  readonly customId: string;
  /** In bytes. */
  readonly start: number;
  readonly length: number;
}

/** A finished line. */
export interface StoredResult {
  readonly number: number;
  readonly ok: boolean;
  readonly line: BatchResultLine;
}

/** What a line adds to the sums of its batch. */
export interface LineTokens {
  readonly input: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
  /** US dollars, where a price is known. */
  readonly costUSD?: number | undefined;
}

export interface StoredLines {
  add(batchId: string, lines: readonly StoredLine[]): Promise<void>;
  /** Forgets all lines of a batch: its validation begins anew. */
  clear(batchId: string): Promise<void>;
  /** Lines without a result, by number. */
  pending(batchId: string, after: number, limit: number): Promise<StoredLine[]>;
  /** Stores a result and adds it to the counts of its batch, unless the line has one. */
  finish(batchId: string, result: StoredResult, tokens: LineTokens | undefined): Promise<void>;
  /** Results in the order in which they came, after the place `after`. */
  results(batchId: string, after: number, limit: number): Promise<readonly (StoredResult & { readonly place: number })[]>;
  /** Results by line number. */
  inOrder(batchId: string, ok: boolean, after: number, limit: number): Promise<readonly StoredResult[]>;
}
