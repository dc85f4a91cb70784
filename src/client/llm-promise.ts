import { APIPromise } from 'openai/core/api-promise';
import { ChunkStream } from '../contract/stream.ts';
import type { Opened } from './call-runner.ts';
import { copyRoute } from './route.ts';

type Read<T> = (opened: Opened) => T;

const settledAtOnce = (resolve: (value: null) => void): void => resolve(null);

const Base: typeof APIPromise = Promise as unknown as typeof APIPromise;

/**
 * openai's `APIPromise`: awaited it gives the result. All ways of reading share one call.
 *
 * It has openai's methods but not openai's constructor, which enters every promise into a `WeakMap`; the garbage collector
 * would have to walk it, at more than the cost of the rest of the promise.
 */
export class LLMPromise<T> extends Base<T> {
  static {
    Object.setPrototypeOf(LLMPromise.prototype, APIPromise.prototype);
    // openai's `then`, `catch` and `finally` ask it for the result; private to its types
    Object.defineProperty(LLMPromise.prototype, 'parse', {
      value(this: LLMPromise<unknown>): Promise<unknown> {
        return this.#parsed();
      },
    });
  }

  readonly #opened: Promise<Opened>;
  readonly #read: Read<T | Promise<T>>;
  #result: Promise<T> | undefined;

  /** @internal Made by the client. */
  constructor(opened: Promise<Opened>, read: Read<T | Promise<T>>) {
    super(settledAtOnce as never, undefined as never);
    this.#opened = opened;
    this.#read = read;
  }

  /**
   * The answer in OpenAI's shape, whatever the provider: JSON, or server-sent events for a stream.
   * A handler can return it to an OpenAI client as it is.
   */
  override async asResponse(): Promise<Response> {
    const { result, answer } = await this.#opened;
    const { sseResponse, wholeResponse } = await import('./responses.ts');
    return result instanceof ChunkStream ? sseResponse(result, answer) : wholeResponse(result, answer);
  }

  /** The result together with the provider's own response (its body consumed) and the provider's id for the request. */
  override async withResponse(): Promise<{ data: T; response: Response; request_id: string | null }> {
    const [data, { answer }] = await Promise.all([this.#parsed(), this.#opened]);
    const { providerResponse } = await import('./responses.ts');
    const response = providerResponse(answer);
    await response.body?.cancel();
    return { data, response, request_id: answer?.requestId ?? null };
  }

  /** The provider's own response: status, headers, and the body as it came. Of a stream it is the one reading. */
  async rawResponse(): Promise<Response> {
    const { result, answer } = await this.#opened;
    const bytes = result instanceof ChunkStream ? result.raw() : undefined;
    const { providerResponse } = await import('./responses.ts');
    return providerResponse(answer, bytes);
  }

  override _thenUnwrap<U>(transform: (data: T, props: never) => U): LLMPromise<U> {
    return new LLMPromise<U>(this.#opened, async (opened) => {
      const data = await this.#read(opened);
      const made = transform(data, opened as never);
      copyRoute(data, made);
      return made;
    });
  }

  #parsed(): Promise<T> {
    this.#result ??= this.#opened.then(this.#read);
    return this.#result;
  }
}
