import { attachAnswer } from '../contract/answer.ts';
import type { Call, OperationName, ResultOf } from '../contract/call.ts';
import type { ReplyCodec } from '../contract/codec.ts';
import type { WireHeaders } from '../contract/wire.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { isLLMError } from '../errors/catalogue.ts';
import { AnswerContext } from './answer-context.ts';
import { brokenAnswer } from './faults.ts';
import { looksCut } from './json-text.ts';
import type { ExchangeControl, Sink } from './sink.ts';
import { decodeText } from './text.ts';
import { Unexplained } from './unexplained.ts';

/** Collects a whole answer and decodes it at its end. */
export class ReplySink<K extends OperationName> implements Sink {
  readonly #control: ExchangeControl;
  readonly #codec: ReplyCodec<K>;
  readonly #resolve: (result: ResultOf<K>) => void;
  readonly #reject: (error: LLMError) => void;
  #chunks: Uint8Array[] | undefined;
  #bytes = 0;
  #status = 0;
  #headers: WireHeaders = {};

  constructor(
    control: ExchangeControl,
    codec: ReplyCodec<K>,
    resolve: (result: ResultOf<K>) => void,
    reject: (error: LLMError) => void,
  ) {
    this.#control = control;
    this.#codec = codec;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  open(status: number, headers: WireHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  data(bytes: Uint8Array): void {
    this.#bytes += bytes.byteLength;
    const { maxResponseBytes } = this.#control.wire;
    if (this.#bytes > maxResponseBytes)
      throw this.#context().invalid(`the answer is larger than maxResponseBytes (${maxResponseBytes})`);
    if (this.#chunks === undefined) this.#chunks = [bytes];
    else this.#chunks.push(bytes);
  }

  end(): void {
    const text = decodeText(this.#chunks ?? []);
    const context = this.#context();
    const result = this.#decode(this.#parse(text, context), context);
    const requestId = this.#control.wire.requestId(this.#headers);
    attachAnswer(result, { status: this.#status, headers: this.#headers, requestId, text });
    this.#resolve(result);
  }

  fail(error: LLMError): void {
    this.#reject(error);
  }

  /** A decoder that stumbles has met something that the protocol does not know. */
  #decode(body: unknown, context: AnswerContext<K>): ResultOf<K> {
    try {
      return this.#codec.decode(body, context);
    } catch (error) {
      if (isLLMError(error) || error instanceof Unexplained) throw error;
      throw context.invalid('the answer holds something that is not the protocol', error);
    }
  }

  #parse(text: string, context: AnswerContext<K>): unknown {
    try {
      return JSON.parse(text);
    } catch {
      if (text.trim() === '' && this.#codec.mayBeEmpty === true) return undefined;
      if (text.trim() === '') throw brokenAnswer(`the answer was empty (status ${this.#status})`, context.call as Call);
      if (looksCut(text)) throw brokenAnswer('the answer broke off in the middle', context.call as Call);
      throw context.unreadable(text);
    }
  }

  #context(): AnswerContext<K> {
    return new AnswerContext(this.#control.wire, this.#control.call as Call<K>, this.#status, this.#headers, 'body');
  }
}
