import type { BatchError } from 'openai/resources/batches';
import type { Batch } from './batches.ts';
import type { MockAnswer, MockRequest } from './mock-exchange.ts';

/** What becomes of a batch at the mock server, which takes a step each time it is asked about. */
export interface MockBatchPlan {
  /** Default `completed`. */
  readonly ends?: 'completed' | 'failed' | 'expired';
  /** How many lines have been run when it expires or is cancelled. Default 0. */
  readonly done?: number;
  /** How often it is asked about until it has ended; before the last time it is in progress. Default 2. */
  readonly visits?: number;
  /** Why it failed. */
  readonly errors?: readonly Pick<BatchError, 'code' | 'message' | 'line' | 'param'>[];
}

/** A line of a batch as the request that it would be by itself, and what became of it. */
export interface MockBatchLine {
  readonly customId: string | undefined;
  readonly request: MockRequest;
  outcome?: MockAnswer | 'expired' | 'cancelled';
}

/** A batch at the mock server, without any wire format. */
export interface MockBatch {
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** What it was ordered with, in the dialect's own words. */
  readonly order: Readonly<Record<string, unknown>>;
  readonly lines: readonly MockBatchLine[];
  readonly status: Batch['status'];
  /** When it came to each status. */
  readonly since: { readonly [S in Batch['status']]?: number };
  readonly errors: readonly BatchError[];
  /** Files with results, as the dialect has written them. */
  readonly files: { output?: string; error?: string };
}

export interface MockFile {
  readonly id: string;
  readonly filename: string;
  readonly purpose: string;
  readonly text: string;
  readonly createdAt: number;
}

/** What the mock server keeps of one provider's batches and files, newest first. */
export interface MockBatchShelf {
  readonly batches: readonly MockBatch[];
  readonly files: readonly MockFile[];
  /** Ids are numbers in the order of creation; the dialect makes its own of them. */
  create(
    idOf: (number: number) => string,
    order: Readonly<Record<string, unknown>>,
    lines: readonly MockBatchLine[],
    errors?: readonly BatchError[],
  ): MockBatch;
  /** The batch one step further. */
  visit(id: string): Promise<MockBatch | undefined>;
  /** `undefined` where it has ended otherwise. */
  cancel(batch: MockBatch): MockBatch | undefined;
  addFile(idOf: (number: number) => string, file: Omit<MockFile, 'id' | 'createdAt'>): MockFile;
  deleteFile(id: string): boolean;
}

/** A dialect's batches and files backwards. */
export interface MockBatchAPI {
  /** Whether a request is about batches or files. */
  concerns(request: MockRequest): boolean;
  /** `undefined`: nothing is there. `baseURL` is the provider's, for addresses that the answer names. */
  answer(request: MockRequest, shelf: MockBatchShelf, baseURL: string): MockAnswer | undefined | Promise<MockAnswer | undefined>;
  /** Writes result files, where there are any, when a batch has come to its end. */
  ended?(batch: MockBatch, shelf: MockBatchShelf): void;
}
