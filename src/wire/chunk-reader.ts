import type { Call } from '../contract/call.ts';
import type { ChunkOf, Framing, StreamCodec, StreamDecoder, StreamedName } from '../contract/codec.ts';
import type { WireHeaders } from '../contract/headers.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { errorOf, isLLMError } from '../errors/catalogue.ts';
import { AnswerContext } from './answer-context.ts';
import { brokenAnswer } from './faults.ts';
import { FramingCut } from './framing/broken-frames.ts';
import { JSONLinesParser } from './framing/json-lines.ts';
import { SSEParser } from './framing/sse.ts';
import { looksCut, parseJSON } from './json-text.ts';
import type { ExchangeControl } from './sink.ts';
import { decodeText } from './text.ts';
import { Unexplained } from './unexplained.ts';

/** Characters that may be parsed again and again before tries must become rare. */
const FREE_TRIES = 1 << 20;

/** From the bytes of a streamed answer to its chunks, or to what is wrong with them. */
export class ChunkReader<K extends StreamedName> {
  /** The chunks read and not yet taken. */
  out: ChunkOf<K>[] = [];
  readonly #control: ExchangeControl;
  readonly #context: AnswerContext<K>;
  readonly #decoder: StreamDecoder<ChunkOf<K>>;
  readonly #framing: Framing | undefined;
  /** A whole body where a stream was asked for. */
  readonly #whole: Uint8Array[] = [];
  #stray = '';
  /** Characters of stray text that were parsed in vain. */
  #triedInVain = 0;
  #bytes = 0;
  /** Something came that at least looks like the protocol. */
  #recognized = false;

  constructor(control: ExchangeControl, codec: StreamCodec<K>, status: number, headers: WireHeaders) {
    this.#control = control;
    this.#context = new AnswerContext(control.wire, control.call as Call<K>, status, headers, 'stream');
    this.#decoder = codec.decoder(this.#context);
    this.#framing = framingOf(codec, String(headers['content-type'] ?? ''), control.wire.maxResponseBytes);
  }

  /** Nothing more can come. */
  get done(): boolean {
    return this.#decoder.done;
  }

  feed(bytes: Uint8Array): void {
    this.#bytes += bytes.byteLength;
    if (this.#framing !== undefined) return this.#framing.feed(bytes, this.#onEvent);
    if (this.#bytes > this.#control.wire.maxResponseBytes) throw this.tooLarge();
    this.#whole.push(bytes);
  }

  tooLarge(): LLMError {
    return this.#context.invalid(`the answer is larger than maxResponseBytes (${this.#control.wire.maxResponseBytes})`);
  }

  endless(): LLMError {
    return this.#context.invalid('thousands of chunks came, but no content');
  }

  /** The end of the bytes: what they held to the last. */
  flush(): void {
    if (this.#framing === undefined) return this.#readWhole(decodeText(this.#whole));
    this.#flush(this.#framing);
    if (this.#stray !== '' && !this.#recognized) this.#readWhole(this.#stray);
  }

  /** What the decoder had held back. To be followed by {@link ChunkReader.checkEnd}. */
  conclude(): void {
    this.#decoder.end(this.out);
  }

  /** Throws where the stream ended without its terminal sign. */
  checkEnd(): void {
    if (this.#decoder.finished) return;
    if (this.#bytes === 0) throw brokenAnswer('the stream was empty', this.#control.call);
    if (!this.#recognized) throw this.#context.invalid('the answer is not a stream of the expected protocol');
    throw brokenAnswer('the stream ended without its terminal event', this.#control.call);
  }

  /** What went wrong while reading, as an error that the exchange can fail with. */
  typed(error: unknown): unknown {
    if (isLLMError(error) || error instanceof Unexplained) return error;
    if (error instanceof FramingCut) return brokenAnswer('the stream broke off in the middle', this.#control.call);
    const what = 'the stream held something that is not the protocol';
    if (!this.#recognized) return this.#context.invalid(what);
    // what a JSON parser says quotes the text
    const cause = error instanceof SyntaxError ? undefined : error;
    return this.#connectionError(what, cause);
  }

  readonly #onEvent = (data: string, name: string): void => {
    const decoder = this.#decoder;
    if (decoder.done) return;
    if (name === 'raw') return this.#readStray(data);
    decoder.event(data, name, this.out);
    if (!this.#recognized) this.#recognized = this.out.length > 0 || /^\s*[{[]/.test(data);
  };

  /** JSON that came without any framing: an error, or a whole answer. */
  #readStray(text: string): void {
    this.#stray += text;
    const { length } = this.#stray;
    if (this.#triedInVain > FREE_TRIES + 4 * length) return;
    const body = parseJSON(this.#stray);
    this.#triedInVain += length;
    if (typeof body !== 'object' || body === null) return;
    this.#stray = '';
    this.#triedInVain = 0;
    this.#recognized = true;
    this.#decoder.whole(body, this.out);
  }

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
    if (typeof body === 'object' && body !== null) return this.#decoder.whole(body, this.out);
    if (text.trim() === '') throw brokenAnswer('the stream was empty', this.#control.call);
    if (looksCut(text)) throw brokenAnswer('the answer broke off in the middle', this.#control.call);
    throw this.#context.unreadable(text);
  }

  #connectionError(message: string, cause: unknown): LLMError {
    const { provider, model } = this.#control.call.target;
    const requestID = this.#control.wire.requestId(this.#context.headers);
    return errorOf('connection', { message, provider, model, requestID, cause });
  }
}

/** `undefined` where the answer is not framed at all: JSON or a web page instead of a stream. */
function framingOf({ framing }: StreamCodec<StreamedName>, contentType: string, maxBytes: number): Framing | undefined {
  const unframed = framing === 'json-lines' ? /^text\/html/ : /^(?:application\/json|text\/html)/;
  if (unframed.test(contentType)) return undefined;
  if (framing === 'sse') return new SSEParser(maxBytes);
  return framing === 'json-lines' ? new JSONLinesParser(maxBytes) : framing();
}
