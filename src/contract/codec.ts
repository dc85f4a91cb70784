import type { LLMError } from '../errors/catalogue.ts';
import type { PartialOutput } from '../errors/partial.ts';
import type { Call, OperationName, ResultOf } from './call.ts';
import type { ChunkStream } from './stream.ts';
import type { Usage } from './usage.ts';
import type { WireHeaders, WireMessage } from './wire.ts';

/** What a decoder may ask of the exchange that it decodes for. */
export interface DecodeContext<K extends OperationName = OperationName> {
  readonly call: Call<K>;
  readonly status: number;
  readonly headers: WireHeaders;
  /**
   * A failure found inside a 200: `throw context.failure(body)`. `status` when the body names one.
   * What is thrown becomes the typed error on its way to the caller.
   */
  failure(body: unknown, status?: number): Error;
  /** A 200 that is not the protocol: `throw context.invalid('no "choices" in the answer')`. */
  invalid(what: string): LLMError;
}

/** One operation of a dialect whose answer comes as a whole. */
export interface ReplyCodec<K extends OperationName> {
  encode(call: Call<K>): WireMessage | Promise<WireMessage>;
  /** `body` is parsed JSON of unknown shape. Throws through `context`. */
  decode(body: unknown, context: DecodeContext<K>): ResultOf<K>;
  /** An answer without a body is a good one: `decode` then gets `undefined`. Default `false`. */
  readonly mayBeEmpty?: boolean | undefined;
}

/** The operations whose answers are read in chunks. */
export type StreamedName = 'stream' | 'completeStream' | 'batchResults';

/** What a framing calls with each event: its data as text, and its name, `''` without one. */
export type OnEvent = (data: string, name: string) => void;

/** Cuts the bytes of one answer into events, wherever the reads cut them. What it throws becomes a typed error. */
export interface Framing {
  feed(bytes: Uint8Array, onEvent: OnEvent): void;
  /** No more bytes come. */
  flush(onEvent: OnEvent): void;
}

/** One operation of a dialect whose answer comes in chunks. */
export interface StreamCodec<K extends StreamedName> {
  encode(call: Call<K>): WireMessage | Promise<WireMessage>;
  /** A framing that most dialects share, or what makes one of the codec's own for each answer. */
  readonly framing: 'sse' | 'json-lines' | (() => Framing);
  /** A decoder for one answer. */
  decoder(context: DecodeContext<K>): StreamDecoder<ChunkOf<K>>;
  /** What is known of a stream's output so far, fed with every chunk. */
  tally(): Tally<ChunkOf<K>>;
}

export type ChunkOf<K extends StreamedName> = ResultOf<K> extends ChunkStream<infer C> ? C : never;

/** Turns events of the framing into chunks. */
export interface StreamDecoder<C> {
  /**
   * One event. Appends chunks to `out`; throws `context.failure(…)` for an error event.
   * Chunks appended before a throw are delivered first.
   */
  event(data: string, name: string, out: C[]): void;
  /**
   * No more events come. Appends what was held back (the usage chunk) to `out`.
   * Called once: at the terminal event if `done` turned true, else at the end of the bytes.
   */
  end(out: C[]): void;
  /** The dialect's terminal sign was seen (a finish reason, `message_stop`, `done: true` …): an end now is a good end. */
  readonly finished: boolean;
  /** Nothing more can come (`[DONE]`, `message_stop`): the reader need not wait for the end of the bytes. */
  readonly done: boolean;
  /** A whole JSON answer came where a stream was asked for: append it as chunks, or throw `context.failure(body)`. */
  whole(body: unknown, out: C[]): void;
}

/** Running account of a stream, for the first-content rule, broken streams and usage. */
export interface Tally<C> {
  /** Returns whether the chunk carries nothing but usage, which readers see only when they asked for it. */
  add(chunk: C): boolean;
  /** Text, reasoning or a tool call part has come. */
  readonly hasContent: boolean;
  /** A filter ended the answer. */
  readonly filtered: boolean;
  readonly usage: Usage | undefined;
  partial(): PartialOutput;
}

/** What a provider does for an operation. */
export type Operation<K extends OperationName> = (call: Call<K>) => Promise<ResultOf<K>>;
