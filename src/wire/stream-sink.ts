import { attachAnswer } from '../contract/answer.ts';
import type { Call, ResultOf } from '../contract/call.ts';
import type { ChunkOf, StreamCodec, StreamedName, Tally } from '../contract/codec.ts';
import type { WireHeaders } from '../contract/headers.ts';
import type { StreamSource } from '../contract/stream.ts';
import { ChunkStream } from '../contract/stream.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { addPartial } from '../errors/llm-error.ts';
import { ContentPolicyViolationError } from '../errors/provider-errors.ts';
import { StreamInterruptedError } from '../errors/wire-errors.ts';
import { ChunkReader } from './chunk-reader.ts';
import { abortFailure, isLeft } from './faults.ts';
import { RawBytes } from './raw-bytes.ts';
import type { ExchangeControl, Sink } from './sink.ts';

/** Chunks before the first content. */
const MOST_HELD = 10_000;

/**
 * A streamed answer on its way to its reader. Holds chunks back until the first content, so that a failure before it
 * is an ordinary rejection; from then on the reader's {@link ChunkStream} gets one batch per read.
 */
export class StreamSink<K extends StreamedName> implements Sink {
  readonly #control: ExchangeControl;
  readonly #codec: StreamCodec<K>;
  readonly #resolve: (result: ResultOf<K>) => void;
  readonly #reject: (error: LLMError) => void;
  readonly #tally: Tally<ChunkOf<K>>;
  readonly #usageWanted: boolean;
  #status = 0;
  #headers: WireHeaders = {};
  #reader: ChunkReader<K> | undefined;
  #held: ChunkOf<K>[] = [];
  #stream: ChunkStream<ChunkOf<K>> | undefined;
  /** The bytes so far, until somebody reads the chunks. */
  #kept: Uint8Array[] | undefined = [];
  #keptBytes = 0;
  #raw: RawBytes | undefined;
  /** Bytes since chunks came of them last. */
  #bytes = 0;

  constructor(
    control: ExchangeControl,
    codec: StreamCodec<K>,
    resolve: (result: ResultOf<K>) => void,
    reject: (error: LLMError) => void,
  ) {
    this.#control = control;
    this.#codec = codec;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#tally = codec.tally();
    const { request } = control.call as Call<K>;
    this.#usageWanted = 'stream_options' in request && request.stream_options?.include_usage === true;
  }

  open(status: number, headers: WireHeaders): void {
    this.#status = status;
    this.#headers = headers;
    this.#reader = new ChunkReader(this.#control, this.#codec, status, headers);
  }

  data(bytes: Uint8Array): void {
    if (this.#raw !== undefined) return this.#raw.push(bytes);
    const reader = this.#reader as ChunkReader<K>;
    this.#bytes += bytes.byteLength;
    try {
      this.#keep(bytes, reader);
      reader.feed(bytes);
      this.#deliver(reader);
      if (!reader.done) return;
      this.#conclude(reader);
      this.#control.finish();
    } catch (error) {
      throw this.#broken(error, reader);
    }
  }

  end(): void {
    if (this.#raw !== undefined) return this.#stream?.end();
    const reader = this.#reader as ChunkReader<K>;
    try {
      reader.flush();
      this.#deliver(reader);
      this.#conclude(reader);
    } catch (error) {
      throw this.#broken(error, reader);
    }
  }

  fail(error: LLMError): void {
    const stream = this.#stream;
    if (stream === undefined) return this.#reject(error);
    if (isLeft(error, this.#control.call)) return stream.cancel();
    const partial = this.#tally.partial();
    stream.usage = this.#tally.usage;
    if (error.kind !== 'connection') {
      if (isLLMError(error)) addPartial(error, partial);
      return stream.fail(error);
    }
    const { provider, model, code } = error;
    const requestID = this.#requestId();
    stream.fail(new StreamInterruptedError({ message: error.reason, provider, model, code, requestID, cause: error, partial }));
  }

  /** What nobody reads yet is kept so far as an answer may be large. */
  #keep(bytes: Uint8Array, reader: ChunkReader<K>): void {
    if (this.#kept === undefined) return;
    this.#kept.push(bytes);
    this.#keptBytes += bytes.byteLength;
    if (this.#keptBytes <= this.#control.wire.maxResponseBytes) return;
    if (this.#stream === undefined) throw reader.tooLarge();
    this.#control.pause();
  }

  #letGo(): void {
    this.#kept = undefined;
    if (this.#keptBytes > this.#control.wire.maxResponseBytes) this.#control.resume();
  }

  /** What was read before something went wrong is delivered first. */
  #broken(error: unknown, reader: ChunkReader<K>): unknown {
    this.#deliver(reader);
    return reader.typed(error);
  }

  #deliver(reader: ChunkReader<K>): void {
    const batch = reader.out;
    if (batch.length === 0) return;
    reader.out = [];
    const tally = this.#tally;
    let hidden = 0;
    for (let i = 0; i < batch.length; i++) {
      const chunk = batch[i] as ChunkOf<K>;
      if (tally.add(chunk) && !this.#usageWanted) hidden++;
      else if (hidden > 0) batch[i - hidden] = chunk;
    }
    if (hidden > 0) batch.length -= hidden;
    const bytes = this.#bytes;
    this.#bytes = 0;
    if (this.#stream !== undefined) return this.#stream.push(batch, bytes);
    for (const chunk of batch) this.#held.push(chunk);
    if (tally.hasContent) this.#commit();
    else if (this.#held.length > MOST_HELD) throw reader.endless();
  }

  #commit(): ChunkStream<ChunkOf<K>> {
    const status = this.#status;
    const headers = this.#headers;
    const control = this.#control;
    const source: StreamSource = {
      status,
      headers,
      pause: () => control.pause(),
      resume: () => control.resume(),
      cancel: () => control.cancel(),
      read: () => this.#letGo(),
      written: () => this.#tally.partial(),
      raw: () => this.#openRaw(stream),
    };
    const stream = new ChunkStream<ChunkOf<K>>(source, this.#held);
    this.#held = [];
    this.#stream = stream;
    attachAnswer(stream, { status, headers, requestId: this.#requestId(), text: '' });
    control.commit();
    this.#resolve(stream as unknown as ResultOf<K>);
    return stream;
  }

  #conclude(reader: ChunkReader<K>): void {
    reader.conclude();
    this.#deliver(reader);
    reader.checkEnd();
    if (this.#tally.filtered && !this.#tally.hasContent) throw this.#refused();
    const stream = this.#stream ?? this.#commit();
    stream.usage = this.#tally.usage;
    stream.end();
  }

  #openRaw(stream: ChunkStream<ChunkOf<K>>): ReadableStream<Uint8Array> {
    const raw = new RawBytes(this.#kept ?? [], {
      pause: () => this.#control.pause(),
      resume: () => this.#control.resume(),
      cancel: () => stream.cancel(),
    });
    this.#kept = undefined;
    this.#raw = raw;
    stream.onSettled((settlement) => {
      if (settlement === 'success') raw.end();
      else raw.fail(settlement === 'abandoned' ? abortFailure(this.#control.call) : settlement);
    });
    return raw.stream;
  }

  #refused(): LLMError {
    const { provider, model } = this.#control.call.target;
    const message = 'the whole answer was filtered';
    const requestID = this.#requestId();
    return new ContentPolicyViolationError({ message, provider, model, status: 400, code: 'content_filter', requestID });
  }

  #requestId(): string | undefined {
    return this.#control.wire.requestId(this.#headers);
  }
}
