import type { MockBatchAPI } from './mock-batches.ts';
import type { MockAnswer, MockRequest } from './mock-exchange.ts';

export type { MockAnswer, MockRequest } from './mock-exchange.ts';

/** What a request asks for. */
export interface MockAsk {
  readonly operation: 'chat' | 'complete' | 'embed' | 'rerank' | 'models' | 'count';
  readonly model: string;
  readonly stream: boolean;
  /** A usage chunk is wanted (OpenAI's `include_usage`). */
  readonly includeUsage: boolean;
  /** The documents of a rerank request. */
  readonly documents?: readonly string[];
  readonly topN?: number;
  readonly returnDocuments?: boolean;
  /** Vectors wanted by an embeddings request. */
  readonly inputs?: readonly string[];
  readonly dimensions?: number;
  readonly encoding?: 'float' | 'base64';
  /** How many choices are wanted; 1 where the dialect has no such thing. */
  readonly n?: number;
  /** The page of a list that is wanted, where the dialect has pages. */
  readonly page?: MockPage;
}

export interface MockPage {
  /** What the page before has named as the begin of this one; `''` for the first. */
  readonly after: string;
  readonly size: number;
}

export interface MockToolCall {
  readonly id?: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The content of a reply, without any wire format. */
export interface MockReply {
  readonly text: string;
  readonly toolCalls: readonly MockToolCall[];
  readonly reasoning: string;
  readonly usage: {
    readonly promptTokens: number;
    readonly completionTokens: number;
    readonly cachedTokens?: number;
    readonly reasoningTokens?: number;
  };
  /** openai's finish reasons; the dialect says it in its own words. */
  readonly finishReason: 'stop' | 'length' | 'tool_calls' | 'content_filter';
  /** Into how many text deltas a stream is cut, or the deltas themselves. */
  readonly chunks: number | readonly string[];
}

/** One write of a stream. `content` marks the frames that faults such as `cutAfter(chunks)` count. */
export interface MockFrame {
  readonly text: string;
  /** Sent instead of `text` where the framing is binary. */
  readonly bytes?: Uint8Array;
  readonly content: boolean;
  /** The frame that ends the protocol (`[DONE]`, `message_stop`, `done: true`, a finish reason): left out by `noTerminal`. */
  readonly terminal: boolean;
}

/** Failures that each provider says in its own envelope. */
export type MockFailureName =
  | 'rateLimit'
  | 'overloaded'
  | 'unavailable'
  | 'quota'
  | 'contextWindow'
  | 'contentPolicy'
  | 'auth'
  | 'notFound'
  | 'badRequest'
  | 'internal';

/**
 * Answers that are jobs: created by one request, and asked about by others, which follow or cancel them (Replicate), or get the
 * answer itself once it is there, and only once (NVIDIA, xAI).
 */
export interface MockJobs {
  /** Whether this request, which asks for an answer, creates a job without waiting for its end. */
  opens(request: MockRequest): boolean;
  /** The answer to it. `baseURL` is the provider's, for addresses that the answer names. */
  opened(id: string, ask: MockAsk, baseURL: string): MockAnswer;
  /** What a request wants of a job that exists. Streams are fetched without a key. */
  about(request: MockRequest): { readonly id: string; readonly wants: 'stream' | 'state' | 'cancel' | 'answer' } | undefined;
  state(id: string, ask: MockAsk, state: 'running' | 'canceled' | MockReply): MockAnswer;
}

/** The dialect backwards: what a server of this kind would say. One per dialect, used by the mock server alone. */
export interface MockDialect {
  /** `undefined`: no such route; the server answers with this dialect's 404. */
  ask(request: MockRequest): MockAsk | undefined;
  /** Whether the request carries a key where this dialect wants it. Any key is right, except the word `wrong`. */
  authorized(request: MockRequest): boolean;
  reply(reply: MockReply, ask: MockAsk): MockAnswer;
  /** Content type and frames of a streamed reply. */
  stream(
    reply: MockReply,
    ask: MockAsk,
  ): { readonly headers: Readonly<Record<string, string>>; readonly frames: readonly MockFrame[] };
  embeddings?(vectors: readonly (readonly number[])[], ask: MockAsk): MockAnswer;
  /** Scores by position in `ask.documents`, best first. */
  rerank?(results: readonly { readonly index: number; readonly score: number }[], ask: MockAsk): MockAnswer;
  models(ids: readonly string[], ask: MockAsk): MockAnswer;
  /** Where answers are jobs. */
  readonly jobs?: MockJobs;
  /** Where there is an API for batches and files. */
  readonly batches?: MockBatchAPI;
  failure(name: MockFailureName, ask: MockAsk | undefined, options: { readonly retryAfterSeconds?: number }): MockAnswer;
  /** An error event in a running stream; `ask` tells of which, where a provider speaks several dialects. */
  errorFrame(name: MockFailureName, ask?: MockAsk): string | Uint8Array;
}
