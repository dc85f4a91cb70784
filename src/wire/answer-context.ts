import type { Call, OperationName } from '../contract/call.ts';
import type { DecodeContext } from '../contract/codec.ts';
import type { Wire, WireHeaders } from '../contract/wire.ts';
import type { LLMError } from '../errors/catalogue.ts';
import { ResponseValidationError } from '../errors/wire-errors.ts';
import { jsonText } from './json-text.ts';
import { Unexplained } from './unexplained.ts';

const MAX_SHOWN = 8192;

/** What decoders see of the answer that they decode. */
export class AnswerContext<K extends OperationName> implements DecodeContext<K> {
  readonly call: Call<K>;
  readonly status: number;
  readonly headers: WireHeaders;
  readonly #wire: Wire;
  readonly #place: 'body' | 'stream';

  constructor(wire: Wire, call: Call<K>, status: number, headers: WireHeaders, place: 'body' | 'stream') {
    this.#wire = wire;
    this.call = call;
    this.status = status;
    this.headers = headers;
    this.#place = place;
  }

  failure(body: unknown, status?: number): Unexplained {
    const text = typeof body === 'string' ? body : jsonText(body);
    return new Unexplained({ status, headers: this.headers, text, json: body, place: this.#place });
  }

  /** An answer that is no JSON at all. What it is instead is told without keys and prompts. */
  unreadable(text: string): Unexplained {
    const { status, headers } = this;
    return new Unexplained({ status, headers, text: text.slice(0, MAX_SHOWN), json: undefined, place: 'body' });
  }

  /** What a JSON parser says quotes the text, so it is not passed on as cause. */
  invalid(what: string, cause?: unknown): LLMError {
    return new ResponseValidationError({
      message: what,
      provider: this.call.target.provider,
      model: this.call.target.model,
      status: this.status,
      requestID: this.#wire.requestId(this.headers),
      cause: cause instanceof SyntaxError ? undefined : cause,
    });
  }
}
