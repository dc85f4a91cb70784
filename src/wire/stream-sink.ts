import { attachAnswer } from '../contract/answer.ts';
import type { Call, ResultOf } from '../contract/call.ts';
import type { ChunkOf, Framing, StreamCodec, StreamDecoder, Tally } from '../contract/codec.ts';
import type { StreamSource } from '../contract/stream.ts';
import { ChunkStream } from '../contract/stream.ts';
import type { WireHeaders } from '../contract/wire.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { errorOf, isLLMError } from '../errors/catalogue.ts';
import { addPartial } from '../errors/llm-error.ts';
import { ContentPolicyViolationError } from '../errors/provider-errors.ts';
import { StreamInterruptedError } from '../errors/wire-errors.ts';
import { AnswerContext } from './answer-context.ts';
import { brokenAnswer } from './faults.ts';
import { FramingCut } from './framing/broken-frames.ts';
import { JSONLinesParser } from './framing/json-lines.ts';
import { SSEParser } from './framing/sse.ts';
import { looksCut, parseJSON } from './json-text.ts';
import { RawBytes } from './raw-bytes.ts';
import type { ExchangeControl, Sink } from './sink.ts';
import { decodeText } from './text.ts';
import { Unexplained } from './unexplained.ts';

type StreamOperationName = 'stream' | 'completeStream';

/**
 * Decodes a stream as it arrives. Holds chunks back until the first content, so that a failure before it
 * is an ordinary rejection; from then on the reader's {@link ChunkStream} gets one batch per read.
 */
export class StreamSink<K extends StreamOperationName> implements Sink {
  readonly #control: ExchangeControl;
  readonly #codec: StreamCodec<K>;
  readonly #resolve: (result: ResultOf<K>) => void;
  readonly #reject: (error: LLMError) => void;
  readonly #tally: Tally<ChunkOf<K>>;
  readonly #usageWanted: boolean;
  #context: AnswerContext<K> | undefined;
  #decoder: StreamDecoder<ChunkOf<K>> | undefined;
  #framing: Framing | undefined;
  #whole: Uint8Array[] | undefined;
  #stray = '';
  #bytes = 0;
  /** Something came that at least looks like the protocol. */
  #recognized = false;
  #out: ChunkOf<K>[] = [];
  #stream: ChunkStream<ChunkOf<K>> | undefined;
  /** The bytes so far, until somebody reads the chunks. */
  #kept: Uint8Array[] | undefined = [];
  #raw: RawBytes | undefined;
  #ended = false;

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
    const call = control.call as Call<K>;
    this.#tally = codec.tally();
    this.#usageWanted = call.request.stream_options?.include_usage === true;
  }

  open(status: number, headers: WireHeaders): void {
    this.#context = new AnswerContext(this.#control.wire, this.#control.call as Call<K>, status, headers, 'stream');
    this.#decoder = this.#codec.decoder(this.#context);
    const type = String(headers['content-type'] ?? '');
    const { framing } = this.#codec;
    const whole = framing === 'json-lines' ? type.startsWith('text/html') : /^(application\/json|text\/html)/.test(type);
    if (whole) this.#whole = [];
    else if (framing === 'sse') this.#framing = new SSEParser();
    else if (framing === 'json-lines') this.#framing = new JSONLinesParser();
    else this.#framing = framing();
  }

  data(bytes: Uint8Array): void {
    if (this.#raw !== undefined) return this.#raw.push(bytes);
    this.#kept?.push(bytes);
    if (this.#framing === undefined) {
      this.#bytes += bytes.byteLength;
      const { maxResponseBytes } = this.#control.wire;
      if (this.#bytes > maxResponseBytes) throw this.#invalid(`the answer is larger than maxResponseBytes (${maxResponseBytes})`);
      this.#whole?.push(bytes);
      return;
    }
    this.#bytes += bytes.byteLength;
    try {
      this.#framing.feed(bytes, this.#onEvent);
      this.#deliver();
      if (this.#decoder?.done === true) {
        this.#conclude();
        this.#control.finish();
      }
    } catch (error) {
      this.#deliver();
      throw this.#typed(error);
    }
  }

  end(): void {
    if (this.#raw !== undefined) {
      this.#raw.end();
      return this.#stream?.end();
    }
    try {
      if (this.#framing === undefined) this.#readWhole(decodeText(this.#whole ?? []));
      else {
        this.#flush(this.#framing);
        if (this.#stray !== '' && !this.#recognized) this.#readWhole(this.#stray);
      }
      this.#deliver();
      this.#conclude();
    } catch (error) {
      this.#deliver();
      throw this.#typed(error);
    }
  }

  fail(error: LLMError): void {
    const stream = this.#stream;
    this.#raw?.fail(error);
    if (stream === undefined) return this.#reject(error);
    if (error.kind === 'aborted') return stream.cancel();
    const partial = this.#tally.partial();
    stream.usage = this.#tally.usage;
    if (error.kind !== 'connection') {
      if (isLLMError(error)) addPartial(error, partial);
      return stream.fail(error);
    }
    stream.fail(
      new StreamInterruptedError({
        message: error.reason,
        provider: error.provider,
        model: error.model,
        code: error.code,
        requestID: this.#requestId(),
        cause: error,
        partial,
      }),
    );
  }

  readonly #onEvent = (data: string, name: string): void => {
    const decoder = this.#decoder as StreamDecoder<ChunkOf<K>>;
    if (decoder.done) return;
    if (name === 'raw') {
      this.#stray += data;
      const body = parseJSON(this.#stray);
      if (typeof body !== 'object' || body === null) return;
      this.#stray = '';
      this.#recognized = true;
      decoder.whole(body, this.#out);
      return;
    }
    decoder.event(data, name, this.#out);
    if (!this.#recognized) this.#recognized = this.#out.length > 0 || /^\s*[{[]/.test(data);
  };

  /** An event that the end of the bytes cut in two is no event, whatever its decoder makes of it. */
  #flush(framing: Framing): void {
    let last = '';
    try {
      framing.flush((data, name) => {
        last = data;
        this.#onEvent(data, name);
      });
    } catch (error) {
      if (error instanceof Unexplained || (isLLMError(error) && error.kind !== 'response_validation')) throw error;
      if (!this.#recognized && !looksCut(last)) throw error;
      this.#recognized = true;
    }
  }

  #readWhole(text: string): void {
    const body = parseJSON(text);
    if (typeof body === 'object' && body !== null) return (this.#decoder as StreamDecoder<ChunkOf<K>>).whole(body, this.#out);
    if (text.trim() === '') throw brokenAnswer('the stream was empty', this.#control.call);
    if (looksCut(text)) throw brokenAnswer('the answer broke off in the middle', this.#control.call);
    throw (this.#context as AnswerContext<K>).unreadable(text);
  }

  #deliver(): void {
    const batch = this.#out;
    if (batch.length === 0) return;
    this.#out = [];
    const tally = this.#tally;
    let hidden = 0;
    for (let i = 0; i < batch.length; i++) {
      const chunk = batch[i] as ChunkOf<K>;
      if (tally.add(chunk) && !this.#usageWanted) hidden++;
      else if (hidden > 0) batch[i - hidden] = chunk;
    }
    if (hidden > 0) batch.length -= hidden;
    if (this.#stream !== undefined) return this.#stream.push(batch);
    for (const chunk of batch) this.#held.push(chunk);
    if (tally.hasContent) this.#commit();
  }

  #held: ChunkOf<K>[] = [];

  #commit(): void {
    const { status, headers } = this.#context as AnswerContext<K>;
    const control = this.#control;
    const source: StreamSource = {
      status,
      headers,
      pause: () => control.pause(),
      resume: () => control.resume(),
      cancel: () => control.cancel(),
      read: () => {
        this.#kept = undefined;
      },
      raw: () => this.#openRaw(),
    };
    const stream = new ChunkStream<ChunkOf<K>>(source, this.#held);
    this.#held = [];
    this.#stream = stream;
    attachAnswer(stream, { status, headers, requestId: this.#requestId(), text: '' });
    control.commit();
    this.#resolve(stream as unknown as ResultOf<K>);
  }

  #openRaw(): ReadableStream<Uint8Array> {
    const raw = new RawBytes(this.#kept ?? [], {
      pause: () => this.#control.pause(),
      resume: () => this.#control.resume(),
      cancel: () => this.#stream?.cancel(),
    });
    this.#kept = undefined;
    if (this.#decoder?.done === true || this.#ended) raw.end();
    else this.#raw = raw;
    return raw.stream;
  }

  #conclude(): void {
    const decoder = this.#decoder as StreamDecoder<ChunkOf<K>>;
    decoder.end(this.#out);
    this.#deliver();
    if (!decoder.finished) throw this.#cutShort();
    if (this.#tally.filtered && !this.#tally.hasContent) throw this.#refused();
    if (this.#stream === undefined) this.#commit();
    const stream = this.#stream as ChunkStream<ChunkOf<K>> | undefined;
    if (stream === undefined) return;
    stream.usage = this.#tally.usage;
    this.#ended = true;
    stream.end();
  }

  #cutShort(): LLMError {
    if (this.#bytes === 0) return brokenAnswer('the stream was empty', this.#control.call);
    if (!this.#recognized) return this.#invalid('the answer is not a stream of the expected protocol');
    return brokenAnswer('the stream ended without its terminal event', this.#control.call);
  }

  #refused(): LLMError {
    return new ContentPolicyViolationError({
      message: 'the whole answer was filtered',
      provider: this.#control.call.target.provider,
      model: this.#control.call.target.model,
      status: 400,
      code: 'content_filter',
      requestID: this.#requestId(),
    });
  }

  #typed(error: unknown): unknown {
    if (isLLMError(error) || error instanceof Unexplained) return error;
    if (error instanceof FramingCut) return brokenAnswer('the stream broke off in the middle', this.#control.call);
    const what = 'the stream held something that is not the protocol';
    if (!this.#recognized) return this.#invalid(what);
    const { provider, model } = this.#control.call.target;
    // what a JSON parser says quotes the text
    const cause = error instanceof SyntaxError ? undefined : error;
    return errorOf('connection', { message: what, provider, model, requestID: this.#requestId(), cause });
  }

  #invalid(what: string): LLMError {
    return (this.#context as AnswerContext<K>).invalid(what);
  }

  #requestId(): string | undefined {
    return this.#context === undefined ? undefined : this.#control.wire.requestId(this.#context.headers);
  }
}
